//! Failures of the machine in the words of the platform.

use std::fmt::Display;
use std::io;
use std::path::Path;

use seaworthy_platform::{PlatformError, Trouble, TroubleKind};

/// A failure at a place of the machine.
pub(crate) fn machine(place: impl Display, cause: impl Display, remedy: impl Display) -> PlatformError {
    PlatformError::Machine {
        place: place.to_string(),
        cause: cause.to_string(),
        remedy: remedy.to_string(),
    }
}

/// A failure of a file operation, with the remedy its kind suggests.
pub(crate) fn disk(path: &Path, doing: &str, error: &io::Error) -> PlatformError {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "give the user that runs the daemon the right to write the state directory",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free disk space, then try again",
        io::ErrorKind::InvalidData => {
            "the file was damaged or written by another version; move it away, or run that version"
        }
        _ => "look at the disk and at the rights of the state directory, then try again",
    };
    machine(path.display(), format_args!("cannot {doing}: {error}"), remedy)
}

/// The same failure as the trouble of an instance.
pub(crate) fn as_trouble(error: &PlatformError) -> Trouble {
    match error {
        PlatformError::Trouble { trouble, .. } => trouble.clone(),
        PlatformError::Machine { remedy, .. }
        | PlatformError::Edge { remedy, .. }
        | PlatformError::Build { remedy, .. } => Trouble {
            kind: TroubleKind::Platform,
            cause: error.to_string(),
            remedy: remedy.clone(),
            last_lines: Vec::new(),
        },
    }
}
