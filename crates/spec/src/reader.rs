//! Reads a tree through forms, and remembers on the way: every mistake with its place, which keys are spoiled by one,
//! and every default that came into force.

use std::collections::BTreeSet;

use crate::form::{Form, Print};
use crate::mistake::{Complaint, Mistake};
use crate::place::{At, Origin, Source};
use crate::shape::{Shape, Word};
use crate::suggest;
use crate::tree::{Entry, Node, Table, Value, join, quote};

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
    /// The whole tree, for what stands elsewhere in it.
    pub(crate) root: &'a Node,
    /// Part of the file could not be read at all, so what is missing may be there.
    partial: bool,
    path: Vec<String>,
    pub(crate) mistakes: Vec<Mistake>,
    spoiled: BTreeSet<String>,
    pub(crate) defaults: Vec<DefaultValue>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a Source, root: &'a Node, environment: &'a str, partial: bool) -> Self {
        Self {
            source,
            environment,
            root,
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

    /// Tells a mistake about any key.
    pub(crate) fn complain_about(&mut self, key: String, at: &At, complaint: Complaint) {
        let written = match &at.origin {
            Origin::Environment(name) if !key.starts_with("environments.") => {
                format!("{}.set.{key}", join("environments", name))
            }
            _ => key.clone(),
        };
        self.spoiled.insert(key);
        let Complaint { id, cause, remedy } = complaint;
        self.mistakes.push(Mistake {
            place: self.source.place(at),
            key: written,
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

    pub(crate) fn wrong_type(&mut self, node: &Node, wanted: &str, remedy: &str) {
        let shown = match &node.value {
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Overflow(_) => {
                format!("{} is {}", node.value.to_toml(), node.value.kind())
            }
            // Texts may be confidential, lists and tables are long.
            other => format!("this is {}", other.kind()),
        };
        let complaint = Complaint::new("spec.wrong_type", format!("{shown}, not {wanted}"), remedy);
        self.complain(&node.at, complaint);
    }

    /// The text that stands here.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) => Some(text),
            Value::Integer(_) | Value::Float(_) => {
                let remedy = format!("put it in quotes: {}", quote(&node.value.to_toml()));
                self.wrong_type(node, &format!("a text ({what})"), &remedy);
                None
            }
            _ => {
                self.wrong_type(
                    node,
                    &format!("a text ({what})"),
                    &format!("for example {}", quote(example)),
                );
                None
            }
        }
    }

    /// The whole number that stands here.
    pub(crate) fn integer(&mut self, node: &Node, example: i64) -> Option<i64> {
        match &node.value {
            Value::Integer(number) => Some(*number),
            Value::Text(text) if text.parse::<i64>().is_ok() => {
                self.wrong_type(node, "an integer", &format!("take the quotes away: {text}"));
                None
            }
            _ => {
                self.wrong_type(node, "an integer", &format!("for example {example}"));
                None
            }
        }
    }

    /// The word that stands here, one of a few.
    pub(crate) fn choice<T>(&mut self, node: &Node, words: &'static [Word], known: fn(&str) -> Option<T>) -> Option<T> {
        let names = words.iter().map(|word| word.word);
        let text = self.text(node, "one of a few words", words.first().map_or("", |word| word.word))?;
        let refusal = || {
            let remedy = suggest::remedy(text, names, "take it away");
            Complaint::new(
                "spec.unknown_word",
                format!("{} is not a word that is known here", quote(text)),
                remedy,
            )
        };
        self.accept(node, known(text).ok_or_else(refusal))
    }

    /// The table that stands here, its unknown keys told.
    pub(crate) fn table<'n>(&mut self, node: &'n Node, known: &[&'static str]) -> Option<&'n Table> {
        let Some(table) = node.table() else {
            self.wrong_type(
                node,
                "a table",
                &format!("write it as a table; its keys are {}", known.join(", ")),
            );
            return None;
        };
        for (key, entry) in table.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            let remedy = suggest::remedy(key, known.iter().copied(), "take it away");
            let complaint = Complaint::new("spec.unknown_key", "there is no such key", remedy);
            self.at_key(key, |reader| reader.complain(&entry.key, complaint));
        }
        Some(table)
    }

    /// A key that must be there.
    pub(crate) fn required<F: Form>(&mut self, node: &Node, table: &Table, key: &'static str) -> Option<F::Value> {
        let value = match table.get(key) {
            Some(entry) => self.at_key(key, |reader| F::read(&entry.node, reader)),
            None => {
                self.missing(node, key, &F::shape());
                None
            }
        };
        value.or_else(F::stand_in)
    }

    fn missing(&mut self, node: &Node, key: &'static str, shape: &Shape) {
        if self.partial {
            let key = join(&self.key(), key);
            self.spoiled.insert(key);
            return;
        }
        let remedy = match shape {
            Shape::Text(text) => format!("write {key} = {}", quote(text.example)),
            Shape::Choice(words) => {
                let words: Vec<String> = words.iter().map(|word| quote(word.word)).collect();
                format!("write {key} = {}", words.join(" or "))
            }
            _ => format!("write {key} = …"),
        };
        let complaint = Complaint::new("spec.missing_key", "is missing", remedy);
        self.at_key(key, |reader| reader.complain(&node.at, complaint));
    }

    /// A key that may be there.
    pub(crate) fn optional<F: Form>(&mut self, table: &Table, key: &'static str) -> Option<F::Value> {
        let entry = table.get(key)?;
        self.at_key(key, |reader| F::read(&entry.node, reader))
    }

    /// A key that has a default.
    pub(crate) fn or_default<F: Print>(
        &mut self,
        node: &Node,
        table: &Table,
        key: &'static str,
        default: F::Value,
    ) -> F::Value {
        if !table.contains_key(key) {
            self.default_in_force(node, key, F::print(&default));
        }
        self.optional::<F>(table, key).unwrap_or(default)
    }

    /// A table that, where it was not written, is read as if it were there and empty.
    pub(crate) fn nested<F: Form>(&mut self, node: &Node, table: &Table, key: &'static str) -> Option<F::Value> {
        let empty = Node::empty_table(At {
            offset: node.at.offset,
            origin: Origin::Default,
        });
        let read = |reader: &mut Self, node: &Node| reader.at_key(key, |reader| F::read(node, reader));
        match table.get(key) {
            // A table that is wrong as a whole is told once; the rest of the file goes by an empty one.
            Some(entry) => read(self, &entry.node).or_else(|| read(self, &empty)),
            None => read(self, &empty),
        }
    }

    /// Remembers that a key's default is in force.
    pub(crate) fn default_in_force(&mut self, node: &Node, key: &str, text: String) {
        let path = self.path.iter().cloned().chain([key.to_owned()]).collect();
        self.defaults.push(DefaultValue {
            path,
            text,
            at: At {
                offset: node.at.offset,
                origin: Origin::Default,
            },
        });
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
