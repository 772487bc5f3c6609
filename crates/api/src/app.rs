//! Applications as the API tells them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One honest picture of an application. `GET /v1/apps/{app}/{environment}`; `GET /v1/apps` lists all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppStatus {
    /// [`crate::VERSION`].
    pub version: u32,
    /// The application.
    pub app: String,
    /// The environment.
    pub environment: String,
    /// When all this was observed, milliseconds since the epoch.
    pub observed_ms: u64,
    /// The release under way, or else the last one.
    pub release: Option<ReleaseStatus>,
    /// The stable revision.
    pub revision: Option<String>,
    /// Its services.
    pub services: Vec<ServiceStatus>,
    /// Where it can be reached: `http://127.0.0.1:8080/`.
    pub urls: Vec<String>,
    /// The edge.
    pub edge: EdgeStatus,
}

/// The release in a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReleaseStatus {
    /// Its id.
    pub id: String,
    /// The phase it is in, or the last one.
    pub phase: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// What it waits for while it is under way, one line: `the end of the hold at 10 %, 12 s more`.
    #[serde(default)]
    pub waits_for: Option<String>,
}

/// A service in a status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceStatus {
    /// Its name.
    pub name: String,
    /// `serving`, `degraded`, `down`, `running` (a worker), `stopped`, `external`.
    pub state: String,
    /// How many instances it should have.
    pub replicas: u32,
    /// Its instances.
    pub instances: Vec<InstanceStatus>,
    /// Share of its traffic by release.
    pub weights: BTreeMap<String, u32>,
}

/// An instance in a status.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InstanceStatus {
    /// Its id.
    pub id: String,
    /// The release that brought it.
    pub release: String,
    /// `starting`, `ready`, `unready`, `draining`, `stopping`, `backing_off`, `crash_looping`, `stopped`.
    pub state: String,
    /// Its process.
    pub pid: Option<u32>,
    /// Its port.
    pub port: Option<u16>,
    /// When its process started, milliseconds since the epoch.
    pub started_ms: Option<u64>,
    /// How often it was started again.
    pub restarts: u32,
    /// What is wrong with it.
    pub trouble: Option<String>,
    /// When this was observed.
    pub observed_ms: u64,
}

/// The edge in a status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgeStatus {
    /// `serving` or `down`.
    pub state: String,
    /// Its process.
    pub pid: Option<u32>,
    /// The live configuration's version.
    pub version: u64,
    /// Where it listens.
    pub listeners: Vec<String>,
}

/// The daemon. `GET /v1/daemon`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DaemonStatus {
    /// [`crate::VERSION`].
    pub version: u32,
    /// The binary's version.
    pub seaworthy: String,
    /// Its process.
    pub pid: u32,
    /// The state directory.
    pub state: String,
    /// Since when, milliseconds since the epoch.
    pub since_ms: u64,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// [`crate::VERSION`].
    pub version: u32,
    /// When it was written, microseconds since the epoch.
    pub at_us: u64,
    /// The service.
    pub service: String,
    /// The instance.
    pub instance: String,
    /// `out`, `err` or `keeper`.
    pub stream: String,
    /// The text.
    pub text: String,
}

/// What a one-off command says. The last line of the stream is `ended`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum RunEvent {
    /// A line it wrote.
    Line {
        /// `out` or `err`.
        stream: String,
        /// The text.
        text: String,
    },
    /// It ended.
    Ended {
        /// Its exit status; none when a signal killed it.
        exit: Option<i32>,
    },
}

/// Any refusal. The HTTP status says the class; `exit` is the code the CLI ends with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// [`crate::VERSION`].
    pub version: u32,
    /// A stable word.
    pub kind: String,
    /// Where.
    pub place: Option<String>,
    /// What is wrong.
    pub cause: String,
    /// What to do.
    pub remedy: String,
    /// The exit code of cli.md that fits.
    pub exit: u8,
    /// Findings, where these are the reason.
    #[serde(default)]
    pub findings: Vec<crate::Finding>,
}

/// Done, with what changed in words. Answer of `restart`, `scale`, `down`, `destroy`, `shutdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {
    /// [`crate::VERSION`].
    pub version: u32,
    /// What was done, one sentence per entry.
    pub what: Vec<String>,
    /// The release that does it, where it is one.
    pub release: Option<String>,
}
