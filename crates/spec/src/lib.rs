//! The language of `seaworthy.toml`: parse, overlays, units, references, JSON Schema.
//!
//! Pure: text goes in, a [`Spec`] with the place of every value or a list of every mistake comes out.
//!
//! ```
//! let text = "app = \"hello\"\n\n[services.web]\nsource = \".\"\n";
//! let file = seaworthy_spec::parse(text, "seaworthy.toml")?;
//! let merged = file.merge(None)?;
//! assert_eq!(merged.spec.services["web"].replicas.low, 1);
//! # Ok::<(), seaworthy_spec::Mistakes>(())
//! ```
//!
//! The way of a file through the crate: `syntax` makes a `tree` in which every value knows its place, `overlay` lays an
//! environment's changes over it, `reader` reads it through the forms that the tables of [`model`] name, `rules` judge
//! what takes more than one value to judge, and [`Merged`] is what remains. The tables are defined once, with `table!`;
//! parser, suggestions, JSON Schema, reference and defaults all come from there.
#![forbid(unsafe_code)]

mod file;
mod form;
#[cfg(test)]
mod language;
mod merged;
mod mistake;
pub mod model;
mod overlay;
mod place;
mod print;
mod reader;
mod reference;
mod rules;
mod schema;
mod shape;
mod suggest;
mod syntax;
mod table;
mod text;
mod tree;
pub mod units;

pub use file::{File, PRODUCTION, parse};
pub use merged::Merged;
pub use mistake::{Mistake, Mistakes};
pub use model::*;
pub use place::{Origin, Place};
pub use reference::reference;
pub use schema::schema;
