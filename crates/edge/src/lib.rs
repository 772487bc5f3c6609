//! The data plane process: listeners, routing, balancing, draining.
//!
//! A mechanism: it knows routes, upstreams, sides and targets, and nothing of releases or of `seaworthy.toml`.

pub mod config;
pub mod protocol;
