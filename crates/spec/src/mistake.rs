//! What is wrong with a file, said so that its author knows where to go and what to write.

use std::fmt;

use serde::Serialize;

use crate::place::Place;

/// One thing that is wrong: where, what, why, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mistake {
    /// Where it stands.
    pub place: Place,
    /// The key as it is written from the top of the file, `services.api.port`; empty for broken TOML.
    pub key: String,
    /// What is wrong.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
    /// A stable name of this kind of mistake, `spec.unknown_key`.
    pub id: &'static str,
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(out, "{}: ", self.key)?;
        }
        out.write_str(&self.cause)
    }
}

/// Every mistake of one run, in the order of their places. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Mistakes {
    /// The mistakes.
    pub list: Vec<Mistake>,
}

impl Mistakes {
    /// The mistakes in the order of their places.
    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.list.iter()
    }

    pub(crate) fn sorted(mut list: Vec<Mistake>) -> Self {
        list.sort_by(|left, right| {
            let order = |mistake: &Mistake| (mistake.place.line, mistake.place.column);
            order(left)
                .cmp(&order(right))
                .then_with(|| left.key.cmp(&right.key))
                .then_with(|| left.id.cmp(right.id))
        });
        list.dedup();
        Self { list }
    }
}

impl<'a> IntoIterator for &'a Mistakes {
    type Item = &'a Mistake;
    type IntoIter = std::slice::Iter<'a, Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Mistakes {
    type Item = Mistake;
    type IntoIter = std::vec::IntoIter<Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

/// One line per mistake, its remedy below it.
impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.list.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(out, "{newline}{mistake}\n  help: {}", mistake.remedy)?;
        }
        Ok(())
    }
}

/// What a value's own rules say against it; the reader adds place and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) id: &'static str,
    pub(crate) cause: String,
    pub(crate) remedy: String,
}

impl Complaint {
    pub(crate) fn new(id: &'static str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            id,
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }
}
