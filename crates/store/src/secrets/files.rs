//! Files that only their owner reads, and that are there as a whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::SecretError;

/// The content of a file; none when it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, SecretError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SecretError::io("read", path, error)),
    }
}

/// Makes the directory of the secrets (0700), and the state directory around it, which others may pass through.
pub(super) fn make_private(state: &Path, root: &Path) -> Result<(), SecretError> {
    std::fs::create_dir_all(state).map_err(|error| SecretError::io("make the directory", state, error))?;
    make_directory(root)
}

/// Makes the directories between `root` and the file `path`.
pub(super) fn make_private_below(root: &Path, path: &Path) -> Result<(), SecretError> {
    let mut missing: Vec<_> = path.ancestors().skip(1).take_while(|at| *at != root).collect();
    missing.reverse();
    missing.into_iter().try_for_each(make_directory)
}

fn make_directory(path: &Path) -> Result<(), SecretError> {
    match DirBuilder::new().mode(0o700).create(path) {
        // The name of a new directory must survive a power loss before anything inside counts as written.
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(SecretError::io("make the directory", path, error)),
    }
}

/// Opens a file for writing that only its owner may read, made when it is not there.
pub(super) fn private_file(path: &Path, empty: bool) -> Result<File, SecretError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(empty)
        .mode(0o600)
        .open(path)
        .map_err(|error| SecretError::io("open for writing", path, error))
}

/// Replaces a file by another content. The caller holds the lock, so what a killed writer left may be written over.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SecretError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Names of scopes begin with a letter or a digit, so this is none of them.
    let temporary = path.with_file_name(format!(".{name}.new"));
    let mut file = private_file(&temporary, true)?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| SecretError::io("write", &temporary, error))?;
    std::fs::rename(&temporary, path).map_err(|error| SecretError::io("replace", path, error))?;
    sync_parent(path)
}

fn sync_parent(path: &Path) -> Result<(), SecretError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| SecretError::io("sync", parent, error))
}

/// The names of the files of a directory that have this extension, without it, sorted. Empty when there is no such directory.
pub(super) fn stems(directory: &Path, extension: &str) -> Result<Vec<String>, SecretError> {
    let failed = |error| SecretError::io("list", directory, error);
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut stems = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == extension)
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
        {
            stems.push(stem.to_owned());
        }
    }
    stems.sort();
    Ok(stems)
}

/// Whether there is any encrypted document below the directory of the secrets.
pub(super) fn any_document(root: &Path) -> bool {
    let below = |directory: &Path| -> Vec<_> {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    below(root)
        .iter()
        .flat_map(|organisation| below(organisation))
        .flat_map(|app| below(&app))
        .any(|path| path.extension().is_some_and(|extension| extension == "age"))
}
