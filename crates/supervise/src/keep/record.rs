//! `keeper.json`: what the last keeper of an instance knew, for whoever comes when it is gone.

use std::fs;
use std::io;
use std::path::Path;

use crate::protocol::Status;

/// The file, in the instance's directory.
pub(crate) const FILE: &str = "keeper.json";

/// Replaces the record. Not synced to disk: all it names ends with the boot, and a file that is empty after a power
/// failure says the same as one from another boot.
pub(crate) fn save(status: &Status) -> io::Result<()> {
    const NEXT: &str = "keeper.json.next";
    fs::write(NEXT, serde_json::to_vec(status)?)?;
    fs::rename(NEXT, FILE)
}

/// The record in an instance's directory; none if there is none, or none that was written to its end.
pub(crate) fn load(directory: &Path) -> io::Result<Option<Status>> {
    match fs::read(directory.join(FILE)) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
