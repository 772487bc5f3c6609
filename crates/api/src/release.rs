//! Releases as the API tells them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Commit;

/// A release. `GET /v1/releases/{id}`; `GET /v1/apps/{app}/{environment}/releases` lists them newest first (without `steps`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// [`crate::VERSION`].
    pub version: u32,
    /// Its id, `r1`, `r2`, …
    pub id: String,
    /// The application.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// `release`, `rollback` or `restart`.
    pub kind: String,
    /// `first`, `rolling`, `blue_green`, `canary`.
    pub strategy: String,
    /// The revision before; none for the first.
    pub from: Option<String>,
    /// The revision it goes to.
    pub to: String,
    /// The phase it is in (`queued`, `checking`, `building`, …), or the last one.
    pub phase: String,
    /// `succeeded`, `failed_before_traffic`, `rolled_back`, `aborted`; none while it is under way.
    pub outcome: Option<String>,
    /// Why it ended so, or why it is held.
    pub reason: Option<Reason>,
    /// Who asked: the user name of the caller.
    pub by: String,
    /// From which commit.
    pub commit: Option<Commit>,
    /// When it was asked for, milliseconds since the epoch.
    pub asked_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// Its steps.
    pub steps: Vec<Step>,
    /// Every judgement of its gates.
    pub gates: Vec<Measurement>,
    /// The shares that the new side kept for a while, the bake included.
    #[serde(default)]
    pub holds: Vec<Hold>,
    /// Where a person's word was needed.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// What people did to it.
    #[serde(default)]
    pub steered: Vec<Steering>,
    /// What was said about defaults in force and what is not guaranteed.
    pub notes: Vec<String>,
}

/// Why a release ended as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// A stable word.
    pub kind: String,
    /// What happened.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// The last lines of the instance or build concerned.
    pub last_lines: Vec<String>,
}

/// A share that the new side kept for a while and was judged at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Hold {
    /// `holding` or `baking`.
    pub phase: String,
    /// The share, percent.
    pub percent: u32,
    /// Since when, milliseconds since the epoch.
    pub began_ms: u64,
    /// Until when at least; it ends later while a gate has not passed.
    pub until_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
}

/// A person's word that was needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Before which percentage.
    pub before: u32,
    /// Since when, milliseconds since the epoch.
    pub asked_ms: u64,
    /// When it was given.
    pub given_ms: Option<u64>,
    /// Who gave it.
    pub by: Option<String>,
}

/// Something that a person did to a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Steering {
    /// When, milliseconds since the epoch.
    pub at_ms: u64,
    /// Who.
    pub by: String,
    /// What: `approved`, `promoted`, `paused`, `resumed`, `answered`.
    pub what: String,
}

/// One step of a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// Its number.
    pub number: u32,
    /// The phase it belongs to.
    pub phase: String,
    /// What it does, one line: `start 2 × web@3f2a9c`.
    pub what: String,
    /// When it began, milliseconds since the epoch.
    pub began_ms: Option<u64>,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// How it ended: `done`, `failed`, `cancelled`.
    pub result: Option<String>,
    /// What was observed: `ready after 214 ms`, `reused`, `version 7 live on 2 workers`.
    pub detail: Option<String>,
}

/// The evidence of a release that has ended, signed by the installation. `GET /v1/releases/{id}/evidence`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// [`crate::VERSION`].
    pub version: u32,
    /// The release as [`Release`] tells it, with its `plan`. Signed are its bytes as JSON with sorted keys and without
    /// white space, as they stand here.
    #[schema(value_type = Object)]
    pub document: serde_json::Value,
    /// The installation's ed25519 public key, 64 lower-case hexadecimal digits.
    pub key: String,
    /// The signature, 128 lower-case hexadecimal digits.
    pub signature: String,
}

/// Something that happened. `GET /v1/releases/{id}/events?after=SEQ`: a stream, one JSON document per line, that ends with the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// [`crate::VERSION`].
    pub version: u32,
    /// Its sequence number, from which a client can resume.
    pub seq: u64,
    /// When, milliseconds since the epoch.
    pub at_ms: u64,
    /// Of which release.
    pub release: String,
    /// What happened.
    pub what: Happened,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Happened {
    /// It entered a phase.
    Phase {
        /// Which.
        phase: String,
    },
    /// A step began or ended.
    Step {
        /// The step as it is now.
        step: Step,
    },
    /// The new side keeps its share for a while and is judged.
    Holding {
        /// The share, percent.
        percent: u32,
        /// Until when, milliseconds since the epoch.
        until_ms: u64,
    },
    /// The gates were judged.
    Judged {
        /// Each gate.
        gates: Vec<Measurement>,
    },
    /// It waits for a person's approval.
    ApprovalNeeded {
        /// Before which percentage.
        before: u32,
    },
    /// A person did something: approved, promoted, paused, resumed, answered.
    Steered {
        /// Who.
        by: String,
        /// What, a stable word.
        what: String,
    },
    /// It ended.
    Ended {
        /// How.
        outcome: String,
        /// Why, unless it succeeded.
        reason: Option<Reason>,
    },
    /// It is held for a person.
    Held {
        /// Why.
        reason: Reason,
        /// What can be answered.
        answers: Vec<String>,
    },
}

/// One gate at one tick.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Measurement {
    /// When, milliseconds since the epoch.
    pub at_ms: u64,
    /// The gate's name.
    pub gate: String,
    /// What was measured: a share in percent, or milliseconds.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// Requests of the new side in this hold.
    pub sample: u64,
    /// `pass`, `inconclusive`, `error`, `fail`.
    pub verdict: String,
}

/// The plan of a release that was not run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// [`crate::VERSION`].
    pub version: u32,
    /// The application.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// `first`, `rolling`, …
    pub strategy: String,
    /// The stable revision.
    pub from: Option<String>,
    /// `true`: there is nothing to do.
    pub unchanged: bool,
    /// What changes, per service: name, `add`, `replace`, `keep`, `scale`, `remove`, and why.
    pub services: Vec<ServiceChange>,
    /// What would happen, in order.
    pub steps: Vec<PlannedStep>,
    /// What was detected, and from which file.
    pub detected: Vec<String>,
    /// Every default in force: `release.bake = "1m"`.
    pub defaults: Vec<String>,
    /// What this platform cannot guarantee.
    pub not_guaranteed: Vec<String>,
    /// What the file asks for and this version cannot do; `up` refuses it.
    pub not_available: Vec<String>,
    /// Findings of the checks.
    pub findings: Vec<Finding>,
}

/// A step that would be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedStep {
    /// The phase.
    pub phase: String,
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// What happens to one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceChange {
    /// The service.
    pub service: String,
    /// `add`, `replace`, `keep`, `scale`, `remove`.
    pub change: String,
    /// Why: which inputs differ.
    pub why: String,
}

/// A finding of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Its stable id, `secret.missing`.
    pub id: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// Where: `seaworthy.toml:14:11`.
    pub place: Option<String>,
    /// The key: `services.api.env.JWT_SECRET`.
    pub key: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}
