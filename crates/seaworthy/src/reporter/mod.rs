//! The only place that prints.
//!
//! Results go to stdout, progress and diagnostics to stderr; colours and spinners only where a terminal reads, and never with
//! `NO_COLOR`. The views ([`status`], [`plan`], …) turn values into text and print nothing themselves.

pub(crate) mod doctor;
pub(crate) mod duration;
pub(crate) mod evidence;
pub(crate) mod findings;
mod gates;
pub(crate) mod paint;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod release;
mod sides;
pub(crate) mod status;
pub(crate) mod table;

use std::cell::Cell;
use std::io::{self, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::failure::Failure;
use paint::Paint;

/// Says things to whoever started the command.
#[derive(Debug)]
pub(crate) struct Reporter {
    json: bool,
    out: Paint,
    err: Paint,
    err_is_terminal: bool,
    closed: Cell<bool>,
}

impl Reporter {
    /// A reporter for this process's stdout and stderr.
    pub(crate) fn new(json: bool) -> Self {
        let wanted = colours_wanted(|name| std::env::var(name).ok());
        let err_is_terminal = io::stderr().is_terminal();
        Self {
            json,
            out: Paint::new(wanted && !json && io::stdout().is_terminal()),
            err: Paint::new(wanted && err_is_terminal),
            err_is_terminal,
            closed: Cell::new(false),
        }
    }

    /// Whether results are JSON.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// The colours of stdout.
    pub(crate) fn paint(&self) -> Paint {
        self.out
    }

    /// The colours of stderr.
    pub(crate) fn err_paint(&self) -> Paint {
        self.err
    }

    /// Whether nobody reads stdout any more (`seaworthy logs | head`). What is printed then is dropped; endless commands stop.
    pub(crate) fn closed(&self) -> bool {
        self.closed.get()
    }

    /// A result: text that ends its own lines.
    pub(crate) fn text(&self, text: &str) {
        self.write(text.as_bytes());
    }

    /// A result: one line.
    pub(crate) fn line(&self, text: &str) {
        self.write(format!("{text}\n").as_bytes());
    }

    /// A result: one JSON document on a line of its own.
    pub(crate) fn document(&self, document: &impl Serialize) {
        match serde_json::to_string(document) {
            Ok(text) => self.line(&text),
            // Only a map with keys that are no strings could end here, and no document has one.
            Err(error) => self.say(&format!("error: an answer could not be written as JSON: {error}")),
        }
    }

    /// A result that is text for people and a document for scripts.
    pub(crate) fn result(&self, document: &impl Serialize, text: impl FnOnce(Paint) -> String) {
        match self.json {
            true => self.document(document),
            false => self.text(&text(self.out)),
        }
    }

    fn write(&self, bytes: &[u8]) {
        if self.closed.get() {
            return;
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(bytes).and_then(|()| out.flush()) {
            self.closed.set(true);
            if error.kind() != ErrorKind::BrokenPipe {
                self.say(&format!("error: stdout: {error}"));
            }
        }
    }

    /// Progress or a remark.
    pub(crate) fn say(&self, text: &str) {
        // When nobody reads stderr there is nobody to tell.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// A question whose answer is typed on the same line.
    pub(crate) fn ask(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = write!(err, "{text}").and_then(|()| err.flush());
    }

    /// Why a command failed, and what to do.
    pub(crate) fn failure(&self, failure: &Failure) {
        if self.json {
            self.document(&failure.document());
        }
        self.say(&failure_text(failure, self.err));
    }
}

fn failure_text(failure: &Failure, paint: Paint) -> String {
    let mut text = String::new();
    if !failure.findings().is_empty() {
        text.push_str(&findings::render(failure.findings(), paint));
        text.push('\n');
    }
    text.push_str(&format!("{} {failure}", paint.bad("error:")));
    for line in failure.last_lines() {
        text.push_str(&format!("\n  {} {line}", paint.dim("│")));
    }
    text.push_str(&format!("\n{} {}", paint.dim(" hint:"), failure.remedy()));
    text
}

/// A line of the log of one of this binary's own processes. Where nobody reads it, it is dropped.
pub(crate) fn process_says(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Why one of this binary's own processes ends.
pub(crate) fn process_failed(text: &str) {
    let _ = writeln!(io::stderr().lock(), "error: {text}");
}

/// <https://no-color.org>: any value but the empty one switches colours off.
fn colours_wanted(variable: impl Fn(&str) -> Option<String>) -> bool {
    variable("NO_COLOR").is_none_or(|value| value.is_empty()) && variable("TERM").as_deref() != Some("dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_off_where_they_are_not_wanted() {
        let with =
            |name: &'static str, value: &'static str| move |asked: &str| (asked == name).then(|| value.to_owned());
        assert!(colours_wanted(|_| None));
        assert!(colours_wanted(with("NO_COLOR", "")));
        assert!(!colours_wanted(with("NO_COLOR", "1")));
        assert!(!colours_wanted(with("TERM", "dumb")));
    }

    #[test]
    fn a_failure_names_cause_and_next_step() {
        let failure = Failure::Usage {
            cause: "no service `wbe`".into(),
            remedy: "did you mean `web`?".into(),
        };
        assert_eq!(
            failure_text(&failure, Paint::new(false)),
            "error: no service `wbe`\n hint: did you mean `web`?"
        );
    }
}
