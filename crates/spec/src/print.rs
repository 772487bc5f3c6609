//! The merged file in TOML, each value with the part of the file that decided it.

use std::collections::BTreeMap;

use crate::form::Form;
use crate::merged::Merged;
use crate::model::{ENVIRONMENTS, Spec};
use crate::place::At;
use crate::shape::Shape;
use crate::tree::{Node, Value, join, key_text};

/// A table as it is printed: values first, then the tables in it.
#[derive(Default)]
struct Printed {
    values: BTreeMap<Rank, (String, String)>,
    tables: BTreeMap<Rank, Printed>,
}

/// A key's turn: that of the language, then the alphabet for names.
type Rank = (usize, String);

impl Merged {
    /// The merged file in TOML, each value followed by where it comes from: `base` or an environment with line and
    /// column, or `default`. Read again, it describes the same application.
    pub fn to_toml_with_origins(&self) -> String {
        let mut root = Printed::default();
        self.enter(&mut root, &self.root, Some(&Spec::shape()));
        // A table in a list is printed in one line, as it is written.
        let in_list = |path: &[String]| path.iter().any(|key| key.ends_with(']'));
        for default in self.defaults.iter().filter(|default| !in_list(&default.path)) {
            root.enter_default(&default.path, &default.text, Some(Spec::shape()));
        }
        let mut text = String::new();
        root.print("", &mut text);
        text
    }

    fn enter(&self, printed: &mut Printed, node: &Node, shape: Option<&Shape>) {
        for (key, entry) in node.table().into_iter().flatten() {
            let below = shape.and_then(|shape| shape.below(key));
            match &entry.node.value {
                // What an overlay says has been laid over the file; said again it would be said twice.
                Value::Table(_) | Value::List(_) if matches!(below, Some(Shape::Changes)) || is_unset(key, shape) => {}
                Value::Table(_) => {
                    let table = printed.tables.entry(rank(key, shape)).or_default();
                    self.enter(table, &entry.node, below.as_ref());
                }
                value => {
                    let printed_value = (value.to_toml(), self.origin(&entry.node.at));
                    printed.values.insert(rank(key, shape), printed_value);
                }
            }
        }
    }

    fn origin(&self, at: &At) -> String {
        let place = self.source.place(at);
        format!("{} {}:{}", at.origin, place.line, place.column)
    }
}

/// `unset` has done its work, as `set` has.
fn is_unset(key: &str, shape: Option<&Shape>) -> bool {
    key == "unset"
        && shape
            .and_then(|shape| shape.below("set"))
            .is_some_and(|set| matches!(set, Shape::Changes))
}

fn rank(key: &str, shape: Option<&Shape>) -> Rank {
    let keys = shape
        .and_then(Shape::table)
        .map(|table| (table.keys)())
        .unwrap_or_default();
    let turn = keys.iter().position(|known| known.name == key).unwrap_or(keys.len());
    // The environment is said last, after all that it has changed.
    (if key == ENVIRONMENTS { usize::MAX } else { turn }, key.to_owned())
}

impl Printed {
    fn enter_default(&mut self, path: &[String], value: &str, shape: Option<Shape>) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let rank = rank(first, shape.as_ref());
        if rest.is_empty() {
            self.values.insert(rank, (value.to_owned(), "default".to_owned()));
            return;
        }
        let below = shape.and_then(|shape| shape.below(first));
        self.tables.entry(rank).or_default().enter_default(rest, value, below);
    }

    fn print(&self, path: &str, text: &mut String) {
        let line =
            |((_, key), (value, _)): (&Rank, &(String, String))| format!("{} = {value}", key_text(key)).chars().count();
        let width = self.values.iter().map(line).max().unwrap_or(0).min(60);
        let own = !self.values.is_empty() || self.tables.is_empty();
        if own && !path.is_empty() {
            text.push_str(&format!("\n[{path}]\n"));
        }
        for ((_, key), (value, origin)) in &self.values {
            let line = format!("{} = {value}", key_text(key));
            text.push_str(&format!("{line:<width$}  # {origin}\n"));
        }
        for ((_, key), table) in &self.tables {
            table.print(&join(path, key), text);
        }
    }
}
