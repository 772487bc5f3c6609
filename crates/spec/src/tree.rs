//! The file as a tree in which every key and value knows its place, so that overlays can be laid over it and each
//! value of the result can still say where it comes from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::place::At;

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

/// A value of TOML.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    /// As it is written: `1.10` is not `1.1` to an environment variable.
    Float(String),
    Boolean(bool),
    /// TOML's own date and time, which no key of the language takes.
    Datetime(String),
    List(Vec<Node>),
    Table(Table),
    /// A number that TOML allows and no machine type holds.
    Overflow(String),
}

/// Keys with their places, in alphabetical order.
pub(crate) type Table = BTreeMap<String, Entry>;

/// A key's place and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: At,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(crate) fn table_mut(&mut self) -> Option<&mut Table> {
        match &mut self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The value below a path of keys.
    pub(crate) fn get<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Node> {
        path.into_iter()
            .try_fold(self, |node, key| Some(&node.table()?.get(key)?.node))
    }

    /// An empty table, for a section that was not written.
    pub(crate) fn empty_table(at: At) -> Self {
        Self {
            at,
            value: Value::Table(Table::new()),
        }
    }

    /// Calls `visit` with the dotted path and the place of every key and list item below this node.
    pub(crate) fn places(&self, prefix: &str, visit: &mut impl FnMut(String, &At)) {
        match &self.value {
            Value::Table(table) => {
                for (key, entry) in table {
                    let path = join(prefix, key);
                    // A table is found by its name, a value by itself.
                    let at = if entry.node.table().is_some() {
                        &entry.key
                    } else {
                        &entry.node.at
                    };
                    visit(path.clone(), at);
                    entry.node.places(&path, visit);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{prefix}[{index}]");
                    visit(path.clone(), &item.at);
                    item.places(&path, visit);
                }
            }
            _ => {}
        }
    }
}

impl Value {
    /// What kind of value this is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) | Self::Overflow(_) => "an integer",
            Self::Float(_) => "a number",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// The value in TOML, tables inline.
    pub(crate) fn to_toml(&self) -> String {
        match self {
            Self::Text(text) => quote(text),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::Float(text) | Self::Datetime(text) | Self::Overflow(text) => text.clone(),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| item.value.to_toml()).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Table(table) if table.is_empty() => "{}".to_owned(),
            Self::Table(table) => {
                let entries: Vec<String> = table
                    .iter()
                    .map(|(key, entry)| format!("{} = {}", key_text(key), entry.node.value.to_toml()))
                    .collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

/// A dotted path with one more key.
pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key_text(key)
    } else {
        format!("{path}.{}", key_text(key))
    }
}

/// A key as TOML writes it: bare where that is possible.
pub(crate) fn key_text(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { key.to_owned() } else { quote(key) }
}

/// A TOML basic string.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
