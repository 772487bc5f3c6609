//! Spec and observed state in, an ordered, typed, diffable plan out.
//!
//! Pure: [`plan`] compares the stable [`Snapshot`] of an application with the one that is wanted and answers with a
//! [`Plan`], a value that is stored with the release, shown by `seaworthy plan` and carried out by the release engine.
//! Nothing has happened when a plan exists.
#![forbid(unsafe_code)]

mod change;
mod digest;
mod order;
mod plan;
mod resolve;
mod settings;
mod snapshot;
mod steps;

pub mod detect;

pub use change::{Action, Change};
pub use digest::digest;
pub use order::needs_order;
pub use plan::{Kind, Plan, Refusal, Request, Strategy, broken_schema, plan};
pub use resolve::{Source, Unresolved, build_request, listens, resolve, source_dir, tell_detected};
pub use settings::{Gate, Judging, Settings};
pub use snapshot::{Migration, ServiceSnapshot, Snapshot};
pub use steps::{PlannedStep, describe};
