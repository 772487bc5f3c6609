//! A simulated platform, builders and filters for tests.
//!
//! [`World`] runs a release machine against a platform that exists only as numbers, with a virtual clock and faults that
//! are part of its input: the same input gives the same history, to the letter. [`History`] makes such inputs from a seed,
//! [`simulate()`] runs one, and [`Mutant`]s are machines that err in one way, which the simulation must notice.
#![forbid(unsafe_code)]

mod application;
mod audit;
mod carry_out;
mod fault;
mod history;
mod mutant;
mod oracle;
mod properties;
mod random;
mod simulate;
mod told;
mod traffic;
mod world;

pub use application::{Application, canary, settings};
pub use fault::{Fault, Faults};
pub use history::{Happening, History, Service};
pub use mutant::Mutant;
pub use properties::Violation;
pub use simulate::{Failure, shrink, simulate};
pub use told::told;
pub use traffic::Traffic;
pub use world::{Turn, World};
