//! Phases and outcomes: the words of release.md.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Another release of the same environment is under way.
    Queued,
    /// Facts are gathered and compared with the plan.
    Checking,
    /// Artifacts are made.
    Building,
    /// The schema is changed.
    Migrating,
    /// New sides are started and verified; they have no traffic yet.
    Starting,
    /// Traffic moves.
    Shifting,
    /// The new side keeps its share for a while and is judged.
    Holding,
    /// The new side has all traffic and is watched.
    Baking,
    /// What is no longer needed is taken away. There is no way back from here but a rollback.
    Retiring,
    /// What was done is undone.
    Reverting,
    /// A resting place was reached.
    Ended,
}

impl Phase {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Checking => "checking",
            Self::Building => "building",
            Self::Migrating => "migrating",
            Self::Starting => "starting",
            Self::Shifting => "shifting",
            Self::Holding => "holding",
            Self::Baking => "baking",
            Self::Retiring => "retiring",
            Self::Reverting => "reverting",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// How a release ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The new revision is stable.
    Succeeded,
    /// It failed before the new side had any traffic; the stable side was not touched.
    FailedBeforeTraffic,
    /// It failed with traffic on the new side and was taken back.
    RolledBack,
    /// A person stopped it and it was taken back.
    Aborted,
}

impl Outcome {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::FailedBeforeTraffic => "failed_before_traffic",
            Self::RolledBack => "rolled_back",
            Self::Aborted => "aborted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
