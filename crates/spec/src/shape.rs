//! What the language looks like, as a value: the JSON Schema, the reference page, suggestions for unknown keys and the
//! rules of overlays are all read from it.

/// What may stand somewhere.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// A text that matches a pattern.
    Text(TextShape),
    /// A whole number within bounds.
    Integer { least: i64, most: i64 },
    /// A number, also with a fraction.
    Number,
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    Choice(&'static [Word]),
    /// A list of the same.
    List(Box<Shape>),
    /// A table whose keys are names that the author chooses.
    Map { names: TextShape, of: Box<Shape> },
    /// A table of known keys.
    Table(TableShape),
    /// Any of these.
    Any(Vec<Shape>),
    /// The `set` of an environment: the file itself, every key optional.
    Changes,
}

/// A text's pattern (understood by JSON Schema and by Rust alike) and one that fits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TextShape {
    /// What it is called in the reference, `time`, `path`.
    pub(crate) name: &'static str,
    pub(crate) pattern: &'static str,
    pub(crate) example: &'static str,
}

/// A word of the language and what it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    pub(crate) word: &'static str,
    pub(crate) about: &'static [&'static str],
}

/// A table of known keys. The keys are a function so that a table may hold itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableShape {
    pub(crate) name: &'static str,
    pub(crate) about: &'static [&'static str],
    pub(crate) keys: fn() -> Vec<Key>,
    /// Keys of which a table has only one: an overlay that sets one of them takes the others away.
    pub(crate) one_of: &'static [&'static str],
    /// The key that a plain value stands for, where the table may be written as one.
    pub(crate) plain: Option<&'static str>,
}

/// A key of a table.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) about: &'static [&'static str],
    pub(crate) shape: Shape,
    pub(crate) presence: Presence,
}

/// Whether a key must be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Presence {
    Required,
    Optional,
    /// Not written it has this value, in TOML.
    Default(String),
}

impl Shape {
    /// The table of known keys that may stand here.
    pub(crate) fn table(&self) -> Option<&TableShape> {
        match self {
            Self::Table(table) => Some(table),
            Self::Any(shapes) => shapes.iter().find_map(Self::table),
            _ => None,
        }
    }

    /// What may stand below a key.
    pub(crate) fn below(&self, key: &str) -> Option<Shape> {
        match self {
            Self::Table(table) => (table.keys)()
                .into_iter()
                .find(|known| known.name == key)
                .map(|known| known.shape),
            Self::Map { of, .. } => Some((**of).clone()),
            Self::Any(shapes) => shapes.iter().find_map(|shape| shape.below(key)),
            _ => None,
        }
    }
}

/// The lines of a doc comment as one text; an empty line separates paragraphs.
pub(crate) fn prose(about: &[&str]) -> String {
    about
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join(" ")
        .trim()
        .to_owned()
}
