//! A simulated platform, builders and filters for tests.
//!
//! [`World`] runs a release machine against a platform that exists only as numbers, with a virtual clock and faults that
//! are part of its input: the same input gives the same history, to the letter.
#![forbid(unsafe_code)]

mod application;
mod fault;
mod properties;
mod told;
mod world;

pub use application::{Application, canary, settings};
pub use fault::{Fault, Faults};
pub use properties::Violation;
pub use told::told;
pub use world::World;
