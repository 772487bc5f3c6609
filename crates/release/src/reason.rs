//! Why something ended as it did.

use serde::{Deserialize, Serialize};

/// Why a step failed or a release ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word, `crash_loop`, `build`, `deadline`.
    pub kind: String,
    /// What happened.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// The last lines of the instance or build concerned.
    pub last_lines: Vec<String>,
}

impl Reason {
    /// A reason without lines of output.
    pub fn new(kind: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            cause: cause.into(),
            remedy: remedy.into(),
            last_lines: Vec::new(),
        }
    }
}
