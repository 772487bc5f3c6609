//! Goes on reading a log where it ends, across rotations.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::line::Line;
use super::read::{Files, Filter, LogError, present};
use super::writer::rotated;
use crate::rotate;

/// How often a log is looked at for new lines. A reader's eye does not notice; five looks a second cost next to nothing.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// A reader that stays.
#[derive(Debug)]
pub struct Follow {
    directory: PathBuf,
    filter: Filter,
    /// The file being read; none until the log exists.
    file: Option<File>,
    /// What was read of it beyond the last line end.
    partial: Vec<u8>,
    /// Files between the one being read and the current one, oldest first.
    ahead: VecDeque<File>,
}

impl Follow {
    /// The lines there are, as by [`super::read()`], and a reader of those that come after them: none between is missed, none comes twice.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn start(instance: &Path, filter: &Filter) -> Result<(Vec<Line>, Self), LogError> {
        let directory = instance.join(super::DIRECTORY);
        match Self::open(&directory, filter) {
            Ok(started) => Ok(started),
            Err(source) => Err(LogError { directory, source }),
        }
    }

    fn open(directory: &Path, filter: &Filter) -> io::Result<(Vec<Line>, Self)> {
        let files = Files::open(directory)?;
        let file = files.current.as_ref().map(File::try_clone).transpose()?;
        let (lines, end) = files.read(filter)?;
        if let Some(mut file) = file.as_ref() {
            io::Seek::seek(&mut file, io::SeekFrom::Start(end))?;
        }
        let follow = Self {
            directory: directory.to_owned(),
            filter: Filter {
                last: None,
                ..filter.clone()
            },
            file,
            partial: Vec::new(),
            ahead: VecDeque::new(),
        };
        Ok((lines, follow))
    }

    /// The lines that have come since the last look; none: nothing new.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn poll(&mut self) -> Result<Vec<Line>, LogError> {
        let mut lines = Vec::new();
        self.advance(&mut lines).map_err(|source| LogError {
            directory: self.directory.clone(),
            source,
        })?;
        Ok(lines)
    }

    /// Waits for new lines. Nothing is lost when it is cancelled.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn next(&mut self) -> Result<Vec<Line>, LogError> {
        loop {
            let lines = self.poll()?;
            if !lines.is_empty() {
                return Ok(lines);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn advance(&mut self, lines: &mut Vec<Line>) -> io::Result<()> {
        loop {
            // Asked before reading: what is written before the rotation is then read before the next file.
            if self.ahead.is_empty() {
                self.ahead = self.newer()?;
            }
            self.read_on(lines)?;
            match self.ahead.pop_front() {
                Some(next) => {
                    self.partial.clear();
                    self.file = Some(next);
                }
                None => return Ok(()),
            }
        }
    }

    fn read_on(&mut self, lines: &mut Vec<Line>) -> io::Result<()> {
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.read_to_end(&mut self.partial)?;
        let whole = self
            .partial
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let wanted = self.partial[..whole]
            .split(|byte| *byte == b'\n')
            .filter_map(Line::parse);
        lines.extend(wanted.filter(|line| self.filter.wants(line)));
        self.partial.drain(..whole);
        Ok(())
    }

    /// The files that are newer than the one being read, oldest first. When that one has been removed meanwhile: all.
    fn newer(&self) -> io::Result<VecDeque<File>> {
        let current = present(File::open(self.directory.join(rotate::CURRENT)))?;
        let reading = self.file.as_ref().map(inode).transpose()?;
        let newest = current.as_ref().map(inode).transpose()?;
        if newest.is_none() || newest == reading {
            return Ok(VecDeque::new());
        }
        let mut newer = VecDeque::from_iter(current);
        let mut numbers = rotated(&self.directory)?;
        numbers.sort_unstable();
        for number in numbers.into_iter().rev() {
            let Some(file) = present(File::open(self.directory.join(rotate::name(number))))? else {
                continue;
            };
            let found = Some(inode(&file)?);
            if found == reading {
                break;
            }
            // It may have been rotated since it was opened as the current one.
            if found != newest {
                newer.push_front(file);
            }
        }
        Ok(newer)
    }
}

fn inode(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.ino())
}
