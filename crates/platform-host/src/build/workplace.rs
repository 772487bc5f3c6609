//! The directory of a build under way, cleared when the build does not come to its end.

use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process_group};
use seaworthy_platform::{ArtifactId, PlatformError};
use tokio::sync::OwnedMutexGuard;

use crate::artifact::{Artifacts, remove_tree};

/// A build's directory and its processes. Dropping it ends the processes and removes the directory, unless it was kept.
pub(super) struct Workplace {
    artifacts: Artifacts,
    id: ArtifactId,
    staged: Option<PathBuf>,
    settled: bool,
    group: Option<Pid>,
    /// Held until the directory is out of the way, so that the next build of this input starts in a clean one.
    _lock: OwnedMutexGuard<()>,
}

impl Workplace {
    pub(super) fn new(artifacts: Artifacts, id: ArtifactId, lock: OwnedMutexGuard<()>) -> Self {
        Self {
            artifacts,
            id,
            staged: None,
            settled: false,
            group: None,
            _lock: lock,
        }
    }

    /// Makes the directory into which the source is copied.
    pub(super) fn stage(&mut self) -> Result<PathBuf, PlatformError> {
        let staged = self.artifacts.stage()?;
        self.staged = Some(staged.clone());
        Ok(staged)
    }

    /// Moves it to the place where the artifact will lie.
    pub(super) fn settle(&mut self) -> Result<(), PlatformError> {
        if let Some(staged) = &self.staged {
            self.artifacts.place(staged, &self.id)?;
            self.staged = None;
            self.settled = true;
        }
        Ok(())
    }

    /// Where the build runs.
    pub(super) fn place(&self) -> PathBuf {
        self.artifacts.dir(&self.id)
    }

    /// From now on this process group belongs to the build.
    pub(super) fn runs(&mut self, group: Pid) {
        self.group = Some(group);
    }

    /// Ends what still runs of the build.
    pub(super) fn end_processes(&mut self) {
        if let Some(group) = self.group.take() {
            // No such group: all of it has ended by itself.
            let _ended = kill_process_group(group, Signal::KILL);
        }
    }

    /// The build came to its end: its directory is an artifact.
    pub(super) fn keep(mut self) {
        self.settled = false;
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        self.end_processes();
        let place = match (self.staged.take(), self.settled) {
            (Some(staged), _) => staged,
            (None, true) => self.place(),
            (None, false) => return,
        };
        // Out of the way at once, by a rename; removing a large tree takes a while and must not hold up the runtime.
        // What cannot be removed now is a leftover that the next start removes.
        if let Ok(Some(aside)) = self.artifacts.discard(&place) {
            let _removed_later = std::thread::Builder::new()
                .name("remove build".to_owned())
                .spawn(move || remove(&aside));
        }
    }
}

/// Removes a tree into which a killed process may have written its last file meanwhile.
fn remove(path: &Path) {
    for _ in 0..100 {
        match remove_tree(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            _ => return,
        }
    }
}
