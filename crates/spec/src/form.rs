//! The forms a value may be written in. Every key of the language names its form, and the form does everything: it
//! reads, it describes itself for schema and reference, and it prints defaults.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::tree::{Node, Value, quote};

/// A way of writing a value.
pub(crate) trait Form {
    /// What it is read into.
    type Value;

    /// Reads the value. `None` after every mistake has been told to the reader.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value>;

    /// What may be written.
    fn shape() -> Shape;

    /// What stands for a required value that is missing or wrong, so that the rest is still read.
    fn stand_in() -> Option<Self::Value> {
        None
    }
}

/// A form whose values can be printed as they are written in TOML.
pub(crate) trait Print: Form {
    /// The value in TOML.
    fn print(value: &Self::Value) -> String;
}

/// A text with rules of its own that stays a text.
pub(crate) trait TextForm {
    /// Its name, pattern and example.
    const SHAPE: TextShape;
    /// Whether it may hold something that must not be repeated in messages.
    const CONFIDENTIAL: bool = false;

    /// What is wrong with the text.
    fn check(text: &str) -> Result<(), Complaint>;
}

/// The form of a text with rules.
pub(crate) struct Text<T>(PhantomData<T>);

impl<T: TextForm> Form for Text<T> {
    type Value = String;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        let text = reader.text(node, T::SHAPE.name, T::SHAPE.example)?;
        reader.accept(node, T::check(text))?;
        Some(text.to_owned())
    }

    fn shape() -> Shape {
        Shape::Text(T::SHAPE)
    }

    fn stand_in() -> Option<String> {
        Some(String::new())
    }
}

impl<T: TextForm> Print for Text<T> {
    fn print(value: &String) -> String {
        quote(value)
    }
}

/// A list, each item in the same form.
impl<F: Form> Form for Vec<F> {
    type Value = Vec<F::Value>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let Value::List(items) = &node.value else {
            reader.wrong_type(node, "a list", "put square brackets around it: [ … ]");
            return None;
        };
        // Every item is read before the first wrong one spoils the list, so that all are told.
        let read: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(index, item)| reader.at_index(index, |reader| F::read(item, reader)))
            .collect();
        read.into_iter().collect()
    }

    fn shape() -> Shape {
        Shape::List(Box::new(F::shape()))
    }
}

impl<F: Print> Print for Vec<F> {
    fn print(value: &Self::Value) -> String {
        format!("[{}]", value.iter().map(F::print).collect::<Vec<_>>().join(", "))
    }
}

/// A list that may be written as its only item.
pub(crate) struct OneOrMore<F>(PhantomData<F>);

impl<F: Form> Form for OneOrMore<F> {
    type Value = Vec<F::Value>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        match node.value {
            Value::List(_) => Vec::<F>::read(node, reader),
            _ => F::read(node, reader).map(|item| vec![item]),
        }
    }

    fn shape() -> Shape {
        Shape::Any(vec![F::shape(), Vec::<F>::shape()])
    }
}

/// A table whose keys are names, each with a value in the same form.
pub(crate) struct Map<K, F>(PhantomData<(K, F)>);

impl<K: TextForm, F: Form> Form for Map<K, F> {
    type Value = BTreeMap<String, F::Value>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self::Value> {
        let Some(table) = node.table() else {
            reader.wrong_type(node, "a table", "write it as a [table] of names");
            return None;
        };
        let mut map = BTreeMap::new();
        for (name, entry) in table {
            let value = reader.at_key(name, |reader| {
                let named = reader.accept_key(entry, K::check(name));
                F::read(&entry.node, reader).filter(|_| named.is_some())
            });
            // What could not be read is left out; its key is spoiled, so no rule asks where it is.
            map.extend(value.map(|value| (name.clone(), value)));
        }
        Some(map)
    }

    fn shape() -> Shape {
        Shape::Map {
            names: K::SHAPE,
            of: Box::new(F::shape()),
        }
    }
}

impl Form for bool {
    type Value = bool;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<bool> {
        match node.value {
            Value::Boolean(value) => Some(value),
            _ => {
                reader.wrong_type(node, "a boolean", "write true or false, without quotes");
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Boolean
    }
}

impl Print for bool {
    fn print(value: &bool) -> String {
        value.to_string()
    }
}

/// Any text, also an empty one.
impl Form for String {
    type Value = String;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        reader.text(node, "text", "text").map(str::to_owned)
    }

    fn shape() -> Shape {
        Shape::Text(TextShape {
            name: "text",
            pattern: "",
            example: "text",
        })
    }
}

impl Print for String {
    fn print(value: &String) -> String {
        quote(value)
    }
}

/// A whole number from `LEAST` to `MOST`.
pub(crate) struct Count<const LEAST: u32, const MOST: u32>;

impl<const LEAST: u32, const MOST: u32> Form for Count<LEAST, MOST> {
    type Value = u32;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<u32> {
        let number = reader.integer(node, i64::from(LEAST))?;
        let within = u32::try_from(number)
            .ok()
            .filter(|number| (LEAST..=MOST).contains(number));
        let refusal = || {
            let cause = format!("{number} is out of range ({LEAST}–{MOST})");
            Complaint::new(
                "spec.out_of_range",
                cause,
                format!("write a number from {LEAST} to {MOST}"),
            )
        };
        reader.accept(node, within.ok_or_else(refusal))
    }

    fn shape() -> Shape {
        Shape::Integer {
            least: i64::from(LEAST),
            most: i64::from(MOST),
        }
    }
}

impl<const LEAST: u32, const MOST: u32> Print for Count<LEAST, MOST> {
    fn print(value: &u32) -> String {
        value.to_string()
    }
}

/// A TCP port.
pub(crate) struct Port;

impl Form for Port {
    type Value = u16;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<u16> {
        let number = reader.integer(node, 8080)?;
        let refusal = || {
            let cause = format!("{number} is not a port (1–65535)");
            Complaint::new("spec.out_of_range", cause, "write a number from 1 to 65535")
        };
        let port = u16::try_from(number).ok().filter(|port| *port != 0).ok_or_else(refusal);
        reader.accept(node, port)
    }

    fn shape() -> Shape {
        Shape::Integer { least: 1, most: 65535 }
    }
}
