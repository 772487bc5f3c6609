//! A temporary state for the tour, and its removal.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seaworthy_api::{AppStatus, Done, DownRequest, Release};
use serde_json::json;

use crate::autostart;
use crate::client::Client;
use crate::failure::{Exit, Failure};
use crate::project::FILE;
use crate::reporter::Reporter;

/// How long everything may take to stop.
const STOP: Duration = Duration::from_secs(30);

/// How long the removal may fail because somebody is still writing.
const REMOVE: Duration = Duration::from_secs(3);

/// Where the tour happens.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory that holds everything else.
    pub(super) root: PathBuf,
    /// The state directory.
    pub(super) state: PathBuf,
    /// This binary, where the instances' user can execute it.
    pub(super) binary: PathBuf,
    /// Where the edge listens.
    pub(super) address: SocketAddr,
}

impl Place {
    /// Makes the directories, chooses a port, and sees to it that instances can execute this binary.
    pub(super) fn prepare() -> Result<Self, Failure> {
        let binary = autostart::this_binary()?;
        let temporary = std::env::temp_dir();
        let root = unused(&temporary).map_err(|error| {
            Failure::at(
                &temporary,
                &error,
                "name a directory that you may write to with $TMPDIR",
            )
        })?;
        let mut place = Self {
            state: root.join("state"),
            binary,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            root,
        };
        match place.furnish() {
            Ok(()) => Ok(place),
            Err(error) => {
                // Nothing runs in it yet; what cannot be removed is named by the failure below.
                let _ = std::fs::remove_dir_all(&place.root);
                Err(Failure::at(
                    &place.root,
                    &error,
                    "see that there is room for a copy of this binary",
                ))
            }
        }
    }

    fn furnish(&mut self) -> io::Result<()> {
        let app = self.root.join("app");
        DirBuilder::new().mode(0o755).create(&app)?;
        std::fs::write(
            app.join("README"),
            "The application of `seaworthy demo` is built into the binary.\n",
        )?;
        if rustix::process::geteuid().is_root() && !executable_by_anybody(&self.binary)? {
            let bin = self.root.join("bin");
            DirBuilder::new().mode(0o755).create(&bin)?;
            let copy = bin.join("seaworthy");
            std::fs::copy(&self.binary, &copy)?;
            std::fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
            self.binary = copy;
        }
        // The port is free now and the kernel gives it to nobody else who asks for any, so it is free in a moment too.
        self.address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        Ok(())
    }

    /// Starts daemon and edge.
    pub(super) async fn start(&self) -> Result<Client, Failure> {
        let (client, _) = autostart::ensure(&self.state, &self.binary).await?;
        Ok(client)
    }

    /// Writes the application's file; answers with its path.
    pub(super) fn write(&self, text: &str) -> Result<PathBuf, Failure> {
        let path = self.root.join(FILE);
        std::fs::write(&path, text).map_err(|error| Failure::at(&path, &error, "see that the disk is not full"))?;
        Ok(path)
    }

    /// Stops everything that runs here, then removes the directory.
    pub(super) async fn clear(&self, reporter: &Reporter) -> Result<(), Failure> {
        if self.state.is_dir() {
            reporter.say("stopping everything and removing it");
            self.stop().await?;
        }
        self.remove().await
    }

    /// Removes the directory. The daemon has closed its socket and may still be writing its last lines.
    async fn remove(&self) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            match remove_tree(&self.root) {
                Ok(()) => return Ok(()),
                Err(error) if began.elapsed() > REMOVE => {
                    return Err(Failure::at(&self.root, &error, "remove this directory by hand"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn stop(&self) -> Result<(), Failure> {
        // A daemon that is gone has left edge and keepers behind; the next one adopts them and can stop them.
        let (client, _) = autostart::ensure(&self.state, &self.binary).await?;
        let late = || Failure::Machine {
            place: self.root.display().to_string(),
            cause: format!("it did not stop within {} s", STOP.as_secs()),
            remedy: format!("`seaworthy down --all --state {}` tries again", self.state.display()),
        };
        tokio::time::timeout(STOP, shut_down(&client))
            .await
            .unwrap_or_else(|_| Err(late()))?;
        let began = Instant::now();
        while client.reachable().await {
            if began.elapsed() > STOP {
                return Err(late());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}

/// Stops everything. A release that was interrupted is under way in the daemon and is taken back first.
async fn shut_down(client: &Client) -> Result<(), Failure> {
    loop {
        match client.post::<Done>("/v1/shutdown", &DownRequest {}).await {
            Ok(_) => return Ok(()),
            Err(busy) if busy.exit() == Exit::Busy => {}
            Err(failure) => return Err(failure),
        }
        let apps: Vec<AppStatus> = client.get("/v1/apps").await?;
        let under_way = apps
            .into_iter()
            .filter_map(|app| app.release)
            .filter(|release| release.outcome.is_none());
        for release in under_way {
            // It may have ended, or be on its way back, by now; then the next try finds nothing in its way.
            let _: Result<Release, Failure> = client
                .post(&format!("/v1/releases/{}/abort", release.id), &json!({}))
                .await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A new directory that only its owner lists and everybody can pass through.
fn unused(parent: &Path) -> io::Result<PathBuf> {
    let parent = std::path::absolute(parent)?;
    for number in 0..100 {
        let path = parent.join(format!("seaworthy-demo-{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o711).create(&path) {
            Ok(()) => {
                // The umask may have taken the right to pass through away.
                std::fs::set_permissions(&path, Permissions::from_mode(0o711))?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Removes a directory with everything in it, also what was made read-only, as artifacts are.
fn remove_tree(directory: &Path) -> io::Result<()> {
    let mut below = vec![directory.to_owned()];
    while let Some(directory) = below.pop() {
        std::fs::set_permissions(&directory, Permissions::from_mode(0o700))?;
        for entry in std::fs::read_dir(&directory)? {
            let entry = entry?;
            // The type of a link is that of a link, so nothing outside is reached.
            if entry.file_type()?.is_dir() {
                below.push(entry.path());
            }
        }
    }
    std::fs::remove_dir_all(directory)
}

/// Whether any user reaches and executes a file.
fn executable_by_anybody(binary: &Path) -> io::Result<bool> {
    let binary = std::fs::canonicalize(binary)?;
    if binary.metadata()?.mode() & 0o005 != 0o005 {
        return Ok(false);
    }
    for directory in binary.ancestors().skip(1) {
        if directory.metadata()?.mode() & 0o001 == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_read_only_is_removed_and_what_a_link_names_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let outside = dir.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        mode(&outside, 0o755);
        let tree = dir.path().join("tree");
        let artifact = tree.join("artifact");
        std::fs::create_dir_all(&artifact).unwrap();
        std::fs::write(artifact.join("file"), "").unwrap();
        std::os::unix::fs::symlink(&outside, artifact.join("link")).unwrap();
        mode(&artifact, 0o555);
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert_eq!(outside.metadata().unwrap().mode() & 0o777, 0o755);
    }

    #[test]
    fn a_binary_behind_a_closed_door_is_not_executable_by_anybody() {
        let dir = unused(&std::env::temp_dir()).unwrap();
        let inner = dir.join("inner");
        std::fs::create_dir(&inner).unwrap();
        let binary = inner.join("seaworthy");
        std::fs::write(&binary, "").unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        mode(&binary, 0o755);
        mode(&inner, 0o711);
        let open = executable_by_anybody(&binary).unwrap();
        mode(&inner, 0o700);
        let closed = executable_by_anybody(&binary).unwrap();
        mode(&binary, 0o700);
        mode(&inner, 0o711);
        let private = executable_by_anybody(&binary).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        assert!(open && !closed && !private);
    }
}
