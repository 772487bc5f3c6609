//! Reading the keys of a table: required, optional, with a default.

use super::Reader;
use crate::form::{Form, Print};
use crate::mistake::Complaint;
use crate::place::{At, Origin};
use crate::shape::Shape;
use crate::suggest;
use crate::tree::{Node, Table, join, quote};

impl Reader<'_> {
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
            let remedy = suggest::key(key, known);
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
        self.default_at(
            path,
            text,
            At {
                offset: node.at.offset,
                origin: Origin::Default,
            },
        );
    }
}
