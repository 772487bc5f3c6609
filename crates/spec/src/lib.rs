//! The language of `seaworthy.toml`: parse, overlays, units, references, JSON Schema.
//!
//! Pure: text goes in, a [`Spec`] with the place of every value or a list of every mistake comes out.
#![forbid(unsafe_code)]

pub mod model;
pub mod units;

pub use model::*;
