//! A state directory belongs to one daemon: a lock that the kernel releases when its holder is gone.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::DaemonError;

/// Held as long as the daemon lives.
#[derive(Debug)]
pub(crate) struct StateLock(#[expect(dead_code, reason = "the descriptor holds the lock")] File);

impl StateLock {
    /// Takes the state directory over.
    pub(crate) fn take(state: &Path) -> Result<Self, DaemonError> {
        let path = state.join("daemon.lock");
        let failed = |cause: std::io::Error| DaemonError::Machine {
            place: path.display().to_string(),
            cause,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut owner = String::new();
            file.read_to_string(&mut owner).map_err(failed)?;
            return Err(DaemonError::Taken {
                state: state.to_owned(),
                owner: owner.trim().to_owned(),
            });
        }
        file.set_len(0).and_then(|()| file.rewind()).map_err(failed)?;
        writeln!(file, "pid {}", std::process::id()).map_err(failed)?;
        Ok(Self(file))
    }
}
