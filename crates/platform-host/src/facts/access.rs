//! Whether a user may reach, execute or write a path.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{Access as Ask, AtFlags, CWD, accessat};
use rustix::io::Errno;
use seaworthy_checks::facts::Access;

/// The user of instances when the daemon is root: each application has one of its own from here on, and none of them owns
/// or shares anything outside the state directory.
const SOMEBODY: u32 = 40000;

/// Whose rights are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum User {
    /// The user of this process; the kernel answers.
    Own,
    /// One who is neither owner nor in the group of anything outside the state directory; the mode bits answer.
    Other(u32),
}

impl User {
    /// The user that instances run as.
    pub(super) fn of_instances() -> Self {
        if rustix::process::geteuid().is_root() {
            Self::Other(SOMEBODY)
        } else {
            Self::Own
        }
    }

    /// Whether the user may execute a file: the file itself, and each directory on the way, also behind links.
    pub(super) fn may_execute(self, file: &Path) -> Access {
        match self.may_pass(file) {
            Access::Granted => self.has(file, Ask::EXEC_OK, 0o001, "execute"),
            denied @ Access::Denied { .. } => denied,
        }
    }

    /// Whether the user may go through a directory to what is in it.
    pub(super) fn may_enter(self, directory: &Path) -> Access {
        match self.may_pass(directory) {
            Access::Granted => self.has(directory, Ask::EXEC_OK, 0o001, "search"),
            denied @ Access::Denied { .. } => denied,
        }
    }

    fn may_pass(self, path: &Path) -> Access {
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let ways = [path, real.as_path()];
        let directories = ways
            .iter()
            .flat_map(|way| way.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev());
        directories
            .filter(|directory| !directory.as_os_str().is_empty())
            .map(|directory| self.has(directory, Ask::EXEC_OK, 0o001, "search"))
            .find(|access| *access != Access::Granted)
            .unwrap_or(Access::Granted)
    }

    fn has(self, path: &Path, ask: Ask, bit: u32, doing: &str) -> Access {
        let uid = match self {
            Self::Own => return may(path, ask, doing),
            Self::Other(uid) => uid,
        };
        match fs::metadata(path) {
            Ok(metadata) if metadata.permissions().mode() & bit != 0 => Access::Granted,
            Ok(metadata) => {
                let (mode, owner) = (metadata.permissions().mode() & 0o7777, metadata.uid());
                denied(
                    path,
                    format!("no {doing} permission for uid {uid} (mode {mode:04o}, owner {owner})"),
                )
            }
            Err(error) => denied(path, error.to_string()),
        }
    }
}

/// Whether the user of this process may write into a directory.
pub(super) fn may_write(directory: &Path) -> Access {
    if !directory.is_dir() {
        return denied(directory, "it is not a directory".to_owned());
    }
    may(directory, Ask::WRITE_OK | Ask::EXEC_OK, "write")
}

/// Asks the kernel, which also knows of read-only file systems and access lists.
fn may(path: &Path, ask: Ask, doing: &str) -> Access {
    match accessat(CWD, path, ask, AtFlags::EACCESS) {
        Ok(()) => Access::Granted,
        Err(Errno::ACCESS) => denied(
            path,
            format!("no {doing} permission for uid {}", rustix::process::geteuid().as_raw()),
        ),
        Err(Errno::ROFS) => denied(path, "the file system is mounted read-only".to_owned()),
        Err(error) => denied(path, std::io::Error::from(error).to_string()),
    }
}

fn denied(at: &Path, why: String) -> Access {
    Access::Denied {
        at: at.display().to_string(),
        why,
    }
}
