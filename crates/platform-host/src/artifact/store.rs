//! The directory of artifacts.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use seaworthy_platform::{ArtifactId, PlatformError, Timestamp};

use super::in_use::in_use;
use super::listing::Line;
use super::manifest::{FORMAT, Manifest};
use super::remove::remove_tree;
use super::seal::{list, seal};
use crate::durable::{self, Survives};
use crate::failure::{disk, machine};

/// Where an artifact lies. Pure: nothing is looked at.
pub fn artifact_dir(state: &Path, id: &ArtifactId) -> PathBuf {
    state.join("artifacts").join(id.as_str())
}

/// The artifacts of a state directory.
#[derive(Debug, Clone)]
pub struct Artifacts {
    state: PathBuf,
}

impl Artifacts {
    /// Opens the store and removes what interrupted builds left. Only one process may have it open: the daemon, which
    /// holds the state directory's lock.
    ///
    /// # Errors
    ///
    /// When the directories cannot be made or read.
    pub fn open(state: &Path) -> Result<Self, PlatformError> {
        let make = |path: PathBuf| {
            fs::create_dir_all(&path)
                .map(|()| path.clone())
                .map_err(|error| disk(&path, "make the directory", &error))
        };
        let artifacts = make(state.join("artifacts"))?;
        // Applications run as users of their own, whatever the daemon's umask is.
        fs::set_permissions(&artifacts, Permissions::from_mode(0o755))
            .map_err(|error| disk(&artifacts, "open the directory to applications", &error))?;
        make(state.join("tmp"))?;
        // Tools write the directory's real name into what they build; a link to it may be turned later.
        let state = fs::canonicalize(state).map_err(|error| disk(state, "find the state directory", &error))?;
        let store = Self { state };
        store.remove_leftovers()?;
        Ok(store)
    }

    /// The state directory, resolved.
    pub(crate) fn state(&self) -> &Path {
        &self.state
    }

    /// Whether there is such an artifact, built to its end.
    pub fn exists(&self, id: &ArtifactId) -> bool {
        is_id(id.as_str()) && self.manifest_file(id).is_file() && self.dir(id).is_dir()
    }

    /// Where an artifact lies.
    pub fn dir(&self, id: &ArtifactId) -> PathBuf {
        artifact_dir(&self.state, id)
    }

    /// What is recorded about an artifact; none when there is none.
    ///
    /// # Errors
    ///
    /// When the record cannot be read or a newer version wrote it.
    pub fn manifest(&self, id: &ArtifactId) -> Result<Option<Manifest>, PlatformError> {
        let file = self.manifest_file(id);
        let read = |error: io::Error| disk(&file, "read the artifact's manifest", &error);
        // The version is read first: a newer format may have other fields.
        let Some(raw) = durable::read::<serde_json::Value>(&file).map_err(read)? else {
            return Ok(None);
        };
        let format = raw["format"].as_u64().unwrap_or(0);
        if format > u64::from(FORMAT) {
            return Err(machine(
                file.display(),
                format_args!("format {format} is newer than {FORMAT}"),
                "run the version of Seaworthy that wrote it, or a newer one",
            ));
        }
        serde_json::from_value(raw)
            .map(Some)
            .map_err(|error| read(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    /// Compares an artifact with the listing that was made when it was built.
    ///
    /// # Errors
    ///
    /// When there is no such artifact, or something differs: the message names the first difference.
    pub fn verify(&self, id: &ArtifactId) -> Result<(), PlatformError> {
        let rebuild = "remove it with its .json file and release again: it is then built anew";
        let manifest = self.manifest(id)?.ok_or_else(|| {
            machine(
                self.dir(id).display(),
                "there is no such artifact",
                "release again: it is then built",
            )
        })?;
        let file = self.listing_file(id);
        let stored = fs::read_to_string(&file).map_err(|error| disk(&file, "read the artifact's listing", &error))?;
        let stored: Vec<Line> = stored.lines().map(Line::stored).collect();
        let now = list(&self.dir(id))?;
        if let Some(difference) = first_difference(&stored, &now.lines) {
            return Err(machine(self.dir(id).display(), difference, rebuild));
        }
        if now.digest() != manifest.content {
            return Err(machine(
                file.display(),
                "the listing is not the one that was recorded",
                rebuild,
            ));
        }
        Ok(())
    }

    /// Removes all artifacts but those of `keep`, those in which a process runs, and those being built. Answers with the removed ones.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read or a tree cannot be removed; what was removed until then is gone.
    pub fn prune(&self, keep: &BTreeSet<ArtifactId>) -> Result<Vec<ArtifactId>, PlatformError> {
        let used = in_use(&self.state.join("artifacts"));
        let mut removed = Vec::new();
        // Only finished ones: a build under way has no manifest yet.
        for id in self.finished()? {
            if !keep.contains(&id) && !used.contains(&id) {
                self.remove(&id)?;
                removed.push(id);
            }
        }
        Ok(removed)
    }

    /// The artifacts that were built to their end, sorted.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn finished(&self) -> Result<Vec<ArtifactId>, PlatformError> {
        let mut ids: Vec<ArtifactId> = self
            .names()?
            .iter()
            .filter_map(|name| name.strip_suffix(".json"))
            .filter(|name| is_id(name))
            .map(ArtifactId::from)
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// Makes an empty directory in which a source can be staged.
    pub(crate) fn stage(&self) -> Result<PathBuf, PlatformError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = self
            .state
            .join("tmp")
            .join(format!("build-{}-{number}", std::process::id()));
        remove_tree(&path)
            .and_then(|()| fs::create_dir(&path))
            .map_err(|error| disk(&path, "make the directory", &error))?;
        Ok(path)
    }

    /// Puts a staged source where its artifact will lie. The caller holds this input's lock.
    pub(crate) fn place(&self, staged: &Path, id: &ArtifactId) -> Result<(), PlatformError> {
        let place = self.dir(id);
        // What lies there has no manifest, so nobody uses it.
        remove_tree(&place)
            .and_then(|()| fs::rename(staged, &place))
            .map_err(|error| disk(&place, "put the source in place", &error))
    }

    /// Seals what was built and makes it an artifact.
    pub(crate) fn finish(&self, unfinished: Unfinished) -> Result<Manifest, PlatformError> {
        let id = unfinished.id;
        let (place, listing) = (self.dir(&id), self.listing_file(&id));
        let listed = seal(&place)?;
        let write = |error: io::Error| disk(&listing, "write the artifact's listing", &error);
        fs::write(&listing, listed.text()).map_err(write)?;
        // One call for the whole file system costs less than one per file, of which there may be tens of thousands.
        File::open(&place)
            .and_then(|directory| Ok(rustix::fs::syncfs(directory)?))
            .map_err(write)?;
        let manifest = Manifest {
            format: FORMAT,
            id,
            input: unfinished.input,
            content: listed.digest(),
            stack: unfinished.stack,
            command: unfinished.command,
            built_at: unfinished.built_at,
            size: listed.size,
            files: listed.lines.len() as u64,
        };
        let file = self.manifest_file(&manifest.id);
        durable::write(&file, &manifest, Survives::PowerLoss)
            .map_err(|error| disk(&file, "write the artifact's manifest", &error))?;
        Ok(manifest)
    }

    /// Takes a directory out of the way at once. Answers with where it went, for the caller to remove.
    pub(crate) fn discard(&self, place: &Path) -> io::Result<Option<PathBuf>> {
        let Some(name) = place.file_name() else {
            return Ok(None);
        };
        let mut aside = std::ffi::OsString::from("build-discarded-");
        aside.push(name);
        let aside = self.state.join("tmp").join(aside);
        remove_tree(&aside)?;
        // A directory that its owner may not write cannot be moved by them either.
        match fs::set_permissions(place, Permissions::from_mode(0o755)).and_then(|()| fs::rename(place, &aside)) {
            Ok(()) => Ok(Some(aside)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn remove(&self, id: &ArtifactId) -> Result<(), PlatformError> {
        // The manifest goes first: from then on it is a leftover, whatever happens in between.
        let place = self.dir(id);
        let remove = || {
            remove_file(&self.manifest_file(id))?;
            remove_file(&self.listing_file(id))?;
            if let Some(aside) = self.discard(&place)? {
                remove_tree(&aside)?;
            }
            Ok(())
        };
        remove().map_err(|error: io::Error| disk(&place, "remove the artifact", &error))
    }

    fn remove_leftovers(&self) -> Result<(), PlatformError> {
        let tmp = self.state.join("tmp");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error: io::Error| disk(&path, "remove what an interrupted build left", &error)
        };
        for entry in fs::read_dir(&tmp).map_err(failed(&tmp))? {
            let entry = entry.map_err(failed(&tmp))?;
            if entry.file_name().to_string_lossy().starts_with("build-") {
                remove_tree(&entry.path()).map_err(failed(&entry.path()))?;
            }
        }
        for name in self.names()? {
            let (stem, suffix) = name
                .split_once('.')
                .map_or((name.as_str(), None), |(stem, suffix)| (stem, Some(suffix)));
            if !is_id(stem) {
                // Not of our making.
                continue;
            }
            let path = self.state.join("artifacts").join(&name);
            if !self.exists(&ArtifactId::from(stem)) {
                let removed = if suffix.is_none() {
                    remove_tree(&path)
                } else {
                    remove_file(&path)
                };
                removed.map_err(failed(&path))?;
            }
        }
        Ok(())
    }

    fn names(&self) -> Result<Vec<String>, PlatformError> {
        let place = self.state.join("artifacts");
        let read = |error: io::Error| disk(&place, "read the artifacts", &error);
        let entries: Vec<fs::DirEntry> = fs::read_dir(&place)
            .map_err(read)?
            .collect::<io::Result<_>>()
            .map_err(read)?;
        Ok(entries
            .into_iter()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect())
    }

    fn manifest_file(&self, id: &ArtifactId) -> PathBuf {
        self.state.join("artifacts").join(format!("{id}.json"))
    }

    fn listing_file(&self, id: &ArtifactId) -> PathBuf {
        self.state.join("artifacts").join(format!("{id}.files"))
    }
}

/// What is known of an artifact before it is sealed.
pub(crate) struct Unfinished {
    pub(crate) id: ArtifactId,
    pub(crate) input: String,
    pub(crate) stack: String,
    pub(crate) command: Option<String>,
    pub(crate) built_at: Timestamp,
}

/// Whether a name is an artifact's: 32 lower-case hex digits, so never a path that leads elsewhere.
fn is_id(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The first file that is missing, new or different, in the order of the listings.
fn first_difference(stored: &[Line], now: &[Line]) -> Option<String> {
    let place = stored
        .iter()
        .zip(now)
        .position(|(a, b)| a != b)
        .unwrap_or(stored.len().min(now.len()));
    let (was, is) = (stored.get(place), now.get(place));
    let listed = |lines: &[Line], line: &Line| lines.iter().any(|other| other.path() == line.path());
    match (was, is) {
        (None, None) => None,
        (Some(was), Some(is)) if was.path() == is.path() => Some(format!("{} was changed", was.path())),
        (Some(was), _) if !listed(now, was) => Some(format!("{} is missing", was.path())),
        (_, Some(is)) => Some(format!("{} was added", is.path())),
        (Some(was), None) => Some(format!("{} is missing", was.path())),
    }
}
