//! Every way a command can end: the only mapping from errors to text, hint and exit code.

use std::path::PathBuf;
use std::process::ExitCode;

use seaworthy_api::{ApiError, Finding};

/// How a command ended. The numbers are promises to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage or unreadable file.
    Usage = 2,
    /// Findings at or above the threshold.
    Findings = 3,
    /// The release was rolled back.
    RolledBack = 4,
    /// Aborted by a person.
    Aborted = 5,
    /// Another release is under way.
    Busy = 6,
    /// The daemon cannot be reached.
    Unreachable = 7,
    /// Held, waiting for a person.
    Held = 8,
}

impl Exit {
    /// Every way to end, in the order of their codes.
    const ALL: [Exit; 9] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Findings,
        Exit::RolledBack,
        Exit::Aborted,
        Exit::Busy,
        Exit::Unreachable,
        Exit::Held,
    ];

    /// The exit that a release's outcome stands for; a release without one is held.
    pub(crate) fn of_outcome(outcome: Option<&str>) -> Self {
        match outcome {
            Some("succeeded") => Exit::Done,
            Some("rolled_back") => Exit::RolledBack,
            Some("aborted") => Exit::Aborted,
            Some(_) => Exit::Failed,
            None => Exit::Held,
        }
    }

    /// The exit with this code, as the daemon names it in its refusals. A code of a later version counts as failed.
    pub(crate) fn of_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Exit::Failed)
    }

    /// The number.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// Why a command could not do what it was asked. What a person reads is the `Display` text and [`Failure::remedy`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The arguments make no sense together.
    #[error("{cause}")]
    Usage {
        /// What is wrong.
        cause: String,
        /// What to do.
        remedy: String,
    },
    /// There is no `seaworthy.toml` here or above.
    #[error("no seaworthy.toml in {} or above it", from.display())]
    NoFile {
        /// Where the search began.
        from: PathBuf,
    },
    /// A file that was named cannot be read.
    #[error("{}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        cause: String,
    },
    /// The file has mistakes.
    #[error("{}: {}", path.display(), counted(findings.len(), "mistake"))]
    Mistakes {
        /// The file.
        path: PathBuf,
        /// Each of them.
        findings: Vec<Finding>,
    },
    /// The checks found something that must not go on.
    #[error("{}; nothing was started or changed", counted(errors(findings), "error"))]
    Findings {
        /// Everything they found.
        findings: Vec<Finding>,
    },
    /// No daemon answers.
    #[error("no daemon answers at {}: {cause}", socket.display())]
    Unreachable {
        /// Its socket.
        socket: PathBuf,
        /// The system's reason.
        cause: String,
    },
    /// The daemon refused.
    #[error("{}", refusal(.0))]
    Refused(Box<ApiError>),
    /// The daemon answered something this version does not understand, or stopped in the middle of an answer.
    #[error("{what}: {cause}")]
    Answer {
        /// What was asked.
        what: String,
        /// What came back.
        cause: String,
    },
    /// The daemon would not start.
    #[error("the daemon did not start: {cause}")]
    Autostart {
        /// What was seen.
        cause: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        last_lines: Vec<String>,
    },
    /// Ctrl-C while a release was followed.
    #[error("release {release} goes on in the daemon")]
    LeftAlone {
        /// The release.
        release: String,
    },
    /// The machine refused something.
    #[error("{place}: {cause}")]
    Machine {
        /// Where.
        place: String,
        /// What was seen.
        cause: String,
        /// What to do.
        remedy: String,
    },
}

impl Failure {
    /// A refusal of the machine at a path.
    pub(crate) fn at(path: &std::path::Path, cause: &std::io::Error, remedy: &str) -> Self {
        Failure::Machine {
            place: path.display().to_string(),
            cause: cause.to_string(),
            remedy: remedy.to_owned(),
        }
    }

    /// The exit code it ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            // A file that cannot be understood is as unreadable as one that is not there.
            Failure::Usage { .. } | Failure::NoFile { .. } | Failure::Unreadable { .. } | Failure::Mistakes { .. } => {
                Exit::Usage
            }
            Failure::Findings { .. } => Exit::Findings,
            Failure::Unreachable { .. } | Failure::Autostart { .. } => Exit::Unreachable,
            Failure::Refused(refusal) => match Exit::of_code(refusal.exit) {
                // A refusal is never a success, whatever a confused daemon says.
                Exit::Done => Exit::Failed,
                exit => exit,
            },
            Failure::Answer { .. } | Failure::LeftAlone { .. } | Failure::Machine { .. } => Exit::Failed,
        }
    }

    /// A stable word for scripts.
    pub(crate) fn kind(&self) -> &str {
        match self {
            Failure::Usage { .. } => "usage",
            Failure::NoFile { .. } => "no_file",
            Failure::Unreadable { .. } => "unreadable",
            Failure::Mistakes { .. } => "mistakes",
            Failure::Findings { .. } => "findings",
            Failure::Unreachable { .. } => "daemon_unreachable",
            Failure::Refused(refusal) => &refusal.kind,
            Failure::Answer { .. } => "answer",
            Failure::Autostart { .. } => "daemon_did_not_start",
            Failure::LeftAlone { .. } => "left_alone",
            Failure::Machine { .. } => "machine",
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Failure::Usage { remedy, .. } | Failure::Machine { remedy, .. } => remedy.clone(),
            Failure::NoFile { .. } => "`seaworthy init` writes one for the code found here; `-f FILE` names another".into(),
            Failure::Unreadable { .. } => "check the path and its permissions".into(),
            Failure::Mistakes { .. } => "correct them; nothing was started or changed".into(),
            Failure::Findings { .. } => "each says what to do; `seaworthy check` looks again".into(),
            Failure::Unreachable { .. } => {
                "what it started goes on without it; `seaworthy up` starts it again; `--state DIR` names the state of another daemon".into()
            }
            Failure::Refused(refusal) => refusal.remedy.clone(),
            Failure::Answer { .. } => {
                "ask again; if it persists, look into log/daemon.log of the state directory and compare `seaworthy --version` with `seaworthy doctor`".into()
            }
            Failure::Autostart { log, .. } => format!("the whole log is {}", log.display()),
            Failure::LeftAlone { release } => format!(
                "`seaworthy release show {release} --follow` watches it, `seaworthy abort {release}` takes it back"
            ),
        }
    }

    /// The findings behind it.
    pub(crate) fn findings(&self) -> &[Finding] {
        match self {
            Failure::Mistakes { findings, .. } | Failure::Findings { findings } => findings,
            Failure::Refused(refusal) => &refusal.findings,
            _ => &[],
        }
    }

    /// Lines of a log that belong to it.
    pub(crate) fn last_lines(&self) -> &[String] {
        match self {
            Failure::Autostart { last_lines, .. } => last_lines,
            _ => &[],
        }
    }

    /// The same as a document, for `--json`.
    pub(crate) fn document(&self) -> ApiError {
        if let Failure::Refused(refusal) = self {
            return ApiError {
                exit: self.exit().code(),
                ..(**refusal).clone()
            };
        }
        ApiError {
            version: seaworthy_api::VERSION,
            kind: self.kind().to_owned(),
            place: None,
            cause: self.to_string(),
            remedy: self.remedy(),
            exit: self.exit().code(),
            findings: self.findings().to_vec(),
        }
    }
}

fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == "error").count()
}

fn refusal(error: &ApiError) -> String {
    match &error.place {
        Some(place) => format!("{place}: {}", error.cause),
        None => error.cause.clone(),
    }
}

/// `1 mistake`, `2 mistakes`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_the_code_of_the_manual() {
        for (outcome, code) in [
            (Some("succeeded"), 0),
            (Some("failed_before_traffic"), 1),
            (Some("rolled_back"), 4),
            (Some("aborted"), 5),
            (None, 8),
        ] {
            assert_eq!(Exit::of_outcome(outcome).code(), code, "{outcome:?}");
        }
    }

    #[test]
    fn codes_and_exits_are_the_same_thing_twice() {
        for code in 0..=8 {
            assert_eq!(Exit::of_code(code).code(), code);
        }
        assert_eq!(Exit::of_code(200), Exit::Failed, "a code of a later version");
    }

    #[test]
    fn each_failure_has_its_code_and_something_to_do() {
        let path = || PathBuf::from("/x");
        let refused = |exit| {
            Failure::Refused(Box::new(ApiError {
                version: 1,
                kind: "busy".into(),
                place: None,
                cause: "r1 is under way".into(),
                remedy: "wait".into(),
                exit,
                findings: Vec::new(),
            }))
        };
        let text = || "x".to_owned();
        for (failure, code) in [
            (
                Failure::Usage {
                    cause: text(),
                    remedy: text(),
                },
                2,
            ),
            (Failure::NoFile { from: path() }, 2),
            (
                Failure::Unreadable {
                    path: path(),
                    cause: text(),
                },
                2,
            ),
            (
                Failure::Mistakes {
                    path: path(),
                    findings: Vec::new(),
                },
                2,
            ),
            (Failure::Findings { findings: Vec::new() }, 3),
            (
                Failure::Unreachable {
                    socket: path(),
                    cause: text(),
                },
                7,
            ),
            (
                Failure::Autostart {
                    cause: text(),
                    log: path(),
                    last_lines: Vec::new(),
                },
                7,
            ),
            (refused(6), 6),
            (refused(3), 3),
            (refused(0), 1),
            (
                Failure::Answer {
                    what: text(),
                    cause: text(),
                },
                1,
            ),
            (Failure::LeftAlone { release: text() }, 1),
            (
                Failure::Machine {
                    place: text(),
                    cause: text(),
                    remedy: text(),
                },
                1,
            ),
        ] {
            assert_eq!(failure.exit().code(), code, "{failure:?}");
            assert!(!failure.remedy().is_empty(), "{failure:?}");
            assert_ne!(failure.document().exit, 0, "{failure:?}");
        }
    }
}
