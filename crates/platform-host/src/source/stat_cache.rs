//! Remembers the digests of a source's files, so that an unchanged source is recognised by looking at it only.
//!
//! A file is taken as unchanged when size, modification time, change time and inode are the same. A file that was
//! changed within the last moments before it was read is not remembered: a second write in the same tick of the file
//! system's clock would look the same (git calls such entries racy).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::walk::Stat;
use crate::artifact::hex;
use crate::durable::{self, Survives};

const FORMAT: u32 = 1;

/// The coarsest clock of a usual file system (FAT's).
const RACY_NS: i128 = 2_000_000_000;

/// The digests of one source, as they were read from the cache and as they will be written.
pub(crate) struct StatCache {
    file: PathBuf,
    known: BTreeMap<String, Known>,
    seen: BTreeMap<String, Known>,
    read_at_ns: i128,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    source: PathBuf,
    files: BTreeMap<String, Known>,
}

/// Size, modification time, change time, inode, digest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known(u64, i64, i64, u64, String);

impl Known {
    fn new(stat: &Stat, digest: &str) -> Option<Self> {
        // Times beyond the year 2262 do not fit; such a file is digested each time.
        let (mtime, ctime) = (i64::try_from(stat.mtime_ns).ok()?, i64::try_from(stat.ctime_ns).ok()?);
        Some(Self(stat.size, mtime, ctime, stat.inode, digest.to_owned()))
    }

    fn is_of(&self, stat: &Stat) -> bool {
        self.0 == stat.size
            && i128::from(self.1) == stat.mtime_ns
            && i128::from(self.2) == stat.ctime_ns
            && self.3 == stat.inode
    }
}

impl StatCache {
    /// The cache of a source. A cache that is missing, broken or of another format is an empty one: it costs time only.
    pub(crate) fn open(state: &Path, source: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt;
        let name = hex(&Sha256::digest(source.as_os_str().as_bytes())[..16]);
        let file = state.join("cache").join("stat").join(format!("{name}.json"));
        let stored: Option<Stored> = durable::read(&file).ok().flatten();
        let known = stored
            .filter(|stored| stored.format == FORMAT && stored.source == source)
            .map(|stored| stored.files)
            .unwrap_or_default();
        let read_at_ns = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as i128);
        Self {
            file,
            known,
            seen: BTreeMap::new(),
            read_at_ns,
        }
    }

    /// The digest of a file, where it is known to be unchanged.
    pub(crate) fn get(&mut self, path: &Path, stat: &Stat) -> Option<String> {
        let name = path.to_str()?;
        let known = self.known.get(name).filter(|known| known.is_of(stat))?;
        self.seen.insert(name.to_owned(), known.clone());
        Some(known.4.clone())
    }

    /// Remembers a digest.
    pub(crate) fn put(&mut self, path: &Path, stat: &Stat, digest: &str) {
        let settled = stat.mtime_ns.max(stat.ctime_ns) + RACY_NS < self.read_at_ns;
        if let (true, Some(name), Some(known)) = (settled, path.to_str(), Known::new(stat, digest)) {
            self.seen.insert(name.to_owned(), known);
        }
    }

    /// Writes what was seen, where it differs from what was read. A failure costs time at the next look, nothing else.
    pub(crate) fn save(self, source: &Path) {
        if self.seen == self.known {
            return;
        }
        if let Some(directory) = self.file.parent()
            && fs::create_dir_all(directory).is_ok()
        {
            let stored = Stored {
                format: FORMAT,
                source: source.to_owned(),
                files: self.seen,
            };
            let _costs_time_only = durable::write(&self.file, &stored, Survives::Crash);
        }
    }
}
