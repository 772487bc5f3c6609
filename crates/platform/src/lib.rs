//! The [`Platform`] trait and its vocabulary: what the release engine may ask of a place where applications run.
//!
//! The trait speaks of *sides*. A side is all instances of one revision of one service, so that keepers on a host,
//! containers on Docker and a Deployment on Kubernetes are equally natural.
#![forbid(unsafe_code)]

mod ids;
mod observed;
mod platform;
mod secret;
mod side;

pub use ids::*;
pub use observed::*;
pub use platform::*;
pub use secret::Secret;
pub use side::*;
