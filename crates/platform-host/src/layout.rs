//! Where everything of this platform lies inside the state directory.

use std::path::{Path, PathBuf};

use seaworthy_platform::{InstanceId, Scope};

/// The places inside a state directory. Pure: nothing is read or made.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    state: PathBuf,
}

impl Layout {
    pub(crate) fn new(state: PathBuf) -> Self {
        Self { state }
    }

    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// One directory per instance. Its path is short, because a Unix socket in it may have 107 bytes.
    pub(crate) fn instances(&self) -> PathBuf {
        self.state.join("instances")
    }

    pub(crate) fn instance(&self, id: &InstanceId) -> PathBuf {
        self.instances().join(id.as_str())
    }

    /// One directory per task while it runs.
    pub(crate) fn tasks(&self) -> PathBuf {
        self.state.join("tasks")
    }

    pub(crate) fn task(&self, id: &str) -> PathBuf {
        self.tasks().join(id)
    }

    pub(crate) fn users(&self) -> PathBuf {
        self.state.join("users.json")
    }

    pub(crate) fn routings(&self) -> PathBuf {
        self.state.join("routing")
    }

    /// `~` cannot stand in any of the three names, so different scopes have different files.
    pub(crate) fn routing(&self, scope: &Scope) -> PathBuf {
        let Scope {
            organisation,
            app,
            environment,
        } = scope;
        self.routings().join(format!("{organisation}~{app}~{environment}.json"))
    }

    /// Logs of instances and tasks that have ended, one directory each.
    pub(crate) fn logs(&self, scope: &Scope, name: &str) -> PathBuf {
        self.scope_logs(scope).join(name)
    }

    /// All logs of a scope.
    pub(crate) fn scope_logs(&self, scope: &Scope) -> PathBuf {
        self.state
            .join("logs")
            .join(&scope.organisation)
            .join(&scope.app)
            .join(&scope.environment)
    }
}

/// The files of an instance that belong to this platform; the others in its directory belong to the keeper.
pub(crate) mod file {
    /// The record of an instance or of a task.
    pub(crate) const RECORD: &str = "instance.json";
    /// In which life the probes passed.
    pub(crate) const VERIFIED: &str = "verified.json";
    /// Present once the instance is on its way out.
    pub(crate) const LEAVING: &str = "leaving";
    /// How a task ended.
    pub(crate) const ENDED: &str = "ended.json";
    /// `$HOME` of the process.
    pub(crate) const HOME: &str = "home";
    /// `$TMPDIR` of the process.
    pub(crate) const TMP: &str = "tmp";
}
