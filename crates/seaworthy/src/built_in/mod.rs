//! Applications that are built into the binary: the three services that `seaworthy demo` ships, and a server of static files.
//!
//! They are ordinary applications: they learn everything from their environment, listen on `$PORT`, and end on SIGTERM.

pub(crate) mod demo_app;
mod fault;
mod identity;
mod server;
pub(crate) mod static_files;

pub(crate) use server::asked_to_end;
