//! Reads a log across its rotated files, oldest line first, while its keeper goes on writing it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line::Line;
use super::writer::rotated;
use crate::rotate;

/// Which lines are wanted. The default: all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// None that is older.
    pub since: Option<Timestamp>,
    /// Only with this text in it.
    pub grep: Option<String>,
    /// Only so many, the newest.
    pub last: Option<usize>,
}

impl Filter {
    /// Whether a line is wanted, however many there are.
    pub fn wants(&self, line: &Line) -> bool {
        self.since.is_none_or(|since| line.at >= since)
            && self.grep.as_deref().is_none_or(|text| line.text.contains(text))
    }
}

/// A log could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: the log cannot be read: {source}", directory.display())]
pub struct LogError {
    /// The log's directory.
    pub directory: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl LogError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        "check that the directory exists and that you may read it"
    }
}

/// The lines of the instance whose directory this is, oldest first. An instance that never wrote has none.
///
/// # Errors
/// When a file cannot be read.
pub fn read(instance: &Path, filter: &Filter) -> Result<Vec<Line>, LogError> {
    let directory = instance.join(super::DIRECTORY);
    let lines = Files::open(&directory).and_then(|files| files.read(filter).map(|(lines, _)| lines));
    lines.map_err(|source| LogError { directory, source })
}

/// All files of a log, opened at one moment.
pub(super) struct Files {
    /// Oldest first.
    rotated: Vec<File>,
    pub(super) current: Option<File>,
}

impl Files {
    /// Opens them; again when the keeper rotated meanwhile, so that none is missed and none is read twice.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        loop {
            let before = identity(directory)?;
            let mut numbers = match rotated(directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                other => other?,
            };
            numbers.sort_unstable();
            let mut files = Vec::new();
            for number in numbers {
                files.extend(present(File::open(directory.join(rotate::name(number))))?);
            }
            let current = present(File::open(directory.join(rotate::CURRENT)))?;
            if identity(directory)? == before {
                return Ok(Self {
                    rotated: files,
                    current,
                });
            }
        }
    }

    /// The wanted lines, and up to where the current file was read.
    pub(super) fn read(self, filter: &Filter) -> io::Result<(Vec<Line>, u64)> {
        let most = filter.last.unwrap_or(usize::MAX);
        let mut wanted = VecDeque::new();
        let mut held = Vec::new();
        let mut end_of_current = 0;
        let files = self
            .rotated
            .into_iter()
            .map(|file| (file, false))
            .chain(self.current.map(|file| (file, true)));
        // From the newest file back, because the last lines are what is asked for most.
        for (mut file, is_current) in files.collect::<Vec<_>>().into_iter().rev() {
            held.clear();
            file.read_to_end(&mut held)?;
            let whole = held.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            if is_current {
                end_of_current = whole as u64;
            }
            for line in held[..whole].rsplit(|byte| *byte == b'\n').filter_map(Line::parse) {
                if wanted.len() == most {
                    break;
                }
                if filter.wants(&line) {
                    wanted.push_front(line);
                }
            }
            if wanted.len() == most {
                break;
            }
        }
        Ok((wanted.into(), end_of_current))
    }
}

/// What tells one current file from the next.
fn identity(directory: &Path) -> io::Result<Option<(u64, u64)>> {
    let metadata = present(std::fs::metadata(directory.join(rotate::CURRENT)))?;
    Ok(metadata.map(|metadata| (metadata.dev(), metadata.ino())))
}

pub(super) fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
