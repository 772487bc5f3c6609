//! Reading plain values, and saying what was expected where something else stands.

use super::Reader;
use crate::mistake::Complaint;
use crate::shape::Word;
use crate::suggest;
use crate::tree::{Node, Value, quote};

impl Reader<'_> {
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
                let remedy = format!(
                    "put it in quotes: {}",
                    quote(&format!("{}{}", node.value.to_toml(), unit(example)))
                );
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
            Value::Overflow(text) => {
                let complaint = Complaint::new(
                    "spec.out_of_range",
                    format!("{text} is out of every range"),
                    format!("for example {example}"),
                );
                self.complain(&node.at, complaint);
                None
            }
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
            let all: Vec<&str> = names.clone().collect();
            let near = suggest::nearest(text, names);
            let remedy = near.map_or("write one of them".to_owned(), |near| format!("did you mean `{near}`?"));
            Complaint::new(
                "spec.unknown_word",
                format!("{} is none of {}", quote(text), all.join(", ")),
                remedy,
            )
        };
        self.accept(node, known(text).ok_or_else(refusal))
    }
}

/// The unit of an example that is a number and a unit, `s` of `30s`, for those who left it out.
fn unit(example: &str) -> &str {
    let unit = example.trim_start_matches(|c: char| c.is_ascii_digit());
    if unit.len() < example.len() && unit.chars().all(|c| c.is_ascii_alphabetic() || c == '%') {
        unit
    } else {
        ""
    }
}
