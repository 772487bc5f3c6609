//! The processes that people rarely type. They are chosen by the first argument, before the command line is parsed:
//! a keeper runs for every instance and should cost as little as its work.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::ExitCode;

use seaworthy_daemon::DaemonOptions;
use seaworthy_edge::EdgeOptions;
use seaworthy_supervise::keep::Mode;

use crate::built_in::{demo_app, static_files};
use crate::failure::Exit;
use crate::reporter;

/// A process of this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// The control process of a state directory.
    Daemon,
    /// The data plane of a state directory.
    Edge,
    /// Keeps one instance.
    Keep,
    /// Prepares itself and becomes the instance's command.
    Launch,
    /// A small server of static files.
    ServeStatic,
    /// The application that `seaworthy demo` ships.
    DemoApp,
}

impl Process {
    /// The process with this name; none when the word is a command.
    pub(crate) fn named(word: &OsStr) -> Option<Self> {
        Some(match word.to_str()? {
            "daemon" => Process::Daemon,
            "edge" => Process::Edge,
            "keep" => Process::Keep,
            "launch" => Process::Launch,
            "serve-static" => Process::ServeStatic,
            "demo-app" => Process::DemoApp,
            _ => return None,
        })
    }

    /// Runs it to its end.
    pub(crate) fn run(self, arguments: impl Iterator<Item = OsString>) -> ExitCode {
        match self {
            Process::Daemon => daemon(arguments),
            Process::Edge => edge(arguments),
            Process::Keep => keep(arguments),
            Process::Launch => seaworthy_supervise::launch::run(),
            Process::ServeStatic => static_files::main(arguments),
            Process::DemoApp => demo_app::main(arguments),
        }
    }
}

/// `seaworthy daemon --state DIR [--background]`
fn daemon(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::parse("--state", arguments) {
        Ok(arguments) => arguments,
        Err(cause) => return misused(&cause, "seaworthy daemon --state DIR [--background]"),
    };
    if arguments.background {
        // Fails only for the leader of a process group, which a process started by another program is not.
        let _ = rustix::process::setsid();
    }
    let binary = match std::env::current_exe() {
        Ok(binary) => binary,
        Err(error) => return failed(&format!("/proc/self/exe: {error}"), "mount /proc"),
    };
    match seaworthy_daemon::run(&DaemonOptions {
        state: arguments.directory,
        binary,
    }) {
        Ok(()) => Exit::Done.into(),
        Err(error) => failed(&error.to_string(), &error.remedy()),
    }
}

/// `seaworthy edge --dir DIR`
fn edge(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::parse("--dir", arguments) {
        Ok(arguments) => arguments,
        Err(cause) => return misused(&cause, "seaworthy edge --dir DIR"),
    };
    match seaworthy_edge::run(&EdgeOptions {
        dir: arguments.directory,
        workers: None,
    }) {
        Ok(()) => Exit::Done.into(),
        Err(error) => failed(&error.to_string(), error.remedy()),
    }
}

/// `seaworthy keep [adopt]`
fn keep(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<String> = arguments.map(|word| word.to_string_lossy().into_owned()).collect();
    match Mode::parse(&words) {
        Some(mode) => seaworthy_supervise::keep::run(mode),
        None => misused(
            &format!("`{}` is not understood", words.join(" ")),
            "seaworthy keep [adopt]",
        ),
    }
}

/// What daemon and edge are told.
#[derive(Debug, PartialEq, Eq)]
struct Arguments {
    directory: PathBuf,
    background: bool,
}

impl Arguments {
    /// Reads the directory that follows `option`.
    fn parse(option: &str, mut arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let (mut directory, mut background) = (None, false);
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some(word) if word == option => directory = arguments.next().map(PathBuf::from),
                Some("--background") => background = true,
                _ => return Err(format!("`{}` is not understood", argument.to_string_lossy())),
            }
        }
        let directory = directory.ok_or_else(|| format!("{option} DIR is missing"))?;
        let directory = std::path::absolute(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
        Ok(Self { directory, background })
    }
}

fn misused(cause: &str, usage: &str) -> ExitCode {
    reporter::process_failed(&format!("{cause}; usage: {usage}"));
    Exit::Usage.into()
}

fn failed(cause: &str, remedy: &str) -> ExitCode {
    reporter::process_failed(&format!("{cause}; {remedy}"));
    Exit::Failed.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Arguments, String> {
        Arguments::parse("--state", words.iter().map(OsString::from))
    }

    #[test]
    fn a_process_is_told_where_its_state_is() {
        let told = |background| {
            Ok(Arguments {
                directory: PathBuf::from("/s"),
                background,
            })
        };
        assert_eq!(parse(&["--state", "/s"]), told(false));
        assert_eq!(parse(&["--background", "--state", "/s"]), told(true));
        for wrong in [&[][..], &["--state"], &["/s"], &["--dir", "/s"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn commands_are_no_processes() {
        assert_eq!(Process::named(OsStr::new("keep")), Some(Process::Keep));
        assert_eq!(Process::named(OsStr::new("up")), None);
    }
}
