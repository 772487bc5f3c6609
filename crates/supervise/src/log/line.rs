//! One line of a log file: `<RFC 3339, UTC, microseconds> <out|err|keeper> <text>`.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The instance, to its standard output.
    Out,
    /// The instance, to its standard error.
    Err,
    /// Its keeper: starts, exits, gaps.
    Keeper,
}

impl Source {
    /// The word in the log file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Keeper => "keeper",
        }
    }

    fn parse(word: &[u8]) -> Option<Self> {
        [Self::Out, Self::Err, Self::Keeper]
            .into_iter()
            .find(|source| source.as_str().as_bytes() == word)
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When the keeper read it.
    pub at: Timestamp,
    /// Who wrote it.
    pub source: Source,
    /// What, without the line end. What was not UTF-8 is replaced.
    pub text: String,
}

impl Line {
    /// Parses a line of a log file, without its line end; none for what no keeper has written.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let (at, source, text) = parts(line)?;
        Some(Self {
            at: std::str::from_utf8(at).ok()?.parse().ok()?,
            source: Source::parse(source)?,
            text: String::from_utf8_lossy(text).into_owned(),
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", stamp(self.at), self.source.as_str(), self.text)
    }
}

/// The source and the bytes of a line's text.
pub(crate) fn content(line: &[u8]) -> Option<(Source, &[u8])> {
    let (_, source, text) = parts(line)?;
    Some((Source::parse(source)?, text))
}

/// A time as it stands in a log file. Always as long as any other, so that lines sort as text.
pub(crate) fn stamp(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// Adds a line with its line end.
pub(crate) fn push(to: &mut Vec<u8>, stamp: &str, source: Source, text: &[u8]) {
    to.extend_from_slice(stamp.as_bytes());
    to.push(b' ');
    to.extend_from_slice(source.as_str().as_bytes());
    to.push(b' ');
    to.extend_from_slice(text);
    to.push(b'\n');
}

/// How many bytes a text becomes in the log.
pub(crate) fn cost(source: Source, text: &[u8]) -> u64 {
    const STAMP: usize = "2026-01-02T03:04:05.123456Z".len();
    (STAMP + source.as_str().len() + text.len() + 3) as u64
}

fn parts(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = line.splitn(3, |byte| *byte == b' ');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let at: Timestamp = "2026-01-02T03:04:05.1Z".parse().unwrap();
        let mut written = Vec::new();
        push(&mut written, &stamp(at), Source::Err, b"a  b ");
        assert_eq!(written, b"2026-01-02T03:04:05.100000Z err a  b \n");
        assert_eq!(written.len() as u64, cost(Source::Err, b"a  b "));
        let line = Line::parse(written.strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!(
            line,
            Line {
                at,
                source: Source::Err,
                text: "a  b ".into()
            }
        );
        assert_eq!(format!("{line}\n").as_bytes(), written);
    }

    #[test]
    fn an_empty_text_is_a_line_and_a_torn_line_is_none() {
        assert_eq!(Line::parse(b"2026-01-02T03:04:05.100000Z out ").unwrap().text, "");
        for torn in [
            "",
            "2026-01-02T03:0",
            "2026-01-02T03:04:05.100000Z out",
            "x out y",
            "2026-01-02T03:04:05Z mid y",
        ] {
            assert_eq!(Line::parse(torn.as_bytes()), None, "{torn:?}");
        }
    }
}
