//! Takes a source over into a directory of our own.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::Path;

use seaworthy_platform::PlatformError;
use sha2::{Digest, Sha256};

use super::input::{self, Recipe};
use super::walk::{self, Kind};
use crate::artifact::{Line, hex};
use crate::failure::disk;

/// Copies a source into the empty directory `into` and answers with the input digest of what was copied.
///
/// Of a file's mode only whether it is executable is kept, so that another umask makes no other input.
pub(crate) fn copy(source: &Path, state: &Path, recipe: &Recipe, into: &Path) -> Result<String, PlatformError> {
    let root = walk::root(source)?;
    let mut lines = Vec::new();
    for entry in walk::walk(&root, state, None)? {
        let (from, to) = (root.join(&entry.path), into.join(&entry.path));
        if let Some(directory) = to.parent() {
            fs::create_dir_all(directory).map_err(|error| disk(directory, "copy the source", &error))?;
        }
        lines.push(match &entry.kind {
            Kind::Link { target } => {
                symlink(target, &to).map_err(|error| disk(&to, "copy the link", &error))?;
                Line::link(&entry.path, target)
            }
            Kind::File { executable, .. } => {
                let digest = copy_file(&from, &to, *executable)?;
                Line::file(&entry.path, *executable, &digest)
            }
        });
    }
    Ok(input::of_lines(recipe, &lines))
}

fn copy_file(from: &Path, to: &Path, executable: bool) -> Result<String, PlatformError> {
    let mode = if executable { 0o755 } else { 0o644 };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(to)
        .map_err(|error| disk(to, "copy the source", &error))?;
    let mut hasher = Sha256::new();
    input::read(from, |bytes| {
        hasher.update(bytes);
        file.write_all(bytes)
    })
    .map_err(|error| disk(from, "copy the source", &error))?;
    Ok(hex(&hasher.finalize()))
}
