//! The language as a page for people.

use std::fmt::Write as _;

use crate::model::Spec;
use crate::shape::{Key, Presence, Shape, TableShape, prose};
use crate::tree::quote;

/// The reference of `seaworthy.toml` in Markdown: each table with its keys, what they take, and their defaults.
pub fn reference() -> String {
    let mut page = Page {
        text: PREFACE.to_owned(),
        sections: Vec::new(),
    };
    let root = Spec::table_shape();
    page.collect("", &Shape::Table(root));
    for (paths, table) in std::mem::take(&mut page.sections) {
        page.section(&paths, &table);
    }
    page.text
}

const PREFACE: &str = "\
# seaworthy.toml

<!-- Generated from the types of crates/spec; `UPDATE=1 cargo nextest run -p seaworthy-spec` writes it again. -->

One TOML file describes an application. Quantities carry their unit in the value: times `\"500ms\"`, `\"30s\"`,
`\"15m\"`, `\"3h\"`, `\"7d\"`; sizes `\"512MiB\"`, `\"1GiB\"`; shares `\"70%\"`; rates `\"100 / 15m per client\"`;
cores `0.25`; ranges `\"3..20\"`. Unknown keys are mistakes. `NAME` stands for a name that you choose.
";

struct Page {
    text: String,
    sections: Vec<(Vec<String>, TableShape)>,
}

impl Page {
    /// All tables of the language, in the order in which they are met, each once with all its paths.
    fn collect(&mut self, path: &str, shape: &Shape) {
        match shape {
            Shape::Table(table) => {
                if let Some((paths, _)) = self.sections.iter_mut().find(|(_, known)| known.name == table.name) {
                    paths.push(path.to_owned());
                    return;
                }
                self.sections.push((vec![path.to_owned()], *table));
                for key in (table.keys)() {
                    let below = if path.is_empty() {
                        key.name.to_owned()
                    } else {
                        format!("{path}.{}", key.name)
                    };
                    self.collect(&below, &key.shape);
                }
            }
            Shape::Map { of, .. } => self.collect(&format!("{path}.NAME"), of),
            Shape::List(of) => self.collect(path, of),
            Shape::Any(shapes) => shapes.iter().for_each(|shape| self.collect(path, shape)),
            _ => {}
        }
    }

    fn section(&mut self, paths: &[String], table: &TableShape) {
        let headings: Vec<String> = paths.iter().map(|path| format!("`[{path}]`")).collect();
        let top = paths.iter().any(String::is_empty);
        let heading = if top {
            "The top of the file".to_owned()
        } else {
            headings.join(", ")
        };
        let mut text = format!("\n## {heading}\n\n{}\n", prose(table.about));
        text.push_str("\n| key | takes | default | |\n|---|---|---|---|\n");
        for key in (table.keys)() {
            row(&mut text, &key);
        }
        self.text.push_str(&text);
    }
}

fn row(text: &mut String, key: &Key) {
    let default = match &key.presence {
        Presence::Required => "**required**".to_owned(),
        Presence::Optional => String::new(),
        Presence::Default(value) => format!("`{value}`"),
    };
    let takes = takes(&key.shape);
    // Writing to a String cannot fail; a bar would end the cell.
    let _ = writeln!(
        text,
        "| `{}` | {} | {} | {} |",
        key.name,
        cell(&takes),
        cell(&default),
        cell(&prose(key.about))
    );
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Text(text) if text.pattern.is_empty() || text.name == "text" => text.name.to_owned(),
        Shape::Text(text) => format!("{}, `{}`", text.name, quote(text.example)),
        Shape::Integer { least, most } => format!("integer, {least}–{most}"),
        Shape::Number => "number".to_owned(),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::Choice(words) => {
            let word = |word: &crate::shape::Word| format!("`{}`: {}", quote(word.word), prose(word.about));
            words.iter().map(word).collect::<Vec<_>>().join("<br>")
        }
        Shape::List(of) => format!("list, each: {}", takes(of)),
        Shape::Map { names, .. } => format!("table by {}", names.name),
        Shape::Table(_) => "table".to_owned(),
        Shape::Any(shapes) => shapes.iter().map(takes).collect::<Vec<_>>().join("<br>or "),
        Shape::Changes => "changed keys".to_owned(),
    }
}
