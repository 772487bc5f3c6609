//! Source directories: what is in them, what they are, and whether they changed.
//!
//! A source is what git would commit: the files that no `.gitignore` or `.ignore` excludes, in a repository or not,
//! and like there without empty directories. Directories that tools make beside the source and that are never source
//! (`node_modules`, virtual environments, Cargo's `target`, …) are left out even where nobody ignores them.
//! Symbolic links stay links and must stay inside; sockets, pipes and devices are refused by name.
//!
//! - [`input_digest`] says whether anything changed since a build, without building.
//! - [`facts`] gathers what [`seaworthy_plan::detect`] decides over.
//! - `walk` lists a source in a fixed order, `input` digests it, `copy` takes it over (digesting what it wrote, so that
//!   a file that changes meanwhile cannot come under the wrong digest), `stat_cache` remembers digests of files that
//!   did not change.

mod copy;
mod facts;
mod input;
mod stat_cache;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use copy::copy;
use std::path::Path;

use seaworthy_platform::{BuildRequest, PlatformError};

use crate::build::Machine;

pub use facts::facts;
pub(crate) use input::{Recipe, digest};

/// The input digest of a build (64 hex): source, stack, build command and the interpreter of this machine. Files that
/// did not change since the last look are not read. Its first 32 digits are the name of the artifact.
///
/// # Errors
///
/// When the source cannot be read, or holds what cannot be released; see the module.
pub fn input_digest(request: &BuildRequest, state: &Path) -> Result<String, PlatformError> {
    digest(
        &request.source,
        state,
        &Recipe::of(request, &Machine::of_this_process()),
    )
}
