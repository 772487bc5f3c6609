//! Writes the log: appends, rotates, and says what could not be written.
//!
//! The keeper writes lines first and takes them from the FIFO afterwards, so that nothing is lost with a keeper that is
//! killed. The `cursor` file says up to where both has happened. Lines beyond it were written by a keeper that died
//! before it could say that it had taken them; [`Writer::open`] returns them, for the next keeper to find out which.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::line::{self, Source};
use crate::flood::Dropped;
use crate::protocol::LogBounds;
use crate::rotate;

/// The file with a [`Cursor`].
const CURSOR: &str = "cursor";

/// Where the log and the FIFOs agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Cursor {
    /// The lines of the current file up to this byte are taken from the FIFOs.
    settled: u64,
    /// What was dropped and not been said yet.
    dropped: Dropped,
    /// All lines that are missing from the log since the instance's first life.
    missing: u64,
}

impl Cursor {
    const BYTES: usize = 32;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let fields = [self.settled, self.dropped.lines, self.dropped.bytes, self.missing];
        for (place, field) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&field.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut fields = bytes.chunks_exact(8).map(|field| {
            let mut word = [0; 8];
            word.copy_from_slice(field);
            u64::from_le_bytes(word)
        });
        let mut next = || fields.next().unwrap_or_default();
        Self {
            settled: next(),
            dropped: Dropped {
                lines: next(),
                bytes: next(),
            },
            missing: next(),
        }
    }
}

/// Lines that could not be written, until that has been said.
#[derive(Debug)]
struct Lost {
    lines: u64,
    error: String,
}

/// The one writer of an instance's log.
#[derive(Debug)]
pub(crate) struct Writer {
    directory: PathBuf,
    bounds: LogBounds,
    /// None: it could not be created again after a rotation.
    current: Option<File>,
    len: u64,
    cursor_file: File,
    cursor: Cursor,
    lost: Option<Lost>,
}

/// A log that was opened.
pub(crate) struct Opened {
    /// Its writer.
    pub(crate) writer: Writer,
    /// Lines of which it is not known whether they were taken from their FIFO, oldest first.
    pub(crate) unsettled: Vec<(Source, Vec<u8>)>,
    /// What was dropped and not been said yet.
    pub(crate) dropped: Dropped,
}

impl Writer {
    /// Opens or creates the log in `directory`. A last line that was torn by a crash is taken away: its text still is in the FIFO.
    pub(crate) fn open(directory: &Path, bounds: LogBounds) -> io::Result<Opened> {
        fs::create_dir_all(directory)?;
        let cursor_file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(directory.join(CURSOR))?;
        let mut bytes = [0; Cursor::BYTES];
        let cursor = match cursor_file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Cursor::from_bytes(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Cursor::default(),
            Err(error) => return Err(error),
        };
        let mut current = open_current(directory)?;
        let mut len = current.metadata()?.len();
        // A cursor beyond the end belongs to the file that was rotated away just before the crash.
        let settled = if cursor.settled > len { len } else { cursor.settled };
        let mut tail = Vec::new();
        current.seek(SeekFrom::Start(settled))?;
        current.read_to_end(&mut tail)?;
        let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if whole < tail.len() {
            tail.truncate(whole);
            len = settled + whole as u64;
            current.set_len(len)?;
        }
        let unsettled = tail
            .split_inclusive(|byte| *byte == b'\n')
            .filter_map(|line| line::content(&line[..line.len() - 1]))
            .map(|(source, text)| (source, text.to_vec()))
            .collect();
        Ok(Opened {
            writer: Self {
                directory: directory.to_owned(),
                bounds,
                current: Some(current),
                len,
                cursor_file,
                cursor: Cursor { settled, ..cursor },
                lost: None,
            },
            unsettled,
            dropped: cursor.dropped,
        })
    }

    /// How much should be appended at once at most, bytes, so that files keep their bound.
    pub(crate) fn batch_bytes(&self) -> u64 {
        self.bounds.file_bytes
    }

    /// Appends whole lines. What cannot be written is counted, and said as soon as something can.
    pub(crate) fn append(&mut self, lines: &[u8], count: u64) {
        if lines.is_empty() {
            return;
        }
        let result = self.say_what_was_lost().and_then(|()| self.write(lines));
        if let Err(error) = result {
            self.cursor.missing += count;
            let lost = self.lost.get_or_insert_with(|| Lost {
                lines: 0,
                error: String::new(),
            });
            lost.lines += count;
            lost.error = error.to_string();
        }
    }

    /// Appends a line of the keeper's own. It comes from no FIFO, so it is settled with what was before it.
    pub(crate) fn note(&mut self, text: &str, dropped: Dropped) {
        let mut bytes = Vec::with_capacity(text.len() + 64);
        line::push(
            &mut bytes,
            &line::stamp(Timestamp::now()),
            Source::Keeper,
            text.as_bytes(),
        );
        self.append(&bytes, 0);
        self.settle(dropped);
    }

    /// Says that everything written so far is taken from the FIFOs, and what has been dropped and not been said yet.
    pub(crate) fn settle(&mut self, dropped: Dropped) {
        let cursor = Cursor {
            settled: self.len,
            dropped,
            ..self.cursor
        };
        if cursor != self.cursor {
            self.cursor = cursor;
            self.save_cursor();
        }
    }

    /// Counts lines that will not be in the log.
    pub(crate) fn count_missing(&mut self, lines: u64) {
        self.cursor.missing += lines;
    }

    /// How many lines are missing from the log since the first life.
    pub(crate) fn missing(&self) -> u64 {
        self.cursor.missing
    }

    /// Why nothing can be written at the moment, if so.
    pub(crate) fn error(&self) -> Option<&str> {
        self.lost.as_ref().map(|lost| lost.error.as_str())
    }

    /// Tries once more to write what is to be said about lost lines.
    pub(crate) fn retry(&mut self) {
        if let Err(error) = self.say_what_was_lost()
            && let Some(lost) = &mut self.lost
        {
            lost.error = error.to_string();
        }
    }

    fn say_what_was_lost(&mut self) -> io::Result<()> {
        let Some(lost) = &self.lost else {
            return Ok(());
        };
        let text = format!(
            "{} lines are missing here: the log could not be written: {}",
            lost.lines, lost.error
        );
        let mut bytes = Vec::with_capacity(text.len() + 64);
        line::push(
            &mut bytes,
            &line::stamp(Timestamp::now()),
            Source::Keeper,
            text.as_bytes(),
        );
        self.write(&bytes)?;
        self.lost = None;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.current.is_none() || rotate::is_due(self.len, bytes.len() as u64, self.bounds.file_bytes) {
            self.rotate()?;
        }
        let Some(file) = &mut self.current else {
            return Err(io::ErrorKind::NotFound.into());
        };
        if let Err(error) = file.write_all(bytes) {
            // Half a line may have fitted. It goes again, or the next line would be glued to it. What cannot be
            // shortened is no file and cannot have kept it.
            let _ = file.set_len(self.len);
            return Err(error);
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let mut rotated = rotated(&self.directory)?;
        if self.current.is_some() {
            let number = rotated.iter().max().map_or(1, |last| last + 1);
            fs::rename(
                self.directory.join(rotate::CURRENT),
                self.directory.join(rotate::name(number)),
            )?;
            self.current = None;
            rotated.push(number);
        }
        for number in rotate::surplus(rotated, self.bounds.files) {
            fs::remove_file(self.directory.join(rotate::name(number)))?;
        }
        self.current = Some(open_current(&self.directory)?);
        self.len = 0;
        self.cursor.settled = 0;
        self.save_cursor();
        Ok(())
    }

    fn save_cursor(&self) {
        // Without it a crash of the keeper may repeat some lines. That is no reason to stop, and a full disk does not
        // keep 32 bytes from being overwritten in place.
        let _ = self.cursor_file.write_all_at(&self.cursor.to_bytes(), 0);
    }
}

fn open_current(directory: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(directory.join(rotate::CURRENT))
}

/// The numbers of the rotated files.
pub(super) fn rotated(directory: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(directory)? {
        numbers.extend(entry?.file_name().to_str().and_then(rotate::number));
    }
    Ok(numbers)
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
