//! Where the state is.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// What decides where the state is.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// `--state`.
    pub(crate) named: Option<PathBuf>,
    /// Whether this is root.
    pub(crate) root: bool,
    /// `$XDG_STATE_HOME`.
    pub(crate) xdg: Option<PathBuf>,
    /// `$HOME`.
    pub(crate) home: Option<PathBuf>,
}

impl Surroundings {
    /// Those of this process.
    pub(crate) fn here(named: Option<PathBuf>) -> Self {
        let variable = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Self {
            named,
            root: rustix::process::geteuid().is_root(),
            xdg: variable("XDG_STATE_HOME"),
            home: variable("HOME"),
        }
    }

    /// The state directory, as a path that may be relative.
    fn decide(self) -> Option<PathBuf> {
        if self.named.is_some() {
            return self.named;
        }
        if self.root {
            return Some(PathBuf::from("/var/lib/seaworthy"));
        }
        // A relative $XDG_STATE_HOME is to be ignored, says the XDG base directory specification.
        let base = self
            .xdg
            .filter(|path| path.is_absolute())
            .or_else(|| self.home.map(|home| home.join(".local/state")));
        base.map(|base| base.join("seaworthy"))
    }
}

/// The state directory as an absolute path, whether it exists or not.
pub(crate) fn directory(surroundings: Surroundings) -> Result<PathBuf, Failure> {
    let decided = surroundings.decide().ok_or_else(|| Failure::Usage {
        cause: "there is no place for the state: neither $HOME nor $XDG_STATE_HOME is set".into(),
        remedy: "name one with `--state DIR`".into(),
    })?;
    let absolute = std::path::absolute(&decided);
    absolute.map_err(|error| Failure::at(&decided, &error, "name the state directory by its whole path"))
}

/// Creates the state directory so that only its owner lists it and the instances' user can pass through it.
pub(crate) fn create(state: &Path) -> Result<(), Failure> {
    let remedy = "name a directory that you may write to with `--state DIR`";
    let log = state.join("log");
    let made = || -> io::Result<()> {
        if !state.is_dir() {
            DirBuilder::new().recursive(true).mode(0o755).create(state)?;
            // The umask may have taken the right to pass through away.
            std::fs::set_permissions(state, Permissions::from_mode(0o711))?;
        }
        if !log.is_dir() {
            DirBuilder::new().mode(0o700).create(&log)?;
        }
        Ok(())
    };
    made().map_err(|error| Failure::at(state, &error, remedy))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn path(text: &str) -> Option<PathBuf> {
        Some(PathBuf::from(text))
    }

    #[test]
    fn the_state_is_where_it_was_said_or_where_the_user_keeps_such_things() {
        let home = || path("/home/a");
        let decide = |named, root, xdg| {
            Surroundings {
                named,
                root,
                xdg,
                home: home(),
            }
            .decide()
        };
        assert_eq!(decide(path("x"), true, None), path("x"));
        assert_eq!(decide(None, true, path("/xdg")), path("/var/lib/seaworthy"));
        assert_eq!(decide(None, false, path("/xdg")), path("/xdg/seaworthy"));
        assert_eq!(
            decide(None, false, path("relative")),
            path("/home/a/.local/state/seaworthy")
        );
        assert_eq!(Surroundings::default().decide(), None);
    }

    #[test]
    fn others_may_pass_through_but_not_look() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("a/b");
        create(&state).unwrap();
        create(&state).unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state), 0o711);
        assert_eq!(mode(&state.join("log")), 0o700);
    }
}
