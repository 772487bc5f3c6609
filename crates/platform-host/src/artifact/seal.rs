//! Makes a built tree immutable and lists it.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};

use seaworthy_platform::PlatformError;
use sha2::{Digest, Sha256};

use super::listing::{Line, hex};
use crate::failure::{disk, machine};

/// A tree as it was listed.
pub(crate) struct Listed {
    pub(crate) lines: Vec<Line>,
    /// The bytes of its files.
    pub(crate) size: u64,
}

impl Listed {
    /// The listing as it is stored.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// The content digest.
    pub(crate) fn digest(&self) -> String {
        hex(&Sha256::digest(self.text().as_bytes()))
    }
}

/// What is done with each entry on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Look,
    Seal,
}

/// Lists a tree as it is.
pub(crate) fn list(root: &Path) -> Result<Listed, PlatformError> {
    listed(root, Mode::Look)
}

/// Makes a tree read-only for everybody and readable for everybody (files 0444 or 0555, directories 0555), gives it to
/// the daemon's user, and lists it.
///
/// A file with a second name is copied: package managers link files from a store that they write to again.
pub(crate) fn seal(root: &Path) -> Result<Listed, PlatformError> {
    listed(root, Mode::Seal)
}

fn listed(root: &Path, mode: Mode) -> Result<Listed, PlatformError> {
    let mut found = Vec::new();
    let mut size = 0;
    visit(root, Path::new(""), mode, &mut found, &mut size)?;
    found.sort_by(|(a, _), (b, _)| a.as_os_str().cmp(b.as_os_str()));
    Ok(Listed {
        lines: found.into_iter().map(|(_, line)| line).collect(),
        size,
    })
}

fn visit(
    root: &Path,
    inside: &Path,
    mode: Mode,
    found: &mut Vec<(PathBuf, Line)>,
    size: &mut u64,
) -> Result<(), PlatformError> {
    let directory = root.join(inside);
    let failed = |error: io::Error| disk(&directory, "read the artifact", &error);
    if mode == Mode::Seal {
        // Builds leave directories that not even their owner may list (Go's module cache, for one).
        own(&directory)
            .and_then(|()| fs::set_permissions(&directory, Permissions::from_mode(0o755)))
            .map_err(failed)?;
    }
    for entry in fs::read_dir(&directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (place, path) = (entry.path(), inside.join(entry.file_name()));
        let failed = |error: io::Error| disk(&place, "read the artifact", &error);
        let meta = fs::symlink_metadata(&place).map_err(failed)?;
        let line = if meta.is_dir() {
            visit(root, &path, mode, found, size)?;
            continue;
        } else if meta.is_symlink() {
            if mode == Mode::Seal {
                own(&place).map_err(failed)?;
            }
            Line::link(&path, &fs::read_link(&place).map_err(failed)?)
        } else if meta.is_file() {
            let executable = meta.mode() & 0o111 != 0;
            if mode == Mode::Seal {
                seal_file(&place, &meta, executable).map_err(failed)?;
            }
            *size += meta.len();
            Line::file(&path, executable, &digest(&place).map_err(failed)?)
        } else {
            return Err(machine(
                place.display(),
                "the build left a socket, pipe or device",
                "let the build command remove it at its end",
            ));
        };
        found.push((path, line));
    }
    if mode == Mode::Seal {
        fs::set_permissions(&directory, Permissions::from_mode(0o555)).map_err(failed)?;
    }
    Ok(())
}

fn seal_file(place: &Path, meta: &fs::Metadata, executable: bool) -> io::Result<()> {
    if meta.nlink() > 1 {
        let mut alone = place.as_os_str().to_owned();
        alone.push(".seaworthy-alone");
        fs::copy(place, &alone)?;
        fs::rename(&alone, place)?;
    }
    own(place)?;
    // Setuid bits go as well: nothing of an artifact runs with another user's rights.
    fs::set_permissions(place, Permissions::from_mode(if executable { 0o555 } else { 0o444 }))
}

/// Gives an entry to the daemon's user, where a package manager unpacked it under a number from its archive.
fn own(place: &Path) -> io::Result<()> {
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let meta = fs::symlink_metadata(place)?;
    if meta.uid() == uid && (uid != 0 || meta.gid() == gid) {
        return Ok(());
    }
    lchown(place, Some(uid), Some(gid))
}

fn digest(place: &Path) -> io::Result<String> {
    let mut file = File::open(place)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}
