//! What a source directory is, how it is built and how it is started.
//!
//! The shell gathers [`SourceFacts`] (which files there are, and the text of the few that say something); everything
//! here is a decision over them. Each answer carries its evidence, so that `plan` can show why.
//!
//! What an application asks for wins over what its files suggest: a `Procfile` names the command, its stack names the
//! build. Between stacks, a server wins over files that are only served.
//!
//! Commands run in the artifact's directory, find the programs of `node_modules/.bin` and `.venv/bin` there first, and
//! listen on `127.0.0.1:$PORT`. A command that takes the port as an argument is a shell line with `"$PORT"`; it starts
//! with `exec`, so that no shell stands between keeper and server.

mod dockerfile;
mod facts;
mod go;
mod health;
mod node;
mod node_packages;
mod procfile;
mod python;
mod python_packages;
mod python_server;
mod rust;
mod static_site;
#[cfg(test)]
mod tests;

use std::fmt;

use seaworthy_spec::CommandLine;
use serde::{Deserialize, Serialize};

pub use facts::{SourceFacts, content_limit};
pub use static_site::{SERVE_STATIC, STATIC_SERVER};

/// The kind of source, which decides how a build's result is made runnable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stack {
    /// JavaScript or TypeScript run by Node.
    Node,
    /// Python in a virtual environment, `.venv`.
    Python,
    /// A Rust binary in `bin`.
    Rust,
    /// A Go binary in `bin`.
    Go,
    /// Files that are served as they are.
    Static,
    /// Nothing known: copied, and started by the command that was given.
    None,
}

impl Stack {
    /// The stack's name, as it stands in plans, build requests and manifests.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Static => "static",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was detected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detected {
    /// The kind of source.
    pub stack: Stack,
    /// The shell command that builds it; none where copying is enough.
    pub build: Option<String>,
    /// The command of each instance; none where the source says how it is built and not what is started.
    pub command: Option<CommandLine>,
    /// Why there is no command. Always there when `command` is none, and an error unless the file gives a command.
    pub missing: Option<NotDetected>,
    /// Whether it takes requests. True unless the source says that it does not.
    pub listens: bool,
    /// The port its container listens on, where a Dockerfile names one. Natively the port is `$PORT`.
    pub port: Option<u16>,
    /// The path of a health route found in its code.
    pub health_path: Option<String>,
    /// The evidence, in the order in which it was used.
    pub because: Vec<Because>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// What was concluded, a phrase such as `npm ci, because there is a lock file`.
    pub what: String,
    /// The file it was read from, relative to the source.
    pub file: String,
}

/// Why nothing could be detected, or not what to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{file}: {cause}")]
pub struct NotDetected {
    /// The file that stopped it, or `.` when no known file is there.
    pub file: String,
    /// What is missing, unclear or broken.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

impl NotDetected {
    fn new(file: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }

    /// What to do about it, one sentence.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl Detected {
    /// What is known of a source in which nothing was found: it is copied, and the file must say how it starts.
    pub fn nothing(missing: NotDetected) -> Self {
        Self::built(Stack::None, None, Vec::new()).starts_nothing(missing)
    }

    /// What a stack knows before it has looked for the program: how it is built, from these files.
    fn built(stack: Stack, build: Option<String>, because: Vec<Because>) -> Self {
        Self {
            stack,
            build,
            command: None,
            missing: None,
            listens: true,
            port: None,
            health_path: None,
            because,
        }
    }

    /// The same with its command.
    fn starts(mut self, command: CommandLine, evidence: Because) -> Self {
        self.command = Some(command);
        self.because.push(evidence);
        self
    }

    /// The same with the reason why there is no command.
    fn starts_nothing(mut self, why: NotDetected) -> Self {
        self.missing = Some(why);
        self
    }
}

/// What one stack says of a source: nothing (not its own), what it is, or which of its files is broken.
type Candidate = Option<Result<Detected, NotDetected>>;

/// Says what a source directory is, how it is built and how it is started.
///
/// # Errors
///
/// [`NotDetected`] names the file and the cause when the source is of no known kind or a file that decides is broken.
/// A source that can be built, and of which it is not clear what to start, is answered with [`Detected::missing`].
pub fn detect(facts: &SourceFacts) -> Result<Detected, NotDetected> {
    let mut detected = match (procfile::detect(facts)?, stack(facts)) {
        (Some(process), built) => procfile::over(process, built.transpose()?),
        (None, Some(built)) => built?,
        (None, None) => return Err(nothing_known(facts)),
    };
    if let Some(port) = dockerfile::exposed_port(facts) {
        detected.port = Some(port.value);
        detected.because.push(port.because);
    }
    if detected.listens
        && detected.stack != Stack::Static
        && let Some(health) = health::path(facts)
    {
        detected.health_path = Some(health.value);
        detected.because.push(health.because);
    }
    Ok(detected)
}

/// The stack that takes the source: the first that can be started, else the first that can be built.
fn stack(facts: &SourceFacts) -> Candidate {
    let python = python::detect(facts);
    let node = node::detect(facts);
    // Django keeps a package.json for its assets, and a Node server keeps Python scripts: manage.py tells them apart.
    let (first, second) = if facts.has("manage.py") {
        (python, node)
    } else {
        (node, python)
    };
    let mut passed_over = None;
    for candidate in [
        first,
        second,
        rust::detect(facts),
        go::detect(facts),
        static_site::detect(facts),
    ] {
        match candidate {
            Some(Ok(mut detected)) if detected.command.is_some() => {
                mention_others(facts, &mut detected);
                return Some(Ok(detected));
            }
            other => passed_over = passed_over.or(other),
        }
    }
    passed_over
}

/// Names the stacks that were passed over, so that a wrong choice is seen at once.
fn mention_others(facts: &SourceFacts, detected: &mut Detected) {
    let known = [
        (Stack::Python, "manage.py"),
        (Stack::Python, "requirements.txt"),
        (Stack::Python, "pyproject.toml"),
        (Stack::Node, "package.json"),
        (Stack::Rust, "Cargo.toml"),
        (Stack::Go, "go.mod"),
    ];
    let mut named = vec![detected.stack];
    for (stack, file) in known {
        let used = detected.because.iter().any(|because| because.file == file);
        if facts.has(file) && !used && !named.contains(&stack) {
            named.push(stack);
            detected.because.push(Because {
                what: format!("{stack} files too; set build and command if those are meant"),
                file: file.to_owned(),
            });
        }
    }
}

fn nothing_known(facts: &SourceFacts) -> NotDetected {
    const REMEDY: &str = "set command (and build, if it needs one) for this service in seaworthy.toml";
    if facts.files.is_empty() {
        return NotDetected::new(
            ".",
            "the source directory is empty",
            "set source to the directory that holds the application",
        );
    }
    if facts.has("Dockerfile") {
        return NotDetected::new(
            "Dockerfile",
            "a Dockerfile alone does not say how the application runs without a container",
            format!("{REMEDY}, or choose platform = \"docker\""),
        );
    }
    if let Some(other) = facts
        .files
        .iter()
        .find_map(|file| foreign(file).map(|name| (file, name)))
    {
        return NotDetected::new(other.0, format!("{} applications are not detected", other.1), REMEDY);
    }
    NotDetected::new(
        ".",
        "none of package.json, pyproject.toml, requirements.txt, main.py, Cargo.toml, go.mod, Procfile or index.html is here",
        REMEDY,
    )
}

/// Build files of languages that are built by a given command only.
fn foreign(file: &str) -> Option<&'static str> {
    match file {
        "Gemfile" => Some("Ruby"),
        "composer.json" => Some("PHP"),
        "pom.xml" | "build.gradle" | "build.gradle.kts" => Some("Java"),
        "mix.exs" => Some("Elixir"),
        "deno.json" | "deno.jsonc" => Some("Deno"),
        _ if file.ends_with(".csproj") => Some(".NET"),
        _ => None,
    }
}

/// A value with where it was found.
struct Found<T> {
    value: T,
    because: Because,
}

fn because(file: &str, what: impl Into<String>) -> Because {
    Because {
        what: what.into(),
        file: file.to_owned(),
    }
}
