//! Whatever is in the file: an answer, never a panic, and every mistake at a place that exists.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use seaworthy_spec::{Mistakes, parse};

const LOGISTICS: &str = include_str!("../../../examples/logistics.toml");

fn places_are_inside(text: &str, mistakes: &Mistakes) {
    let lines: Vec<&str> = text.split('\n').collect();
    for mistake in mistakes {
        let line = lines
            .get(mistake.place.line.wrapping_sub(1))
            .unwrap_or_else(|| panic!("{mistake} is below the file"));
        let columns = 1..=line.chars().count() + 1;
        assert!(columns.contains(&mistake.place.column), "{mistake} is beside {line:?}");
        assert!(!mistake.cause.is_empty() && !mistake.remedy.is_empty(), "{mistake:?}");
    }
    let order: Vec<_> = mistakes
        .iter()
        .map(|mistake| (mistake.place.line, mistake.place.column))
        .collect();
    assert!(order.is_sorted(), "{mistakes}");
}

fn try_it(text: &str) {
    match parse(text, "f") {
        Ok(file) => {
            for environment in file
                .environments()
                .iter()
                .map(String::as_str)
                .chain(["production", "qa"])
            {
                if let Err(mistakes) = file.merge(Some(environment)) {
                    places_are_inside(text, &mistakes);
                }
            }
        }
        Err(mistakes) => places_are_inside(text, &mistakes),
    }
}

/// Words of the language in any order, which reach deeper than arbitrary bytes.
fn words() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "app",
        "services",
        "env",
        "set",
        "environments",
        "release",
        "steps",
        "gates",
        "routes",
        "health",
        "unset",
        "needs",
        "to",
        "api",
        "production",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "\n",
        "\"",
        "'''",
        "\"\"\"",
        "#",
        " ",
        "é",
        "\r\n",
        "1",
        "-",
        "1.5",
        "true",
        "\"30s\"",
        "\"api\"",
        "\"100%\"",
        "1979-05-27",
        "value",
        "source",
        "\"services.api\"",
        "\\",
        "\u{0}",
    ]);
    prop::collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        try_it(&text);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        try_it(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_words(text in words()) {
        try_it(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// A good file with a piece torn out or put in.
    #[test]
    fn a_damaged_file(start in 0..LOGISTICS.len(), length in 0..40_usize, put in words()) {
        let start = LOGISTICS.floor_char_boundary(start);
        let end = LOGISTICS.floor_char_boundary((start + length).min(LOGISTICS.len())).max(start);
        try_it(&format!("{}{put}{}", &LOGISTICS[..start], &LOGISTICS[end..]));
    }
}

#[test]
fn deep_and_wide_files_end() {
    try_it(&format!("a = {}", "[".repeat(10_000)));
    try_it(&format!("a{} = 1", ".a".repeat(10_000)));
    let chain: String = (0..2000)
        .map(|n| format!("services.s{n} = {{ source = \".\", needs = [\"s{}\"] }}\n", n + 1))
        .collect();
    try_it(&chain);
}
