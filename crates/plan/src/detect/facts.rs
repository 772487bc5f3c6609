//! What the shell gathers about a source directory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::NotDetected;

/// What is known about a source directory: plain data, gathered elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceFacts {
    /// The files of the top levels (three directories deep), relative, `/`-separated, sorted.
    pub files: Vec<String>,
    /// The text of the files that [`content_limit`] asks for, cut at that limit.
    pub contents: BTreeMap<String, String>,
}

/// How many bytes of a file detection wants to read; none for a file whose presence is enough.
pub fn content_limit(path: &str) -> Option<usize> {
    const WHOLE: usize = 1 << 20;
    const HEAD: usize = 64 << 10;
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let depth = path.matches('/').count();
    let top = depth == 0;
    match name {
        "package.json" | "pyproject.toml" | "Pipfile" | "go.mod" | "Procfile" | "Dockerfile" | ".yarnrc.yml"
        | "index.html"
            if top =>
        {
            Some(WHOLE)
        }
        "Cargo.toml" if depth <= 2 => Some(WHOLE),
        _ if name.starts_with("requirements") && name.ends_with(".txt") && top => Some(WHOLE),
        _ if name.starts_with("next.config.") || name.starts_with("vite.config.") => top.then_some(HEAD),
        "manage.py" => top.then_some(HEAD),
        "main.rs" | "main.go" if depth <= 2 => Some(HEAD),
        _ if depth <= 1 && !is_test_directory(directory) && is_entry(name) => Some(HEAD),
        _ => None,
    }
}

/// Whether a file of this name may be where a program starts or its routes stand.
fn is_entry(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else {
        return false;
    };
    match extension {
        "py" => matches!(
            stem,
            "main" | "app" | "wsgi" | "asgi" | "server" | "application" | "__init__" | "__main__" | "urls"
        ),
        "js" | "mjs" | "cjs" | "ts" => matches!(stem, "server" | "index" | "app" | "main"),
        _ => false,
    }
}

fn is_test_directory(directory: &str) -> bool {
    matches!(directory, "test" | "tests" | "docs" | "examples" | "example" | "spec")
}

impl SourceFacts {
    /// Whether there is such a file.
    pub fn has(&self, path: &str) -> bool {
        self.files.binary_search_by(|file| file.as_str().cmp(path)).is_ok()
    }

    /// The text of a file, where it was gathered.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.contents.get(path).map(String::as_str)
    }

    /// The first of these files that is there.
    pub(super) fn first<'a>(&self, paths: &[&'a str]) -> Option<&'a str> {
        paths.iter().copied().find(|path| self.has(path))
    }

    /// A JSON file; none when it is not there.
    pub(super) fn json(&self, path: &str) -> Result<Option<Value>, NotDetected> {
        let Some(text) = self.text(path) else {
            return Ok(None);
        };
        // Editors on Windows write a byte-order mark, which npm accepts.
        serde_json::from_str(text.trim_start_matches('\u{feff}'))
            .map(Some)
            .map_err(|error| broken(path, &error.to_string()))
    }

    /// A TOML file as the same kind of value as JSON; none when it is not there.
    pub(super) fn toml(&self, path: &str) -> Result<Option<Value>, NotDetected> {
        let Some(text) = self.text(path) else {
            return Ok(None);
        };
        let table = DeTable::parse(text).map_err(|error| broken(path, error.message()))?;
        Ok(Some(json_of_table(table.get_ref())))
    }
}

fn broken(path: &str, cause: &str) -> NotDetected {
    NotDetected::new(
        path,
        format!("cannot be parsed: {cause}"),
        format!("correct {path}, or set build and command for this service in seaworthy.toml"),
    )
}

fn json_of_table(table: &DeTable<'_>) -> Value {
    let entries = table
        .iter()
        .map(|(key, value)| (key.get_ref().to_string(), json_of(value.get_ref())));
    Value::Object(entries.collect())
}

/// Detection reads names, lists and tables; numbers and dates keep their spelling as text.
fn json_of(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Integer(number) => Value::String(number.as_str().to_owned()),
        DeValue::Float(number) => Value::String(number.as_str().to_owned()),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json_of(item.get_ref())).collect()),
        DeValue::Table(table) => json_of_table(table),
    }
}
