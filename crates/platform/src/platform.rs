//! The one trait between the release engine's shell and a place where applications run.

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use seaworthy_spec::CommandLine;
use serde::{Deserialize, Serialize};

use crate::{
    ArtifactId, EffectKey, EnvValue, ReleaseId, Routing, Scope, SideId, SideObserved, SideSpec, Timestamp, Trouble,
};

/// A place where applications run. Every call is idempotent: the same call again finds the work done and says so.
pub trait Platform: Send + Sync {
    /// Turns a source into an artifact; answers at once when this input was built before.
    fn build<'a>(&'a self, request: &'a BuildRequest) -> BoxFuture<'a, Result<Built, PlatformError>>;

    /// Brings a side to `replicas` instances.
    ///
    /// Raising answers when all of them passed their probes, or with the first trouble that will not heal by itself;
    /// instances that were started then stay, for `remove` or another `ensure` to deal with.
    /// Lowering takes the surplus (oldest first) out of the routes, waits for the edge to say so, drains, stops, and answers when they are gone.
    fn ensure<'a>(
        &'a self,
        key: &'a EffectKey,
        side: &'a SideSpec,
        replicas: u32,
    ) -> BoxFuture<'a, Result<SideObserved, PlatformError>>;

    /// What there is now of an application, or of all.
    fn observe<'a>(&'a self, scope: Option<&'a Scope>) -> BoxFuture<'a, Vec<SideObserved>>;

    /// Gives the sides of an application's services these weights. Answers when every worker of the edge has taken it up.
    fn route<'a>(
        &'a self,
        key: &'a EffectKey,
        scope: &'a Scope,
        routing: &'a Routing,
    ) -> BoxFuture<'a, Result<Routed, PlatformError>>;

    /// Runs a task to its end in an artifact with an environment (a migration, a one-off command).
    fn run<'a>(&'a self, key: &'a EffectKey, task: &'a TaskSpec) -> BoxFuture<'a, Result<TaskEnded, PlatformError>>;

    /// Takes a side away: out of the routes, drained, stopped, its directories removed. Done when there is nothing left of it.
    fn remove<'a>(&'a self, side: &'a SideId) -> BoxFuture<'a, Result<(), PlatformError>>;
}

/// What to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRequest {
    /// Whose.
    pub scope: Scope,
    /// For which service.
    pub service: String,
    /// The absolute path of the source directory.
    pub source: PathBuf,
    /// The shell command that builds it; none copies only.
    pub command: Option<String>,
    /// The stack, which decides how the result is made runnable (`node`, `python`, `rust`, `static`, `none`).
    pub stack: String,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    /// The artifact.
    pub artifact: ArtifactId,
    /// Whether it was there already.
    pub reused: bool,
    /// How long it took, milliseconds.
    pub millis: u64,
}

/// A task that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSpec {
    /// Whose.
    pub scope: Scope,
    /// Its name, for its log.
    pub name: String,
    /// The release it belongs to.
    pub release: ReleaseId,
    /// What it runs in.
    pub artifact: ArtifactId,
    /// What it runs.
    pub command: CommandLine,
    /// Its environment.
    pub env: std::collections::BTreeMap<String, EnvValue>,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskEnded {
    /// Its exit status; none when a signal ended it or nobody saw it end.
    pub exit: Option<i32>,
    /// The signal that ended it. Neither this nor `exit`: nobody saw it end.
    #[serde(default)]
    pub signal: Option<i32>,
    /// Its last lines.
    pub last_lines: Vec<String>,
}

/// The edge's word that a configuration is live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// The version of the edge's configuration.
    pub version: u64,
    /// When every worker had taken it up.
    pub at: Timestamp,
}

/// Why a platform could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PlatformError {
    /// A build command failed.
    #[error("{service}: the build failed: {cause}")]
    Build {
        /// The service.
        service: String,
        /// What was seen.
        cause: String,
        /// What to do.
        remedy: String,
        /// The last lines of the build.
        last_lines: Vec<String>,
    },
    /// An instance would not become ready.
    #[error("{side}: {}", trouble.cause)]
    Trouble {
        /// The side.
        side: String,
        /// What is wrong.
        trouble: Trouble,
    },
    /// The edge refused a configuration or cannot be reached.
    #[error("edge: {cause}")]
    Edge {
        /// What was seen.
        cause: String,
        /// What to do.
        remedy: String,
    },
    /// Anything of the machine: disk, process table, permission.
    #[error("{place}: {cause}")]
    Machine {
        /// Where.
        place: String,
        /// What was seen.
        cause: String,
        /// What to do.
        remedy: String,
    },
}
