//! The language as JSON Schema 2020-12, for editors.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::Spec;
use crate::shape::{Key, Presence, Shape, TableShape, TextShape, prose};

/// The JSON Schema of `seaworthy.toml`.
///
/// Tables that stand in `environments.NAME.set` have a second definition, ending in `Change`, in which nothing is
/// required.
pub fn schema() -> Value {
    let mut schema = Schema {
        definitions: BTreeMap::new(),
    };
    let root = Spec::table_shape();
    let mut document = Map::from_iter([
        (
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        ),
        ("title".to_owned(), json!("seaworthy.toml")),
    ]);
    document.extend(schema.table(&root, Use::Whole));
    let definitions: Map<String, Value> = schema.definitions.into_iter().collect();
    document.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(document)
}

/// Whether a table stands for itself or in an overlay.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Whole,
    Change,
}

struct Schema {
    definitions: BTreeMap<String, Value>,
}

impl Schema {
    fn shape(&mut self, shape: &Shape, r#use: Use) -> Map<String, Value> {
        match shape {
            Shape::Text(text) => text_schema(text),
            Shape::Integer { least, most } => object([
                ("type", json!("integer")),
                ("minimum", json!(least)),
                ("maximum", json!(most)),
            ]),
            Shape::Number => object([("type", json!("number"))]),
            Shape::Boolean => object([("type", json!("boolean"))]),
            Shape::Choice(words) => {
                let word = |word: &crate::shape::Word| json!({ "const": word.word, "description": prose(word.about) });
                object([("oneOf", words.iter().map(word).collect())])
            }
            Shape::List(of) => object([
                ("type", json!("array")),
                ("items", Value::Object(self.shape(of, Use::Whole))),
            ]),
            Shape::Map { names, of } => {
                let names = Map::from_iter([("pattern".to_owned(), json!(names.pattern))]);
                let of = Value::Object(self.shape(of, r#use));
                object([
                    ("type", json!("object")),
                    ("propertyNames", Value::Object(names)),
                    ("additionalProperties", of),
                ])
            }
            Shape::Any(shapes) => {
                let any = shapes
                    .iter()
                    .map(|shape| Value::Object(self.shape(shape, r#use)))
                    .collect();
                object([("anyOf", Value::Array(any))])
            }
            Shape::Table(table) => self.reference(table, r#use),
            Shape::Changes => {
                let mut table = Spec::table_shape();
                table.keys = changeable;
                self.reference(&table, Use::Change)
            }
        }
    }

    fn reference(&mut self, table: &TableShape, r#use: Use) -> Map<String, Value> {
        let name = format!("{}{}", table.name, if r#use == Use::Change { "Change" } else { "" });
        if !self.definitions.contains_key(&name) {
            // Entered before its keys are described, so that a table that holds itself ends.
            self.definitions.insert(name.clone(), Value::Null);
            let definition = self.table(table, r#use);
            self.definitions.insert(name.clone(), Value::Object(definition));
        }
        object([("$ref", json!(format!("#/$defs/{name}")))])
    }

    fn table(&mut self, table: &TableShape, r#use: Use) -> Map<String, Value> {
        let keys = (table.keys)();
        let required: Vec<&str> = keys
            .iter()
            .filter(|key| key.presence == Presence::Required)
            .map(|key| key.name)
            .collect();
        let properties: Map<String, Value> = keys
            .iter()
            .map(|key| (key.name.to_owned(), Value::Object(self.key(key, r#use))))
            .collect();
        let mut schema = object([
            ("type", json!("object")),
            ("description", json!(prose(table.about))),
            ("properties", Value::Object(properties)),
            ("additionalProperties", json!(false)),
        ]);
        if r#use == Use::Whole && !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }

    fn key(&mut self, key: &Key, r#use: Use) -> Map<String, Value> {
        let mut schema = self.shape(&key.shape, r#use);
        schema.insert("description".to_owned(), json!(prose(key.about)));
        if let Presence::Default(text) = &key.presence {
            schema.insert("default".to_owned(), default_value(text));
        }
        schema
    }
}

/// What an overlay may change: everything but the environments themselves.
fn changeable() -> Vec<Key> {
    let keys = (Spec::table_shape().keys)().into_iter();
    keys.filter(|key| key.name != crate::model::ENVIRONMENTS).collect()
}

fn text_schema(text: &TextShape) -> Map<String, Value> {
    let mut schema = object([("type", json!("string"))]);
    if !text.pattern.is_empty() {
        schema.insert("pattern".to_owned(), json!(text.pattern));
        schema.insert("examples".to_owned(), json!([text.example]));
    }
    schema
}

/// A default in TOML as JSON. The defaults are texts, numbers, booleans and lists of texts, which both write alike.
fn default_value(toml: &str) -> Value {
    serde_json::from_str(toml).unwrap_or_else(|_| json!(toml))
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
