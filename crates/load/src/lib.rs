//! An open-loop HTTP/1.1 client: requests are sent on schedule, whatever the answers do.
//!
//! A client that waits for an answer before it asks again falls silent exactly while a server hangs, and reports a
//! wonderful latency (coordinated omission). Here request *n* is due at `n / rate`; one that is sent late, because the
//! client or its connections were busy, still counts its latency from when it was due.
//!
//! | module | holds | acts? |
//! |---|---|---|
//! | [`plan`] | what to send, where, how often, and what a good answer is | no |
//! | [`tally`] | counts, gaps and latencies, told the time by the caller | no |
//! | [`histogram`] | latencies in fixed buckets | no |
//! | `connections` | a bounded pool of kept-alive connections | yes |
//! | [`run`] | the schedule, one task per request | yes |
//!
//! ```no_run
//! # async fn example() -> Result<(), seaworthy_load::PlanError> {
//! use seaworthy_load::{Plan, Running};
//!
//! let load = Running::start(Plan::get("http://127.0.0.1:8080/", 500.0)?);
//! // … something is done to the server meanwhile …
//! let summary = load.stop().await;
//! assert_eq!(summary.failed.total(), 0);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod connections;
pub mod histogram;
pub mod plan;
pub mod run;
pub mod tally;

pub use plan::{Answer, Plan, PlanError};
pub use run::Running;
pub use tally::{Failure, Failures, Latency, ReleaseCount, Summary};
