//! The input digest: everything that decides what a build makes.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use seaworthy_platform::{BuildRequest, PlatformError};
use sha2::{Digest, Sha256};

use super::stat_cache::StatCache;
use super::walk::{self, Entry, Kind};
use crate::artifact::{Line, hex};
use crate::build::{Machine, tools};
use crate::failure::disk;

/// Raised when builds come to make something else of the same input.
const FORMAT: &str = "seaworthy-input 1";

/// What is done with a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// The stack.
    pub(crate) stack: String,
    /// The build command, empty for none.
    pub(crate) command: String,
    /// The interpreters that the result will run under: a virtual environment belongs to one.
    pub(crate) tools: Vec<String>,
}

impl Recipe {
    /// The recipe of a request on this machine.
    pub(crate) fn of(request: &BuildRequest, machine: &Machine) -> Self {
        let command = request.command.as_deref().map(str::trim).unwrap_or_default();
        Self {
            stack: request.stack.clone(),
            command: command.to_owned(),
            tools: tools::interpreters(&request.stack, &machine.search()),
        }
    }
}

/// The digest of a source and its recipe (64 hex), without copying: files that did not change are not read.
pub(crate) fn digest(source: &Path, state: &Path, recipe: &Recipe) -> Result<String, PlatformError> {
    let root = walk::root(source)?;
    let mut cache = StatCache::open(state, &root);
    let mut lines = Vec::new();
    for entry in walk::walk(&root, state, None)? {
        lines.push(match &entry.kind {
            Kind::Link { target } => Line::link(&entry.path, target),
            Kind::File { executable, stat } => {
                let digest = match cache.get(&entry.path, stat) {
                    Some(digest) => digest,
                    None => {
                        let digest = of_file(&root, &entry)?;
                        cache.put(&entry.path, stat, &digest);
                        digest
                    }
                };
                Line::file(&entry.path, *executable, &digest)
            }
        });
    }
    cache.save(&root);
    Ok(of_lines(recipe, &lines))
}

/// The digest of a recipe and a listing.
pub(crate) fn of_lines(recipe: &Recipe, lines: &[Line]) -> String {
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text.as_bytes());
    };
    field(FORMAT);
    field(&recipe.stack);
    field(&recipe.command);
    field(&recipe.tools.join("\n"));
    for line in lines {
        field(line.as_str());
    }
    hex(&hasher.finalize())
}

fn of_file(root: &Path, entry: &Entry) -> Result<String, PlatformError> {
    let place = root.join(&entry.path);
    let mut hasher = Sha256::new();
    read(&place, |bytes| {
        hasher.update(bytes);
        Ok(())
    })
    .map_err(|error| disk(&place, "read the source", &error))?;
    Ok(hex(&hasher.finalize()))
}

/// Gives a file's bytes to `take`. A link or pipe that has come into the file's place since it was listed is not followed.
pub(crate) fn read(place: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(place)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no longer a file"));
    }
    let mut buffer = vec![0; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => take(&buffer[..count])?,
        }
    }
}
