//! What a check has to say.

use std::fmt;

use serde::Serialize;

use crate::catalogue::Check;
use crate::places::Places;

/// How bad a finding is. Ordered: an error is greater than a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// It works and will hurt; `--strict` refuses it.
    Warning,
    /// It cannot work or must not happen; nothing is started.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One thing that was found. Never holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check that found it, a stable word of docs/checks.md.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a key of the file (`services.api.env.DEBUG`), or a part of the machine (`machine.disk`).
    pub key: String,
    /// Where the key stands, `seaworthy.toml:14:11`. None for the machine and for defaults.
    pub place: Option<String>,
    /// What was seen, one sentence.
    pub reason: String,
    /// What to do about it, one sentence.
    pub remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}: {}", self.key, self.reason)
    }
}

/// Gathers findings, fills in place and severity, and puts them in order.
pub(crate) struct Report<'a> {
    places: &'a dyn Places,
    development: bool,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(places: &'a dyn Places, development: bool) -> Self {
        Self {
            places,
            development,
            findings: Vec::new(),
        }
    }

    /// Whether the environment is one for development, where weak settings hurt nobody.
    pub(crate) fn development(&self) -> bool {
        self.development
    }

    pub(crate) fn add(&mut self, check: &Check, key: &str, reason: impl Into<String>, remedy: impl Into<String>) {
        self.findings.push(Finding {
            id: check.id,
            severity: check.severity(self.development),
            key: key.to_owned(),
            place: self.place(key),
            reason: reason.into(),
            remedy: remedy.into(),
        });
    }

    /// The place of a key, or of the nearest table around it: `services.api.env.X` may be written as one inline table.
    fn place(&self, key: &str) -> Option<String> {
        let mut key = key;
        loop {
            if let Some(place) = self.places.place(key) {
                return Some(place);
            }
            key = key.rsplit_once('.')?.0;
        }
    }

    /// Worst first, then by key, so that the same input always reads the same.
    pub(crate) fn into_findings(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then_with(|| a.key.cmp(&b.key))
                .then_with(|| a.id.cmp(b.id))
                .then_with(|| a.reason.cmp(&b.reason))
        });
        self.findings.dedup();
        self.findings
    }
}
