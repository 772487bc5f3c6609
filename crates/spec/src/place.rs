//! Where something stands: line, column, and which part of the file said it.

use std::fmt;

use serde::Serialize;

/// Which part of the file decided a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Origin {
    /// Written outside `environments`.
    Base,
    /// Set by the overlay of this environment.
    Environment(String),
    /// Not written: Seaworthy's own default. Line and column are those of the table it would stand in.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => out.write_str("base"),
            Self::Environment(name) => out.write_str(name),
            Self::Default => out.write_str("default"),
        }
    }
}

/// A place in a file that a person can go to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file's name as it was given to [`crate::parse`].
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Which part of the file decided the value that stands here.
    pub origin: Origin,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A place while the file is still bytes: an offset, and whose text it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) offset: usize,
    pub(crate) origin: Origin,
}

impl At {
    pub(crate) fn base(offset: usize) -> Self {
        Self {
            offset,
            origin: Origin::Base,
        }
    }
}

/// The text of the file, to turn offsets into lines and columns.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    line_starts: Vec<usize>,
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(newline, _)| newline + 1))
            .collect();
        Self {
            name: name.to_owned(),
            text: text.to_owned(),
            line_starts,
        }
    }

    /// The index of the line that holds an offset, from 0.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.line_starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// The bytes of a line, its newline included.
    pub(crate) fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let end = self.text.len();
        let start = self.line_starts.get(line).copied().unwrap_or(end);
        start..self.line_starts.get(line + 1).copied().unwrap_or(end)
    }

    pub(crate) fn lines(&self) -> usize {
        self.line_starts.len()
    }

    pub(crate) fn place(&self, at: &At) -> Place {
        let offset = at.offset.min(self.text.len());
        let line = self.line(offset);
        let start = self.line_range(line).start;
        // An offset inside a character (an error in the middle of one) counts as that character's own column.
        let column = self.text[start..]
            .char_indices()
            .take_while(|(index, _)| start + index < offset)
            .count()
            + 1;
        Place {
            file: self.name.clone(),
            line: line + 1,
            column,
            origin: at.origin.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(text: &str, offset: usize) -> (usize, usize) {
        let place = Source::new("f", text).place(&At::base(offset));
        (place.line, place.column)
    }

    #[test]
    fn counts_lines_and_characters_from_one() {
        assert_eq!(spot("", 0), (1, 1));
        assert_eq!(spot("ab\ncd", 4), (2, 2));
        assert_eq!(spot("é = 1", 3), (1, 3));
        assert_eq!(spot("ab\n", 99), (2, 1));
    }
}
