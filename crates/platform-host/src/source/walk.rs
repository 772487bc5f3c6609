//! Lists a source directory.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};
use seaworthy_platform::PlatformError;

use crate::failure::{disk, machine};

/// One file or link of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Relative to the source.
    pub(crate) path: PathBuf,
    pub(crate) kind: Kind,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    File { executable: bool, stat: Stat },
    Link { target: PathBuf },
}

/// What changes when a file's content changes. Seconds alone would miss a second write within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) size: u64,
    pub(crate) mtime_ns: i128,
    pub(crate) ctime_ns: i128,
    pub(crate) inode: u64,
}

impl Stat {
    fn of(meta: &fs::Metadata) -> Self {
        let nanos = |secs: i64, nanos: i64| i128::from(secs) * 1_000_000_000 + i128::from(nanos);
        Self {
            size: meta.size(),
            mtime_ns: nanos(meta.mtime(), meta.mtime_nsec()),
            ctime_ns: nanos(meta.ctime(), meta.ctime_nsec()),
            inode: meta.ino(),
        }
    }
}

/// The absolute, resolved directory of a source.
pub(crate) fn root(source: &Path) -> Result<PathBuf, PlatformError> {
    let remedy = "set source to a directory that exists and that the daemon may read";
    let root = fs::canonicalize(source).map_err(|error| {
        machine(
            source.display(),
            format_args!("the source directory cannot be read: {error}"),
            remedy,
        )
    })?;
    if root.is_dir() {
        Ok(root)
    } else {
        Err(machine(source.display(), "the source is not a directory", remedy))
    }
}

/// The files and links below `root`, sorted by path. `left_out` (the state directory) is passed over where it lies inside.
///
/// `depth` limits how many directories deep the list goes.
pub(crate) fn walk(root: &Path, left_out: &Path, depth: Option<usize>) -> Result<Vec<Entry>, PlatformError> {
    let left_out = fs::canonicalize(left_out).unwrap_or_else(|_| left_out.to_owned());
    let mut entries = Vec::new();
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .git_global(false)
        // Ignore files above the source count only where git would read them too: a stray one in /tmp or in a home
        // directory must not empty a source.
        .parents(in_repository(root))
        .max_depth(depth.map(|depth| depth + 1))
        .filter_entry(move |entry| entry.depth() == 0 || (entry.path() != left_out && !is_never_source(entry)))
        .build();
    for found in walker {
        let found = found.map_err(|error| unreadable(root, &error))?;
        if let Some(error) = found.error() {
            return Err(unreadable(found.path(), error));
        }
        if let Some(entry) = entry(root, &found)? {
            entries.push(entry);
        }
    }
    // The walker's order is by directory; digests are over the order of whole paths, which needs no walk to define.
    entries.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    if entries.is_empty() && fs::read_dir(root).is_ok_and(|mut inside| inside.next().is_some()) {
        return Err(machine(
            root.display(),
            "the source holds no file that is not ignored",
            "look at its .gitignore and .ignore, and at those above it in the repository",
        ));
    }
    Ok(entries)
}

fn entry(root: &Path, found: &DirEntry) -> Result<Option<Entry>, PlatformError> {
    let place = found.path();
    let meta = fs::symlink_metadata(place).map_err(|error| disk(place, "read the source", &error))?;
    let kind = if meta.is_dir() {
        return Ok(None);
    } else if meta.is_file() {
        Kind::File {
            executable: meta.mode() & 0o100 != 0,
            stat: Stat::of(&meta),
        }
    } else if meta.is_symlink() {
        Kind::Link {
            target: inner_target(root, place)?,
        }
    } else {
        let what = if meta.file_type().is_socket() {
            "a socket"
        } else if meta.file_type().is_fifo() {
            "a named pipe"
        } else {
            "a device"
        };
        return Err(machine(
            place.display(),
            format_args!("{what} cannot be part of a source"),
            "remove it, or name it in .gitignore or .ignore",
        ));
    };
    let path = place.strip_prefix(root).unwrap_or(place).to_owned();
    Ok(Some(Entry { path, kind }))
}

/// The target of a link, which must be relative and lead to a place inside the source, also by way of other links.
fn inner_target(root: &Path, link: &Path) -> Result<PathBuf, PlatformError> {
    let target = fs::read_link(link).map_err(|error| disk(link, "read the link", &error))?;
    let refuse = |why: &str| {
        Err(machine(
            link.display(),
            format_args!("the link to {} {why}", target.display()),
            "copy what it points to into the source, or name the link in .gitignore or .ignore",
        ))
    };
    if target.is_absolute() {
        return refuse("is absolute, so it would leave the release");
    }
    let mut depth = link.strip_prefix(root).unwrap_or(link).components().count() as i64 - 1;
    for part in target.components() {
        match part {
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
        if depth < 0 {
            return refuse("leaves the source directory");
        }
    }
    if fs::canonicalize(link).is_ok_and(|there| !there.starts_with(root)) {
        return refuse("leaves the source directory");
    }
    Ok(target)
}

/// Directories that tools make and that are made again by a build, and the file that describes the application: to change
/// how it is released must not look like a change of every source that lies beside it.
fn is_never_source(entry: &DirEntry) -> bool {
    let named: BTreeSet<&str> = BTreeSet::from([".git", "node_modules", ".venv", "__pycache__", ".seaworthy"]);
    let path = entry.path();
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return false;
    };
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        // A work tree or submodule has `.git` as a file; a `node_modules` may be a link to another one.
        return matches!(name, ".git" | "node_modules") || (name == "seaworthy.toml" && entry.depth() == 1);
    }
    named.contains(name)
        || path.join("pyvenv.cfg").is_file()
        // Only Cargo's: a directory of that name may as well be somebody's source.
        || (name == "target" && (path.join("CACHEDIR.TAG").is_file() || path.with_file_name("Cargo.toml").is_file()))
}

fn in_repository(root: &Path) -> bool {
    root.ancestors().any(|directory| directory.join(".git").exists())
}

fn unreadable(place: &Path, error: &ignore::Error) -> PlatformError {
    machine(
        place.display(),
        format_args!("the source cannot be read: {error}"),
        "give the user that runs the daemon the right to read the source, and correct ignore files that are broken",
    )
}
