//! The room for the state directory.

use std::path::Path;

use rustix::fs::statvfs;
use seaworthy_checks::Fact;
use seaworthy_checks::facts::Disk;

use super::nearest_existing;

/// The file system that holds the state directory, or will.
pub(super) fn below(state: &Path) -> Fact<Disk> {
    let path = nearest_existing(state);
    match statvfs(path) {
        Ok(room) => Fact::Known(Disk {
            path: path.display().to_string(),
            // `f_bavail` leaves out what is reserved for root: instances are not root.
            free_bytes: room.f_bavail.saturating_mul(room.f_frsize),
            total_bytes: room.f_blocks.saturating_mul(room.f_frsize),
            // File systems such as btrfs make inodes as needed and say 0.
            free_files: (room.f_files > 0).then_some(room.f_favail),
        }),
        Err(error) => Fact::Unknown(format!("{}: {}", path.display(), std::io::Error::from(error))),
    }
}
