//! Makes the result of a build runnable, by stack.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use seaworthy_platform::{BuildRequest, PlatformError};

use super::tools;
use crate::artifact::remove_tree;
use crate::failure::disk;

/// Readies what lies at `place` for its instances.
pub(super) fn prepare(request: &BuildRequest, place: &Path) -> Result<(), PlatformError> {
    match request.stack.as_str() {
        "rust" => keep_programs(place).map_err(|error| disk(place, "keep the programs that were built", &error)),
        "python" => check_interpreter(request, place),
        _ => Ok(()),
    }
}

/// Moves the programs of `target/release` to `bin` and drops `target`, which is a thousand times larger.
fn keep_programs(place: &Path) -> io::Result<()> {
    let target = place.join("target");
    let built = match fs::read_dir(target.join("release")) {
        Ok(entries) => entries,
        // The build command put its programs elsewhere.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let bin = place.join("bin");
    for entry in built {
        let entry = entry?;
        let meta = entry.metadata()?;
        let name = entry.file_name();
        let library = Path::new(&name)
            .extension()
            .is_some_and(|end| end == "so" || end == "rlib" || end == "a");
        if meta.is_file() && meta.permissions().mode() & 0o111 != 0 && !library {
            fs::create_dir_all(&bin)?;
            fs::rename(entry.path(), bin.join(&name))?;
        }
    }
    remove_tree(&target)
}

/// A virtual environment points to an interpreter outside; as root's, it must be one that other users may run.
fn check_interpreter(request: &BuildRequest, place: &Path) -> Result<(), PlatformError> {
    let link = place.join(".venv/bin/python");
    if !rustix::process::geteuid().is_root() || fs::symlink_metadata(&link).is_err() {
        return Ok(());
    }
    let real = fs::canonicalize(&link).map_err(|error| disk(&link, "find the interpreter", &error))?;
    let readable = fs::metadata(&real).is_ok_and(|meta| meta.permissions().mode() & 0o005 == 0o005);
    if readable && real.parent().is_some_and(tools::open_to_all) || real.starts_with(place) {
        return Ok(());
    }
    Err(PlatformError::Build {
        service: request.service.clone(),
        cause: format!(
            "the virtual environment uses {}, which only root may run",
            real.display()
        ),
        remedy: "install a Python for all users (on Debian: apt-get install python3 python3-venv)".to_owned(),
        last_lines: Vec::new(),
    })
}
