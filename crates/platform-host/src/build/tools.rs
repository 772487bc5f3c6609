//! Programs of this machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The first executable file of this name in these directories.
pub(crate) fn find(name: &str, path: &[PathBuf]) -> Option<PathBuf> {
    path.iter()
        .map(|directory| directory.join(name))
        .find(|file| fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0))
}

/// Whether every user may enter a directory: each directory above it and itself lets others through.
pub(crate) fn open_to_all(directory: &Path) -> bool {
    let resolved = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    resolved
        .ancestors()
        .all(|part| fs::metadata(part).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0))
}

/// The interpreters that a stack's artifacts run under, each with its size: what was built for one does not run
/// under another. Stacks that build programs of their own need none.
pub(crate) fn interpreters(stack: &str, path: &[PathBuf]) -> Vec<String> {
    let name = match stack {
        "node" => "node",
        "python" => "python3",
        _ => return Vec::new(),
    };
    let real = find(name, path).and_then(|file| fs::canonicalize(file).ok());
    match real {
        Some(file) => {
            let size = fs::metadata(&file).map_or(0, |meta| meta.len());
            vec![format!("{name} {} {size}", file.display())]
        }
        None => vec![format!("{name} absent")],
    }
}
