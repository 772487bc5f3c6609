//! A command that ran, and what can be said of it.

use std::fmt;
use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

/// How a command ended and what it wrote.
#[derive(Debug)]
pub(crate) struct Ran {
    shown: String,
    code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Ran {
    pub(super) fn to_its_end(command: Command) -> Self {
        Background::start(command).ended()
    }

    pub(super) fn with_input(mut command: Command, input: &str) -> Self {
        command.stdin(Stdio::piped());
        let mut running = Background::start(command);
        running.child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        running.ended()
    }

    /// The code it ended with; none when a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.code
    }

    /// It must have ended with 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// It must have ended with this code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "exit code\n{self}");
        self
    }

    /// It must have said this, on either stream. Case and line breaks do not matter.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let said = flat(&format!("{} {}", self.stdout, self.stderr));
        assert!(said.contains(&flat(words)), "it does not say {words:?}\n{self}");
        self
    }

    /// It must not have said this anywhere.
    #[track_caller]
    pub(crate) fn never_says(self, words: &str) -> Self {
        assert!(
            !self.stdout.contains(words) && !self.stderr.contains(words),
            "it says {words:?}\n{self}"
        );
        self
    }

    /// Its standard output as one JSON document, or the last of several lines of them.
    #[track_caller]
    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        let whole = serde_json::from_str(&self.stdout);
        let last = || serde_json::from_str(self.stdout.lines().last().unwrap_or_default());
        whole
            .or_else(|_| last())
            .unwrap_or_else(|error| panic!("not the JSON expected: {error}\n{self}"))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        writeln!(f, "$ {}  → {code} after {:.2} s", self.shown, self.took.as_secs_f64())?;
        write!(f, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr)
    }
}

/// A command that runs.
pub(crate) struct Background {
    child: Child,
    shown: String,
    began: Instant,
}

impl Background {
    pub(super) fn start(mut command: Command) -> Self {
        let shown = command
            .get_args()
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ");
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Self {
            child,
            shown,
            began: Instant::now(),
        }
    }

    /// Waits until it ends.
    pub(crate) fn ended(self) -> Ran {
        let Output { status, stdout, stderr } = self.child.wait_with_output().unwrap();
        Ran {
            shown: self.shown,
            code: status.code(),
            stdout: String::from_utf8_lossy(&stdout).into_owned(),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
            took: self.began.elapsed(),
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }
}
