//! Native processes on this machine behind the [`Platform`](seaworthy_platform::Platform) trait.
//!
//! Every instance has a directory in the state directory, a record in it, and a keeper (see `seaworthy_supervise`) that
//! outlives the daemon. This crate starts keepers, hears them, probes instances, tells the edge which of them are
//! targets, and finds out what is wrong with those that are not.
//!
//! Tasks, all ended when the [`HostPlatform`] is dropped:
//!
//! | task | one per | hears | changes |
//! |---|---|---|---|
//! | `follow` | instance | its keeper; what is wanted of it | the keeper's status; replaces a keeper that is gone; stops the instance |
//! | `monitor` | instance | that status; its own probes | phase, verified life, trouble |
//! | `publish` | scope | that something the edge must know has changed | what the edge has confirmed |
//! | a call's work | call | — | survives the caller, because half a start would be a process nobody knows of |
//!
//! Everything that is seen of an instance is one value in a watch channel, changed in one place (`host::Host::change`).
//! Decisions are pure: `pulse` (ready or not), `suspicion` and `diagnose` (what is wrong), `assemble` (what the edge
//! should do), `environment` (what a process is given).
//!
//! Order at the end of an instance, whatever is killed in between: marked on disk → out of the routes, acknowledged →
//! drained → SIGTERM, SIGKILL → directory cleared away, log kept.
#![forbid(unsafe_code)]

mod adopt;
pub mod artifact;
mod assemble;
mod blocking;
pub mod build;
mod diagnose;
mod durable;
mod edge_port;
mod environment;
mod external;
pub mod facts;
mod failure;
mod follow;
mod host;
mod housekeeping;
mod inspect;
mod instance;
mod keep_spec;
mod keeper;
mod last_lines;
mod layout;
mod lower;
mod monitor;
mod notice;
mod place;
mod platform;
mod ports;
mod probe;
mod proc;
mod publish;
mod pulse;
mod raise;
mod record;
mod scale;
mod secret_source;
pub mod source;
mod suspicion;
mod task;
mod users;

pub use edge_port::{EdgePort, ScopeView};
pub use inspect::{Free, LogPlace};
pub use notice::Notice;
pub use platform::{HostOptions, HostPlatform};
pub use secret_source::SecretSource;
