//! The output of a build command: kept in a bounded file, its last lines at hand.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// How many lines an error shows.
const LAST: usize = 40;
/// How much of the output a log keeps.
const LOG_BYTES: usize = 4 << 20;
/// How much of a line is kept.
const LINE_BYTES: usize = 4 << 10;
/// How many logs of earlier builds stay beside the newest.
const LOGS: usize = 20;

/// Takes a build's output in pieces.
pub(super) struct Output {
    log: File,
    kept: usize,
    left_out: usize,
    last: VecDeque<String>,
}

/// The line that is not finished yet.
#[derive(Default)]
pub(super) struct Partial(Vec<u8>);

impl Output {
    /// Starts the log of a build, and removes the oldest logs of the directory.
    pub(super) fn create(directory: &Path, input: &str) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let log = File::create(directory.join(format!("{input}.log")))?;
        remove_oldest(directory)?;
        Ok(Self {
            log,
            kept: 0,
            left_out: 0,
            last: VecDeque::new(),
        })
    }

    /// Takes a piece of the output; whole lines are kept.
    pub(super) fn take(&mut self, partial: &mut Partial, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            match byte {
                b'\n' => self.line(&std::mem::take(&mut partial.0))?,
                _ if partial.0.len() < LINE_BYTES => partial.0.push(*byte),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes what the output ended with.
    pub(super) fn end(&mut self, partial: &mut Partial) -> io::Result<()> {
        let rest = std::mem::take(&mut partial.0);
        if rest.is_empty() { Ok(()) } else { self.line(&rest) }
    }

    fn line(&mut self, bytes: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(bytes);
        // A progress bar redraws its line; what stood last is what it said.
        let text = text.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default();
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(without_escapes(text));
        if self.kept + text.len() < LOG_BYTES {
            self.kept += text.len() + 1;
            writeln!(self.log, "{text}")
        } else {
            self.left_out += 1;
            Ok(())
        }
    }

    /// Ends the log, saying what it does not hold. Answers with the last lines.
    pub(super) fn finish(mut self) -> io::Result<Vec<String>> {
        if self.left_out > 0 {
            writeln!(
                self.log,
                "[{} more lines were not kept; the last ones follow]",
                self.left_out
            )?;
            for line in &self.last {
                writeln!(self.log, "{line}")?;
            }
        }
        Ok(self.last.into())
    }
}

/// A line without the escape sequences by which tools colour it: it is shown in places that have colours of their own.
fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            if characters.next_if_eq(&'[').is_some() {
                // A control sequence ends with its first letter or `~`.
                characters.by_ref().find(|c| matches!(c, '@'..='~'));
            }
        } else if !character.is_control() || character == '\t' {
            plain.push(character);
        }
    }
    plain
}

fn remove_oldest(directory: &Path) -> io::Result<()> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            logs.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    logs.sort();
    for (_, path) in logs.iter().rev().skip(LOGS) {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn output(directory: &Path, pieces: &[&[u8]]) -> (Vec<String>, String) {
        let mut output = Output::create(directory, "abc").unwrap();
        let mut partial = Partial::default();
        for piece in pieces {
            output.take(&mut partial, piece).unwrap();
        }
        output.end(&mut partial).unwrap();
        let last = output.finish().unwrap();
        (last, fs::read_to_string(directory.join("abc.log")).unwrap())
    }

    #[test]
    fn lines_are_put_together_and_stripped_of_colours() {
        let dir = tempfile::tempdir().unwrap();
        let pieces: [&[u8]; 3] = [b"one\ntw", b"o\r\n10%\r90%\r100%\n\x1b[31mred", b"\x1b[0m end"];
        let (last, log) = output(dir.path(), &pieces);
        assert_eq!(last, ["one", "two", "100%", "red end"]);
        assert!(log.starts_with("one\ntwo\n100%\n"), "{log}");
    }

    #[test]
    fn a_flood_leaves_a_bounded_log_with_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let line = [b'x'; 1000];
        let many = [&line[..], b"\n"].concat().repeat(5000);
        let (last, log) = output(dir.path(), &[&many, b"the end\n"]);
        assert!(log.len() < LOG_BYTES + 100 * 1000, "{}", log.len());
        assert!(log.contains("more lines were not kept"));
        assert!(log.ends_with("the end\n"));
        assert_eq!(last.len(), LAST);
    }

    #[test]
    fn old_logs_go() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..LOGS + 5 {
            fs::write(dir.path().join(format!("{number}.log")), "").unwrap();
        }
        output(dir.path(), &[]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), LOGS);
        assert!(dir.path().join("abc.log").exists());
    }
}
