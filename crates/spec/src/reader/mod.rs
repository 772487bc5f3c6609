//! Reads a tree through forms, and remembers on the way: every mistake with its place, which keys are spoiled by one,
//! and every default that came into force.

mod keys;
mod scalar;

use std::collections::BTreeSet;

use crate::mistake::{Complaint, Mistake};
use crate::place::{At, Origin, Place, Source};
use crate::tree::{Entry, Node, join};

/// A default in force: its path, its value in TOML, and the place of the table it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct DefaultValue {
    pub(crate) path: Vec<String>,
    pub(crate) text: String,
    pub(crate) at: At,
}

/// The state of one reading.
pub(crate) struct Reader<'a> {
    source: &'a Source,
    /// The environment that is read for.
    pub(crate) environment: &'a str,
    /// Part of the file could not be read at all, so what is missing may be there.
    partial: bool,
    path: Vec<String>,
    pub(crate) mistakes: Vec<Mistake>,
    spoiled: BTreeSet<String>,
    pub(crate) defaults: Vec<DefaultValue>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a Source, environment: &'a str, partial: bool) -> Self {
        Self {
            source,
            environment,
            partial,
            path: Vec::new(),
            mistakes: Vec::new(),
            spoiled: BTreeSet::new(),
            defaults: Vec::new(),
        }
    }

    /// The name of the entry that is being read.
    pub(crate) fn name(&self) -> String {
        self.path.last().cloned().unwrap_or_default()
    }

    pub(crate) fn at_key<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let value = read(self);
        self.path.pop();
        value
    }

    pub(crate) fn at_index<T>(&mut self, index: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        let last = self.path.last().cloned().unwrap_or_default();
        let item = format!("{last}[{index}]");
        let list = self.path.pop();
        let value = self.at_key(&item, read);
        self.path.extend(list);
        value
    }

    fn key(&self) -> String {
        dotted(&self.path)
    }

    /// Tells a mistake about the key that is being read.
    pub(crate) fn complain(&mut self, at: &At, complaint: Complaint) {
        let key = self.key();
        self.complain_about(key, at, complaint);
    }

    /// Tells a mistake about any key, which is spoiled by it.
    pub(crate) fn complain_about(&mut self, key: String, at: &At, complaint: Complaint) {
        self.report(&key, at, complaint);
        self.spoiled.insert(key);
    }

    /// Tells a mistake in how good values fit together: each of them can still be gone by.
    pub(crate) fn report(&mut self, key: &str, at: &At, Complaint { id, cause, remedy }: Complaint) {
        let key = match &at.origin {
            Origin::Environment(name) if !key.starts_with("environments.") => {
                format!("{}.set.{key}", join("environments", name))
            }
            _ => key.to_owned(),
        };
        self.mistakes.push(Mistake {
            place: self.source.place(at),
            key,
            cause,
            remedy,
            id,
        });
    }

    /// Whether a mistake was told about a key, something in it, or what it is in: rules that go by it keep silent.
    pub(crate) fn is_spoiled(&self, key: &str) -> bool {
        let inside = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.spoiled
            .iter()
            .any(|spoiled| inside(spoiled, key) || inside(key, spoiled))
    }

    /// Whether part of the file could not be read, so that nothing may be said about what is missing.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial
    }

    pub(crate) fn accept<T>(&mut self, node: &Node, result: Result<T, Complaint>) -> Option<T> {
        result.map_err(|complaint| self.complain(&node.at, complaint)).ok()
    }

    pub(crate) fn accept_key<T>(&mut self, entry: &Entry, result: Result<T, Complaint>) -> Option<T> {
        result.map_err(|complaint| self.complain(&entry.key, complaint)).ok()
    }

    /// Remembers a default by its whole path.
    pub(crate) fn default_at(&mut self, path: Vec<String>, text: String, at: At) {
        self.defaults.push(DefaultValue { path, text, at });
    }

    /// The place that a message names besides its own.
    pub(crate) fn place(&self, at: &At) -> Place {
        self.source.place(at)
    }
}

/// A path of keys as one text.
pub(crate) fn dotted(path: &[String]) -> String {
    path.iter().fold(String::new(), |path, key| match key.split_once('[') {
        // `needs[0]` is the first item of a list, not a key that needs quotes.
        Some((name, index)) if index.ends_with(']') => format!("{}[{index}", join(&path, name)),
        _ => join(&path, key),
    })
}
