//! What is recorded about an artifact.

use seaworthy_platform::{ArtifactId, Timestamp};
use serde::{Deserialize, Serialize};

/// What is recorded about an artifact, beside its tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this format.
    pub format: u32,
    /// Its name: the first 32 hex digits of `input`.
    pub id: ArtifactId,
    /// The digest of source, build command, stack and interpreter (64 hex).
    pub input: String,
    /// The digest of the listing of its files (64 hex).
    pub content: String,
    /// The stack.
    pub stack: String,
    /// The build command; none where the source was copied only.
    pub command: Option<String>,
    /// When it was built.
    pub built_at: Timestamp,
    /// The bytes of its files.
    pub size: u64,
    /// How many files and links it has.
    pub files: u64,
}

/// The format that is written, and the newest that is read.
pub(crate) const FORMAT: u32 = 1;
