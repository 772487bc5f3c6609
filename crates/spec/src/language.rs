//! Tests of the language as a whole: whatever `table!` defines is documented, described and really read.
#![allow(clippy::unwrap_used)]

use crate::form::Form;
use crate::model::Spec;
use crate::parse;
use crate::shape::{Key, Shape, prose};
use crate::tree::quote;

/// A key of the language: its path with names filled in, and what it says of itself.
struct Found {
    path: String,
    key: Key,
}

fn keys() -> Vec<Found> {
    let mut found = Vec::new();
    collect("", &Spec::shape(), &mut found);
    found
}

fn collect(path: &str, shape: &Shape, found: &mut Vec<Found>) {
    match shape {
        Shape::Table(table) => {
            for key in (table.keys)() {
                let below = if path.is_empty() {
                    key.name.to_owned()
                } else {
                    format!("{path}.{}", key.name)
                };
                collect(&below, &key.shape, found);
                found.push(Found { path: below, key });
            }
        }
        Shape::Map { names, of } => collect(&format!("{path}.{}", name(names.example)), of, found),
        Shape::Any(shapes) => shapes.iter().for_each(|shape| collect(path, shape, found)),
        Shape::List(of) => collect(&format!("{path}[]"), of, found),
        _ => {}
    }
}

/// Names of the examples must not meet those of the file that they are tried in.
fn name(example: &str) -> &str {
    if example == "name" { "api" } else { example }
}

/// Every way of writing a value.
fn examples(shape: &Shape) -> Vec<String> {
    match shape {
        Shape::Text(text) => vec![quote(text.example)],
        Shape::Integer { least, most } => vec![least.to_string(), most.to_string()],
        Shape::Number => vec!["0.5".to_owned(), "2".to_owned()],
        Shape::Boolean => vec!["true".to_owned(), "false".to_owned()],
        Shape::Choice(words) => words.iter().map(|word| quote(word.word)).collect(),
        Shape::List(of) => vec![format!("[{}]", examples(of).join(", "))],
        Shape::Map { names, of } => examples(of)
            .iter()
            .map(|of| format!("{{ {} = {of} }}", name(names.example)))
            .collect(),
        Shape::Any(shapes) => shapes.iter().flat_map(examples).collect(),
        Shape::Changes => vec!["{ timezone = \"Europe/Berlin\" }".to_owned()],
        Shape::Table(table) => {
            let keys = (table.keys)()
                .into_iter()
                .filter(|key| !table.one_of[1.min(table.one_of.len())..].contains(&key.name));
            let entry = |key: Key| format!("{} = {}", key.name, examples(&key.shape).first().unwrap());
            vec![format!("{{ {} }}", keys.map(entry).collect::<Vec<_>>().join(", "))]
        }
    }
}

/// What is wrong with a value itself when it is all that the file says.
fn told(path: &str, value: &str) -> Vec<String> {
    let text = match path.split_once("[].") {
        Some((list, key)) => format!("{list} = [{{ {key} = {value} }}]\n"),
        None => format!("{path} = {value}\n"),
    };
    let Err(mistakes) = parse(&text, "f") else {
        return Vec::new();
    };
    const ABOUT_VALUES: [&str; 8] = [
        "spec.unknown_key",
        "spec.wrong_type",
        "spec.bad_unit",
        "spec.out_of_range",
        "spec.bad_text",
        "spec.unknown_word",
        "spec.bad_schedule",
        "spec.broken_toml",
    ];
    let about = mistakes
        .into_iter()
        .filter(|mistake| ABOUT_VALUES.contains(&mistake.id));
    about.map(|mistake| format!("{text}{mistake}")).collect()
}

#[test]
fn every_key_is_documented() {
    for Found { path, key } in keys() {
        let about = prose(key.about);
        assert!(about.len() > 10 || about.ends_with('.'), "{path} says {about:?}");
    }
}

#[test]
fn every_key_takes_each_of_its_examples() {
    let keys = keys();
    assert!(keys.len() > 100, "only {} keys were found", keys.len());
    for Found { path, key } in keys {
        for example in examples(&key.shape) {
            assert_eq!(told(&path, &example), Vec::<String>::new());
        }
    }
}

/// A date fits nowhere, so a key that does not complain about one is not read at all.
#[test]
fn every_key_is_read() {
    for Found { path, .. } in keys() {
        let told = told(&path, "1979-05-27");
        assert!(
            told.iter().any(|told| told.contains("not a")),
            "{path} takes a date: {told:?}"
        );
    }
}

#[test]
fn every_key_appears_in_schema_and_reference() {
    let (schema, reference) = (crate::schema(), crate::reference());
    let definitions: Vec<_> = schema["$defs"].as_object().unwrap().values().chain([&schema]).collect();
    for Found { path, key } in keys() {
        let about = prose(key.about);
        let described =
            |definition: &&&serde_json::Value| definition["properties"][key.name]["description"] == about.as_str();
        assert!(
            definitions.iter().any(|definition| described(&definition)),
            "{path} is not in the schema"
        );
        assert!(
            reference.contains(&format!("| `{}` |", key.name)),
            "{path} is not in the reference"
        );
    }
}

#[test]
fn every_pattern_compiles_and_takes_its_example() {
    fn patterns(shape: &Shape, check: &mut impl FnMut(&str, &str)) {
        match shape {
            Shape::Text(text) => check(text.pattern, text.example),
            Shape::List(of) => patterns(of, check),
            Shape::Map { names, of } => {
                check(names.pattern, names.example);
                patterns(of, check);
            }
            Shape::Any(shapes) => shapes.iter().for_each(|shape| patterns(shape, check)),
            Shape::Table(table) => (table.keys)().iter().for_each(|key| patterns(&key.shape, check)),
            _ => {}
        }
    }
    patterns(&Spec::shape(), &mut |pattern, example| {
        assert!(
            regex::Regex::new(pattern).unwrap().is_match(example),
            "{pattern} does not take {example}"
        );
    });
}
