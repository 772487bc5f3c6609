//! What the daemon is asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Ask for a release. `POST /v1/apps/{app}/{environment}/releases`; `?dry_run=true` answers with the plan alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseRequest {
    /// The text of `seaworthy.toml`.
    pub file: String,
    /// The absolute path of the file, for messages; sources are relative to its directory.
    pub path: String,
    /// The environment; none: `production`.
    pub environment: Option<String>,
    /// The git commit of the source, and whether there were uncommitted changes.
    pub commit: Option<Commit>,
    /// What to do when another release is under way.
    #[serde(default)]
    pub queue: Queue,
    /// The caller consents to a gap.
    #[serde(default)]
    pub allow_downtime: bool,
}

/// The source's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Commit {
    /// The commit's id.
    pub id: String,
    /// Whether files differed from it.
    pub dirty: bool,
}

/// What to do when another release of the same environment is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Wait for it.
    #[default]
    Wait,
    /// Refuse (exit code 6).
    NoWait,
    /// Abort it first.
    Supersede,
}

/// Go back. `POST /v1/apps/{app}/{environment}/rollback`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct RollbackRequest {
    /// The release whose revision is wanted; none: the one before the stable one.
    pub to: Option<String>,
    /// What to do when another release is under way.
    #[serde(default)]
    pub queue: Queue,
}

/// Replace every instance of a service, or of all, by a new one of the same revision. `POST …/restart`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct RestartRequest {
    /// The service; none: all.
    pub service: Option<String>,
}

/// Change how many instances a service has, until the next release. `POST …/scale`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScaleRequest {
    /// The service.
    pub service: String,
    /// How many.
    pub replicas: u32,
}

/// Run a one-off command in a service's artifact and environment. `POST …/run`, answered with a stream of [`crate::RunEvent`] lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunRequest {
    /// The service; none when there is only one.
    pub service: Option<String>,
    /// The command.
    pub command: Vec<String>,
}

/// Answer the question of a held release. `POST /v1/releases/{id}/answer`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnswerRequest {
    /// One of the answers that the release offers.
    pub answer: String,
}

/// Which lines of which logs. `GET …/logs`, as query parameters; answered with a stream of [`crate::LogLine`] lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct LogsQuery {
    /// Only this service.
    pub service: Option<String>,
    /// Only lines since this time, milliseconds since the epoch.
    pub since_ms: Option<u64>,
    /// Only lines that match this regular expression.
    pub grep: Option<String>,
    /// Only the last so many lines.
    pub last: Option<u32>,
    /// Go on as new lines come.
    #[serde(default)]
    pub follow: bool,
}

/// Stop an application, keeping its data. `POST …/down`. `POST /v1/shutdown` stops everything with daemon and edge.
/// `POST …/destroy` removes an application and its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default, ToSchema)]
pub struct DownRequest {}
