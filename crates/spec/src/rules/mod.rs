//! Rules that look at more than one value. A rule keeps silent about what a mistake was already told of: one wrong line
//! is one mistake.

mod environment;
mod needs;
mod rollout;
mod routing;
mod storage;
mod variables;
mod workload;

use std::collections::BTreeMap;

use crate::merged::nearest;
use crate::mistake::Complaint;
use crate::model::Spec;
use crate::place::{At, Origin};
use crate::reader::Reader;
use crate::tree::{Node, join};

/// Checks what takes more than one value to check, and fills in the defaults that depend on another value.
pub(crate) fn check(spec: &mut Spec, root: &Node, reader: &mut Reader<'_>) {
    let mut places = BTreeMap::new();
    root.places("", &mut |key, at| {
        places.insert(key, at.clone());
    });
    let mut rules = Rules { root, reader, places };
    rollout::fill(spec, &mut rules);
    needs::check(spec, &mut rules);
    workload::check(spec, &mut rules);
    variables::check(spec, &mut rules);
    storage::check(spec, &mut rules);
    routing::check(spec, &mut rules);
    rollout::check(spec, &mut rules);
    environment::check(spec, &mut rules);
}

/// What a rule sees besides the spec: the places, and the reader that takes its mistakes.
struct Rules<'r, 'a> {
    root: &'r Node,
    reader: &'r mut Reader<'a>,
    places: BTreeMap<String, At>,
}

impl Rules<'_, '_> {
    /// Tells a mistake about a key, unless one was told about it or about anything else that the rule goes by.
    fn tell(&mut self, key: &str, goes_by: &[&str], id: &'static str, cause: String, remedy: impl Into<String>) {
        if std::iter::once(&key)
            .chain(goes_by)
            .any(|key| self.reader.is_spoiled(key))
        {
            return;
        }
        let at = nearest(&self.places, key);
        self.reader.report(key, &at, Complaint::new(id, cause, remedy));
    }

    /// Whether the file or the overlay says something about a key.
    fn is_written(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// Where a key stands, for a message about another.
    fn place(&self, key: &str) -> String {
        self.reader.place(&nearest(&self.places, key)).to_string()
    }

    fn offset(&self, key: &str) -> usize {
        nearest(&self.places, key).offset
    }

    /// Whether two values were said together. An overlay may turn `strategy` to rolling without taking the base's
    /// canary steps away; who writes both in one breath has made a mistake.
    fn said_together(&self, one: &str, other: &str) -> bool {
        let origin = |key| match nearest(&self.places, key).origin {
            Origin::Default => Origin::Base,
            written => written,
        };
        origin(one) == origin(other)
    }

    /// The names that a section of the file has, those of broken entries too: who needs them made no mistake.
    fn names(&self, section: &str) -> Vec<String> {
        let table = self.root.get([section]).and_then(Node::table);
        table.map_or_else(Vec::new, |table| table.keys().cloned().collect())
    }

    /// Whether a name that is not known may stand where the file could not be read.
    fn may_be_unread(&self) -> bool {
        self.reader.is_partial()
    }
}

/// The key of something in a named entry: `services.api.port`.
fn key(section: &str, name: &str, rest: &str) -> String {
    let entry = join(section, name);
    if rest.is_empty() {
        entry
    } else {
        format!("{entry}.{rest}")
    }
}

/// Words for people: `a`, `a and b`, `a, b and c`.
fn listing<T: AsRef<str>>(words: &[T]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}
