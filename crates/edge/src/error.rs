//! Why the edge process could not start or go on.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why the edge process ended other than by being asked to.
#[derive(Debug, Error)]
pub enum EdgeError {
    /// Another edge owns this directory.
    #[error("{}: another edge{} runs here already", dir.display(), pid.map(|pid| format!(" (process {pid})")).unwrap_or_default())]
    AlreadyRunning {
        /// The directory.
        dir: PathBuf,
        /// The owner, where it could be read.
        pid: Option<u32>,
    },
    /// A file or the control socket could not be used.
    #[error("{}: {action}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was being done with it.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A thread, a runtime or a signal handler could not be set up.
    #[error("the edge cannot {action}: {source}")]
    Start {
        /// What was being done.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A worker thread ended by itself; the process ends so that it is started anew as a whole.
    #[error("worker {worker} of the edge ended unexpectedly")]
    WorkerLost {
        /// Which one, counted from 0.
        worker: usize,
    },
}

impl EdgeError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::AlreadyRunning { .. } => "talk to the running edge, or stop it first; a state directory has one edge",
            Self::File { .. } => "check that the directory exists, belongs to this user and has room",
            Self::Start { .. } => "check the limits of this user (`ulimit -a`): open files, processes, memory",
            Self::WorkerLost { .. } => "start the edge again; it continues with its last good configuration",
        }
    }
}
