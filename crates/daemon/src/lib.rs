//! The control process: executes effects, serves the API, recovers after a crash.
//!
//! | task | inputs | outputs | lives |
//! |---|---|---|---|
//! | `edge_supervisor` watcher | death of the edge's process | a new edge with the same sockets and configuration | as the daemon |
//! | `conductor`, one per application and environment | its queue of releases, commands, the platform's observations, timers | journal entries, effects on the platform | from its first release on |
//! | API server | requests on `daemon.sock` | answers, streams of journal lines and log lines | as the daemon |
//!
//! The daemon is never in the path of a request: while it is gone, edge, keepers and instances go on, and the next daemon
//! adopts them and finishes or undoes what was under way.
#![forbid(unsafe_code)]

pub mod api;
pub mod clock;
pub mod evidence;
pub mod planning;

mod app;
mod caller;
mod conductor;
mod edge_supervisor;
mod edge_view;
mod effects;
mod error;
mod facts;
mod history;
mod listen_address;
mod lock;
mod measure;
mod process;
mod prune;
mod refusal;
mod secrets;
mod start;
mod status;

pub use error::DaemonError;
pub use start::{DaemonOptions, run};
