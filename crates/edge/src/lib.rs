//! The data plane process: listeners, routing, balancing, draining.
//!
//! A mechanism: it knows routes, upstreams, sides and targets, and nothing of releases or of `seaworthy.toml`.
//!
//! # Threads
//!
//! | thread | runs | takes | gives |
//! |---|---|---|---|
//! | control (the caller of [`run`]) | `control`: the Unix socket, the prober, signals, the last good configuration | asks of the daemon | one `table::Table` at a time to every worker |
//! | `edge-0` … `edge-n` | `worker`: its own listening sockets, connections and upstream pools on a current-thread runtime | tables | acknowledgements, counters |
//!
//! Workers share nothing on the way of a request but the in-flight counters and health flags of targets (`target`).
//!
//! # A request's way
//!
//! `client_io` (framing defence) → hyper → `forward`: `screen` → `router` → `steer` → `balance` → `attempt` over `pool`,
//! or `hold` while no target is ready, and `fallback` where a side lacks an asset → `hygiene` → `body` back to the client, or `tunnel` after an upgrade.
#![forbid(unsafe_code)]

pub mod client;
pub mod config;
pub mod listeners;
pub mod protocol;

mod attempt;
mod balance;
mod body;
mod client_io;
mod connection;
mod control;
mod departure;
mod dispatch;
mod error;
mod exposition;
mod fallback;
mod forward;
mod framing;
mod health;
mod hold;
mod holder;
mod host;
mod hygiene;
mod idle;
mod last_good;
mod lock;
mod metrics;
mod pool;
mod probe;
mod process;
mod registry;
mod reply;
mod router;
mod screen;
mod shadow;
mod sockets;
mod steer;
mod table;
mod target;
mod tunnel;
mod validate;
mod websocket;
mod wire;
mod worker;

pub use error::EdgeError;
pub use process::{EdgeOptions, run};
