//! What a Python source installs, and how.
//!
//! Everything goes into `.venv`, made by the interpreter that the builder found. Where another tool wrote the lock
//! file, that tool is installed into a directory of its own, installs what the lock says, and leaves no trace.

use serde_json::Value;

use super::{Because, NotDetected, SourceFacts, because};

/// What a source installs.
pub(super) struct Packages {
    /// Normalised names of the packages it asks for.
    names: Vec<String>,
    /// The shell commands that install them.
    pub(super) steps: Vec<String>,
    /// Why.
    pub(super) because: Because,
}

impl Packages {
    /// Whether a package is asked for.
    pub(super) fn asks_for(&self, package: &str) -> bool {
        self.names.iter().any(|name| name == package)
    }

    /// The first of these packages that is asked for.
    pub(super) fn first(&self, packages: &[&'static str]) -> Option<&'static str> {
        packages.iter().copied().find(|package| self.asks_for(package))
    }

    /// Installs one more package.
    pub(super) fn add(&mut self, requirement: &str) {
        self.steps.push(format!("{PIP} {requirement}"));
    }
}

const VENV: &str = "python3 -m venv .venv";
const PIP: &str = ".venv/bin/python -m pip install --no-input";

/// Reads what is to be installed. None when no file says so.
pub(super) fn choose(facts: &SourceFacts) -> Result<Option<Packages>, NotDetected> {
    let project = facts.toml("pyproject.toml")?;
    let pipfile = facts.toml("Pipfile")?;
    let empty = Value::Null;
    let mut names = Vec::new();
    for (file, text) in &facts.contents {
        if file.starts_with("requirements") {
            names.extend(text.lines().filter_map(requirement_name));
        }
    }
    let project = project.as_ref().unwrap_or(&empty);
    let dependencies: Vec<&str> = strings(&project["project"]["dependencies"]);
    names.extend(dependencies.iter().filter_map(|line| requirement_name(line)));
    names.extend(keys(&project["tool"]["poetry"]["dependencies"]));
    names.extend(keys(&pipfile.as_ref().unwrap_or(&empty)["packages"]));

    let (steps, because) = if facts.has("uv.lock") && !project.is_null() {
        let sync = "UV_PROJECT_ENVIRONMENT=.venv UV_PYTHON_DOWNLOADS=never .tools/bin/uv sync --frozen --no-dev --no-editable --python .venv/bin/python";
        (
            with_tool("uv", sync),
            because("uv.lock", "uv sync, because of its lock file"),
        )
    } else if facts.has("poetry.lock") && !project.is_null() {
        let install =
            "POETRY_VIRTUALENVS_IN_PROJECT=true .tools/bin/poetry install --only main --no-root --no-interaction";
        (
            with_tool("poetry", install),
            because("poetry.lock", "poetry install, because of its lock file"),
        )
    } else if facts.has("Pipfile.lock") {
        let install = "PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 .tools/bin/pipenv sync";
        (
            with_tool("pipenv", install),
            because("Pipfile.lock", "pipenv sync, because of its lock file"),
        )
    } else if facts.has("requirements.txt") {
        (
            vec![VENV.to_owned(), format!("{PIP} -r requirements.txt")],
            because("requirements.txt", "pip install -r requirements.txt"),
        )
    } else if project.get("build-system").is_some() {
        (
            vec![VENV.to_owned(), format!("{PIP} .")],
            because("pyproject.toml", "pip install of the project"),
        )
    } else if !dependencies.is_empty() {
        // Without a build system, setuptools would be guessed and refuse a directory with two packages.
        let quoted: Vec<String> = dependencies.iter().map(|line| quote(line)).collect();
        (
            vec![VENV.to_owned(), format!("{PIP} {}", quoted.join(" "))],
            because("pyproject.toml", "pip install of the project's dependencies"),
        )
    } else if !project.is_null() {
        (
            vec![VENV.to_owned()],
            because("pyproject.toml", "no packages to install"),
        )
    } else {
        return Ok(None);
    };
    Ok(Some(Packages { names, steps, because }))
}

/// A source of plain Python files: the virtual environment only pins the interpreter.
pub(super) fn none(evidence: Because) -> Packages {
    Packages {
        names: Vec::new(),
        steps: vec![format!("{VENV} --without-pip")],
        because: evidence,
    }
}

fn with_tool(tool: &str, run: &str) -> Vec<String> {
    vec![
        VENV.to_owned(),
        "python3 -m venv .tools".to_owned(),
        format!(".tools/bin/python -m pip install --no-input {tool}"),
        run.to_owned(),
        "rm -rf .tools".to_owned(),
    ]
}

/// The normalised name at the start of a requirement such as `Flask[async]>=3 ; python_version > "3.8"`.
fn requirement_name(line: &str) -> Option<String> {
    let line = line.trim();
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(line.len());
    let name = normalised(&line[..end]);
    (!name.is_empty() && !line.starts_with(['-', '#', '.'])).then_some(name)
}

/// Package names compare in lower case with runs of `-`, `_`, `.` as one `-` (PEP 503).
fn normalised(name: &str) -> String {
    let parts: Vec<String> = name
        .split(['-', '_', '.'])
        .filter(|part| !part.is_empty())
        .map(str::to_lowercase)
        .collect();
    parts.join("-")
}

fn strings(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

fn keys(value: &Value) -> Vec<String> {
    value
        .as_object()
        .map(|map| map.keys().map(|key| normalised(key)).collect())
        .unwrap_or_default()
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
