//! Directories of instances and tasks: made for an unprivileged user, taken away with the log kept.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use seaworthy_platform::PlatformError;
use seaworthy_supervise::protocol::User;

use crate::artifact::remove_tree;
use crate::failure::{disk, machine};
use crate::layout::{Layout, file};

/// Others may pass through to what they are given by name, and list nothing.
const PASSABLE: u32 = 0o711;
/// Nobody else.
const PRIVATE: u32 = 0o700;

/// What a directory is renamed to before it is removed, so that half a directory is never taken for an instance.
pub(crate) const GONE: &str = ".gone-";

/// How many logs of ended instances of one service are kept.
const LOGS_KEPT: usize = 20;

/// Makes the directories of a state.
pub(crate) fn prepare_state(layout: &Layout, as_root: bool) -> Result<(), PlatformError> {
    let mode = if as_root { PASSABLE } else { PRIVATE };
    for dir in [layout.state().to_owned(), layout.instances(), layout.tasks()] {
        make(&dir, mode).map_err(|error| disk(&dir, "make the directory", &error))?;
    }
    make(&layout.routings(), PRIVATE).map_err(|error| disk(&layout.routings(), "make the directory", &error))?;
    if as_root {
        can_be_reached(layout.state())
    } else {
        Ok(())
    }
}

/// An unprivileged process must be able to pass through every directory above its own.
fn can_be_reached(state: &Path) -> Result<(), PlatformError> {
    for dir in state.ancestors().filter(|dir| !dir.as_os_str().is_empty()) {
        let mode = fs::metadata(dir)
            .map_err(|error| disk(dir, "look at the directory", &error))?
            .permissions()
            .mode();
        if mode & 0o001 == 0 {
            return Err(machine(
                state.display(),
                format_args!(
                    "processes of applications run as users of their own, and those cannot pass through {}",
                    dir.display()
                ),
                format_args!(
                    "`chmod o+x {}`, or choose another directory with `--state` (/var/lib/seaworthy)",
                    dir.display()
                ),
            ));
        }
    }
    Ok(())
}

/// Makes the directory of a process, with a home and a temporary directory that belong to its user.
pub(crate) fn prepare(dir: &Path, user: Option<User>) -> io::Result<()> {
    make(dir, if user.is_some() { PASSABLE } else { PRIVATE })?;
    for name in [file::HOME, file::TMP] {
        let own = dir.join(name);
        make(&own, PRIVATE)?;
        if let Some(user) = user {
            chown(&own, Some(user.uid), Some(user.gid))?;
        }
    }
    Ok(())
}

/// Moves the log of an ended process to where logs are kept, removes the rest, and the oldest logs above the bound.
pub(crate) fn clear(dir: &Path, logs: &Path) -> io::Result<()> {
    let (Some(name), Some(parent)) = (dir.file_name(), dir.parent()) else {
        return Ok(());
    };
    let kept = logs.join(name);
    make(&kept, PRIVATE)?;
    for part in ["log", file::ENDED] {
        match fs::rename(dir.join(part), kept.join(part)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let gone = parent.join(format!("{GONE}{}", name.to_string_lossy()));
    match fs::rename(dir, &gone) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        renamed => renamed?,
    }
    remove_tree(&gone)?;
    prune(logs)
}

fn prune(logs: &Path) -> io::Result<()> {
    let mut kept: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(logs)? {
        let entry = entry?;
        // Instances of a service leave at the same time, and each prunes: another may have been faster.
        match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => kept.push((found?.modified()?, entry.path())),
        }
    }
    kept.sort();
    let surplus = kept.len().saturating_sub(LOGS_KEPT);
    kept.iter().take(surplus).try_for_each(|(_, path)| remove_tree(path))
}

/// The mode is set whatever the umask is, also on a directory that was there.
fn make(dir: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(mode).create(dir)?;
    if fs::metadata(dir)?.permissions().mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(dir, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cleared_process_leaves_its_log_and_nothing_else() {
        let state = tempfile::tempdir().unwrap();
        let (dir, logs) = (state.path().join("instances/web-1-1"), state.path().join("logs/web"));
        prepare(&dir, None).unwrap();
        fs::create_dir(dir.join("log")).unwrap();
        fs::write(dir.join("log/current"), "a line\n").unwrap();
        fs::create_dir_all(dir.join("tmp/deep/er")).unwrap();
        fs::set_permissions(dir.join("tmp/deep"), Permissions::from_mode(0o500)).unwrap();
        clear(&dir, &logs).unwrap();
        assert_eq!(fs::read_dir(state.path().join("instances")).unwrap().count(), 0);
        assert_eq!(
            fs::read_to_string(logs.join("web-1-1/log/current")).unwrap(),
            "a line\n"
        );
        clear(&dir, &logs).unwrap();
        assert!(
            logs.join("web-1-1/log/current").exists(),
            "clearing again keeps the log"
        );
    }

    #[test]
    fn only_so_many_logs_are_kept() {
        let state = tempfile::tempdir().unwrap();
        let logs = state.path().join("logs/web");
        for number in 0..LOGS_KEPT + 3 {
            let dir = state.path().join(format!("instances/web-1-{number}"));
            prepare(&dir, None).unwrap();
            clear(&dir, &logs).unwrap();
        }
        assert_eq!(fs::read_dir(&logs).unwrap().count(), LOGS_KEPT);
        assert!(logs.join(format!("web-1-{}", LOGS_KEPT + 2)).exists());
    }

    #[test]
    fn a_state_nobody_else_can_reach_is_named_with_the_remedy() {
        let outer = tempfile::tempdir().unwrap();
        fs::set_permissions(outer.path(), Permissions::from_mode(0o700)).unwrap();
        let layout = Layout::new(outer.path().join("state"));
        let error = prepare_state(&layout, true).unwrap_err();
        assert!(error.to_string().contains("cannot pass through"), "{error}");
        fs::set_permissions(outer.path(), Permissions::from_mode(0o711)).unwrap();
        prepare_state(&layout, true).unwrap();
    }
}
