//! What is kept of an instance on disk, so that the next daemon can take it over.

use std::io;
use std::path::Path;

use seaworthy_platform::{InstanceId, SideSpec, Timestamp};
use seaworthy_supervise::protocol::User;
use serde::{Deserialize, Serialize};

use crate::durable::{self, Survives};
use crate::layout::file;

/// The format this code writes.
pub(crate) const FORMAT: u32 = 1;

/// An instance as it was started. Holds names of secrets, never their values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Version of this format.
    pub(crate) format: u32,
    pub(crate) id: InstanceId,
    /// The number in its name; the higher, the younger.
    pub(crate) number: u32,
    pub(crate) spec: SideSpec,
    /// The loopback port it was given; none for a worker.
    pub(crate) port: Option<u16>,
    /// The user it runs as; none: the daemon's own.
    pub(crate) user: Option<User>,
    pub(crate) created: Timestamp,
}

/// In which life of the process the probes passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verified {
    /// Version of this format.
    pub(crate) format: u32,
    /// Lives are counted within a boot.
    pub(crate) boot_id: String,
    pub(crate) life: u32,
}

impl Record {
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        durable::write(&dir.join(file::RECORD), self, Survives::PowerLoss)
    }

    /// Reads the record of an instance; none when the directory holds none.
    pub(crate) fn read(dir: &Path) -> io::Result<Option<Self>> {
        let record: Option<Self> = versioned(&dir.join(file::RECORD))?;
        Ok(record)
    }
}

impl Verified {
    /// Survives the end of this process only: after a loss of power there is nothing left that was verified.
    pub(crate) fn write(&self, dir: &Path) -> io::Result<()> {
        durable::write(&dir.join(file::VERIFIED), self, Survives::Crash)
    }

    pub(crate) fn read(dir: &Path) -> io::Result<Option<Self>> {
        versioned(&dir.join(file::VERIFIED))
    }
}

/// Reads a JSON file that carries `format`, and refuses one from a newer version by that number
/// rather than by whatever field it may have renamed.
pub(crate) fn versioned<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Some(head) = durable::read::<Format>(path)? else {
        return Ok(None);
    };
    if head.format > FORMAT {
        let found = head.format;
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("format {found} is newer than {FORMAT}, the newest this version of seaworthy reads"),
        ));
    }
    durable::read(path)
}
