//! Things that happened by themselves and belong into the history of an application.

use seaworthy_platform::{InstanceId, Scope, Timestamp};

/// One thing that happened: a keeper was replaced, requests were cut off at the end of a drain, the edge cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub scope: Scope,
    /// Which instance, if one.
    pub instance: Option<InstanceId>,
    /// What, one sentence without a full stop.
    pub text: String,
}
