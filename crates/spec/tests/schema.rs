//! The JSON Schema takes what the parser takes: editors must not mark good files.
#![allow(clippy::unwrap_used)]

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

/// As much of JSON Schema as the generated one uses; a keyword beyond that is a panic, not a pass.
fn fits(schema: &Value, value: &Value, root: &Value) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().unwrap() {
        let ok = match keyword.as_str() {
            "$schema" | "title" | "description" | "default" | "examples" | "$defs" => true,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                fits(&root["$defs"][name], value, root)?;
                true
            }
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                other => panic!("type {other}"),
            },
            "const" => rule == value,
            "minimum" => value.as_i64() >= rule.as_i64(),
            "maximum" => value.as_i64() <= rule.as_i64(),
            "pattern" => value
                .as_str()
                .is_some_and(|text| regex::Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "anyOf" | "oneOf" => {
                let fitting = rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|rule| fits(rule, value, root).is_ok())
                    .count();
                fitting == 1 || (keyword == "anyOf" && fitting > 1)
            }
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
            "items" => {
                value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .try_for_each(|item| fits(rule, item, root))?;
                true
            }
            "propertyNames" => value
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .all(|key| fits(rule, &json!(key), root).is_ok()),
            "properties" => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    rule.get(key).map_or(Ok(()), |rule| {
                        fits(rule, value, root).map_err(|why| format!("{key}.{why}"))
                    })?;
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                let others = value.as_object().into_iter().flatten();
                for (key, value) in others.filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key))) {
                    match rule {
                        Value::Bool(false) => return Err(format!("{key} is not known")),
                        rule => fits(rule, value, root).map_err(|why| format!("{key}.{why}"))?,
                    }
                }
                true
            }
            other => panic!("keyword {other}"),
        };
        if !ok {
            return Err(format!(" {value} does not fit {keyword} {rule}"));
        }
    }
    Ok(())
}

fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => json!(number.as_str().parse::<i64>().unwrap()),
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().unwrap()),
        DeValue::Boolean(value) => json!(value),
        DeValue::Datetime(date) => json!({ "date": date.to_string() }),
        DeValue::Array(items) => items.iter().map(|item| json_of(item.get_ref())).collect(),
        DeValue::Table(table) => table_json(table),
    }
}

fn table_json(table: &DeTable<'_>) -> Value {
    Value::Object(
        table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())))
            .collect(),
    )
}

fn check(text: &str) -> Result<(), String> {
    let schema = seaworthy_spec::schema();
    fits(&schema, &table_json(DeTable::parse(text).unwrap().get_ref()), &schema)
}

#[test]
fn the_examples_fit() {
    for text in [
        include_str!("../../../examples/hello.toml"),
        include_str!("../../../examples/logistics.toml"),
    ] {
        check(text).unwrap();
    }
}

#[test]
fn mistakes_do_not_fit() {
    let base = "app = \"a\"\nservices.web.source = \".\"\n";
    check(base).unwrap();
    for (line, part) in [
        ("colour = \"blue\"", "colour"),
        ("services.web.port = 70000", "port"),
        ("services.web.drain = 30", "drain"),
        ("services.web.memory = \"512MB\"", "memory"),
        ("services.Web.source = \".\"", "propertyNames"),
        ("databases.db.engine = \"postgress\"", "engine"),
        ("databases.db.version = \"15\"", "required"),
        ("release.gates = [\"p97 < 1s\"]", "gates"),
        ("environments.staging.set.services.web.prot = 1", "prot"),
        (
            "environments.staging.set.environments.x.host = \"ssh://a\"",
            "environments",
        ),
    ] {
        let refused = check(&format!("{base}{line}")).unwrap_err();
        assert!(refused.contains(part), "{line}: {refused}");
    }
}
