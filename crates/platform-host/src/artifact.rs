//! Artifacts: what was built, immutable, kept as long as a release may need it.
//!
//! # Where an artifact lies, and why its name is the digest of its input
//!
//! `artifacts/<id>/` is named by the first 32 hex digits of the **input digest** (source, build command, stack,
//! interpreter), and the digest of its **content** is recorded beside it and can be verified. As in Nix's store, the
//! build runs in the very directory in which the result stays.
//!
//! Naming it by its content was rejected: the name is known only after the build, so the result would have to be moved,
//! and what is built knows where it stands. The scripts of a virtual environment begin with an absolute path, Next.js
//! and CMake write absolute paths into their results, compiled Python remembers its source. Rewriting the first lines
//! of scripts would mend one of these and leave the others to fail at run time. Nor would it gain equality: the bytes
//! of most builds differ from run to run.
//!
//! An artifact exists when its **manifest** (`artifacts/<id>.json`) does: it is written last, after everything else
//! was synchronised to disk. A directory without one is what is left of a build that was interrupted; it is removed
//! when the store is opened. No index from inputs to artifacts is needed, because the name says it.
//!
//! # What lies beside the tree
//!
//! - `artifacts/<id>.json`, the [`Manifest`];
//! - `artifacts/<id>.files`, one line per file: kind, digest, path. The digest of this listing is the content digest,
//!   and by it [`Artifacts::verify`] names the first difference.

mod in_use;
mod listing;
mod manifest;
mod remove;
mod seal;
mod store;
#[cfg(test)]
mod tests;

pub use manifest::Manifest;
pub use store::{Artifacts, artifact_dir};

pub(crate) use listing::{Line, hex};
pub(crate) use remove::remove_tree;
pub(crate) use store::Unfinished;
