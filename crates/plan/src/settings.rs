//! The settings of a release that are in force, defaults filled in.

use seaworthy_spec::units::Span;
use serde::{Deserialize, Serialize};

/// How this release is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// How many ready instances of a service may be missing during a rolling release.
    pub max_unavailable: u32,
    /// How many instances above `replicas` may run during a rolling release.
    pub max_surge: u32,
    /// How long the new side is watched after it has all traffic.
    pub bake: Span,
    /// The longest the release may take.
    pub deadline: Span,
    /// A gap was consented to, in the file or by the caller.
    pub downtime_allowed: bool,
}

impl Settings {
    /// The settings of a spec; `allow_downtime` is the caller's word.
    pub fn of(spec: &seaworthy_spec::Spec, allow_downtime: bool) -> Self {
        let release = &spec.release;
        Self {
            max_unavailable: release.max_unavailable,
            max_surge: release.max_surge,
            bake: release.bake,
            deadline: release.deadline,
            downtime_allowed: allow_downtime || release.downtime == seaworthy_spec::Downtime::Allow,
        }
    }
}
