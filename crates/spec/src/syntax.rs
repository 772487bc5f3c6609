//! Text to tree. Broken TOML does not hide the rest: what can still be read is read, so that its mistakes are found in
//! the same run.

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::mistake::Complaint;
use crate::place::{At, Source};
use crate::tree::{Entry, Node, Table, Value};

/// The tree, what TOML says against the text, and the lines that were left out of the tree for it.
pub(crate) struct Syntax {
    pub(crate) root: Node,
    pub(crate) complaints: Vec<(At, Complaint)>,
    pub(crate) broken_lines: BTreeSet<usize>,
}

/// How often what TOML complains about is blanked out and the rest read again.
const ROUNDS: usize = 12;

pub(crate) fn read(source: &Source) -> Syntax {
    let mut text = source.text.clone();
    let mut complaints: Vec<(At, Complaint)> = Vec::new();
    let mut broken_lines = BTreeSet::new();
    let mut round = 0;
    loop {
        let (tree, errors) = DeTable::parse_recoverable(&text);
        if errors.is_empty() || round == ROUNDS {
            let root = Node {
                at: At::base(0),
                value: Value::Table(table(tree.get_ref())),
            };
            return Syntax {
                root,
                complaints,
                broken_lines,
            };
        }
        let mut blank = Vec::new();
        for error in &errors {
            let offset = error.span().map_or(source.text.len(), |span| span.start);
            let line = source.line(offset);
            // Later rounds see a text with holes, whose grammar errors may be of our making; a doubled key is not.
            if (round == 0 || error.message().contains("duplicate")) && !broken_lines.contains(&line) {
                complaints.push((At::base(offset), complaint(error.message(), source, offset)));
            }
            blank.extend(hole(source, line));
        }
        for line in blank {
            broken_lines.insert(line);
            let range = source.line_range(line);
            text.replace_range(
                range.clone(),
                &source.text[range].chars().map(blanked).collect::<String>(),
            );
        }
        round += 1;
    }
}

/// The same number of bytes without any meaning.
fn blanked(character: char) -> &'static str {
    const SPACES: [&str; 5] = ["", " ", "  ", "   ", "    "];
    if character == '\n' {
        "\n"
    } else {
        SPACES[character.len_utf8()]
    }
}

/// The lines that cannot be trusted for an error on this one: a broken table header takes its table with it.
fn hole(source: &Source, line: usize) -> std::ops::Range<usize> {
    let header = |line: usize| source.text[source.line_range(line)].trim_start().starts_with('[');
    if !header(line) {
        return line..line + 1;
    }
    let end = (line + 1..source.lines())
        .find(|next| header(*next))
        .unwrap_or(source.lines());
    line..end
}

fn complaint(message: &str, source: &Source, offset: usize) -> Complaint {
    let line = &source.text[source.line_range(source.line(offset))];
    let value = line.split_once('=').map(|(_, value)| value.trim());
    if value.is_some_and(|value| value.is_empty() || value.starts_with('#')) {
        let remedy = "write the value, or take the line away";
        return Complaint::new("spec.broken_toml", "there is no value after `=`", remedy);
    }
    let (id, remedy) = if message.contains("duplicate") {
        ("spec.duplicate_key", "keep one of the two")
    } else if message.contains("string") {
        ("spec.broken_toml", "texts stand in quotes: name = \"value\"")
    } else if line.trim_start().starts_with('[') {
        (
            "spec.broken_toml",
            "a table begins with [name] on a line of its own; what follows is read once it does",
        )
    } else {
        (
            "spec.broken_toml",
            "write `key = value` lines below [table] lines (https://toml.io)",
        )
    };
    Complaint::new(id, format!("this is not TOML: {message}"), remedy)
}

fn table(table: &DeTable<'_>) -> Table {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let name: &std::borrow::Cow<'_, str> = key.get_ref();
        (
            name.to_string(),
            Entry {
                key: At::base(key.span().start),
                node: node(value),
            },
        )
    };
    table.iter().map(entry).collect()
}

fn node(spanned: &Spanned<DeValue<'_>>) -> Node {
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Overflow(integer.to_string()), Value::Integer),
        DeValue::Float(float) => Value::Float(float.to_string()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
        DeValue::Array(items) => Value::List(items.iter().map(node).collect()),
        DeValue::Table(inner) => Value::Table(table(inner)),
    };
    Node {
        at: At::base(spanned.span().start),
        value,
    }
}
