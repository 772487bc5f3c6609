//! Environment variables, and values that are written elsewhere.

use serde::{Deserialize, Serialize};

use crate::form::{Count, Form, Text};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::table::{choices, keys, table};
use crate::text::{Pattern, Reference, SecretName};
use crate::tree::{Node, Table, Value};

table! {
    /// One environment variable and what it must look like. A plain value sets `value`.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct EnvVar with Source one_of ["value", "secret", "from"] plain "value" {
        /// Where the value comes from.
        pub source: EnvSource = given(read_keys),
        /// The allowed values.
        pub one_of: Vec<String> = several(Vec<Scalar>),
        /// A regular expression the whole value must match.
        pub matches: Option<String> = optional(Text<Pattern>),
        /// The least number of characters.
        pub min_length: Option<u32> = optional(Count<1, 65536>),
        /// What the value must be.
        pub kind: EnvKind as "type" = default(EnvKind, EnvKind::String),
    }
}

keys! {
    /// A value that stands elsewhere. A plain text sets `value`.
    pub(crate) struct Source one_of ["value", "secret", "from"] plain "value" {
        /// The value itself.
        "value" = optional(Scalar),
        /// The name of a secret in the secret store.
        "secret" = optional(Text<SecretName>),
        /// Another part of the file, for example `services.api.url`.
        "from" = optional(Text<Reference>),
    }
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvSource {
    /// Written in the file.
    Value(String),
    /// In the secret store, by name.
    Secret(String),
    /// Another part of the file, for example `services.api.url`.
    From(String),
    /// Constraints without a value: an overlay must give one.
    Missing,
}

choices! {
    /// What a variable's value must be (`type = "integer"`).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum EnvKind {
        /// Any text.
        String = "string",
        /// A whole number.
        Integer = "integer",
        /// A number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// An absolute URL.
        Url = "url",
        /// A port, 1–65535.
        Port = "port",
    }
}

/// The form of a variable: its value alone, or a table.
pub(crate) struct Variable;

impl Form for Variable {
    type Value = EnvVar;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<EnvVar> {
        if node.table().is_some() {
            return EnvVar::read(node, reader);
        }
        let source = EnvSource::Value(Scalar::read(node, reader)?);
        Some(EnvVar {
            source,
            one_of: Vec::new(),
            matches: None,
            min_length: None,
            kind: EnvKind::String,
        })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Scalar::shape(), EnvVar::shape()])
    }
}

impl Form for EnvSource {
    type Value = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if node.table().is_none() {
            return String::read(node, reader).map(Self::Value);
        }
        let known = ["value", "secret", "from"];
        reader.table(node, &known)?;
        let source = read_keys(node, reader)?;
        let refusal = || {
            Complaint::new(
                "spec.no_value",
                "no value is given",
                "write { secret = \"NAME\" } or the value itself",
            )
        };
        reader.accept(node, (source != Self::Missing).then_some(source).ok_or_else(refusal))
    }

    fn shape() -> Shape {
        Shape::Any(vec![String::shape(), Shape::Table(Source::table_shape())])
    }
}

/// The one of `value`, `secret` and `from` that is written.
fn read_keys(node: &Node, reader: &mut Reader<'_>) -> Option<EnvSource> {
    let nothing = Table::new();
    let table = node.table().unwrap_or(&nothing);
    let sources = [
        table
            .contains_key("value")
            .then(|| reader.optional::<Scalar>(table, "value").map(EnvSource::Value)),
        table.contains_key("secret").then(|| {
            reader
                .optional::<Text<SecretName>>(table, "secret")
                .map(EnvSource::Secret)
        }),
        table
            .contains_key("from")
            .then(|| reader.optional::<Text<Reference>>(table, "from").map(EnvSource::From)),
    ];
    let mut written = sources.into_iter().flatten();
    let source = written.next().unwrap_or(Some(EnvSource::Missing));
    let refusal = || {
        Complaint::new(
            "spec.two_values",
            "more than one of value, secret and from is given",
            "keep one of them",
        )
    };
    reader.accept(node, written.next().is_none().then_some(()).ok_or_else(refusal))?;
    source
}

/// A text, number or boolean, kept as a text.
pub(crate) struct Scalar;

impl Form for Scalar {
    type Value = String;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Overflow(_) => Some(node.value.to_toml()),
            _ => {
                reader.wrong_type(node, "a plain value", "write a text, a number, true or false");
                None
            }
        }
    }

    fn shape() -> Shape {
        let text = TextShape {
            name: "text",
            pattern: "",
            example: "value",
        };
        Shape::Any(vec![Shape::Text(text), Shape::Number, Shape::Boolean])
    }
}
