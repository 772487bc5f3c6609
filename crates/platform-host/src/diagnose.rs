//! Why an instance is not ready, in sentences a tired person understands. Pure.

use std::net::SocketAddr;

use seaworthy_platform::{Trouble, TroubleKind};
use seaworthy_spec::{CommandLine, Health};
use seaworthy_supervise::protocol::Exit;

use crate::probe::Outcome;
use crate::suspicion::Elsewhere;

/// A process ended. `crash_loop`: it did so again and again.
pub(crate) fn exit(command: &CommandLine, exit: &Exit, crash_loop: bool, last_lines: Vec<String>) -> Trouble {
    let shown = shown(command);
    let (kind, cause) = match exit {
        Exit::NotExecuted { reason } => (
            TroubleKind::NotExecutable,
            format!("{shown} could not be executed: {reason}"),
        ),
        Exit::Code { code: 126 | 127 } if matches!(command, CommandLine::Shell(_)) => (
            TroubleKind::NotExecutable,
            format!("the shell could not execute what {shown} names: it {exit}"),
        ),
        Exit::ForkedAway { left } => (
            TroubleKind::ForkedAway,
            format!("{shown} put itself into the background and left {}", left.join(", ")),
        ),
        _ if crash_loop => (
            TroubleKind::CrashLoop,
            format!("{shown} ends again and again; the last time: {exit}"),
        ),
        _ => (
            TroubleKind::ExitedEarly,
            format!("{shown} ended before it was ready: {exit}"),
        ),
    };
    let remedy = match kind {
        TroubleKind::NotExecutable => {
            "check the name in `command`, that the build puts it into the artifact, and that it is executable by every user"
        }
        TroubleKind::ForkedAway => {
            "start it in the foreground (many servers have an option such as `--no-daemon` or `-F`)"
        }
        _ => after_exit(exit, &last_lines),
    };
    trouble(kind, cause, remedy.to_owned(), last_lines)
}

/// A process listens where nobody looks for it.
pub(crate) fn elsewhere(port: u16, found: &Elsewhere, last_lines: Vec<String>) -> Trouble {
    match found {
        Elsewhere::Address(address) => trouble(
            TroubleKind::WrongAddress,
            format!("it listens on {address}, where 127.0.0.1:{port} does not reach it"),
            "let it listen on 127.0.0.1 and $PORT (or on 0.0.0.0); `localhost` may mean ::1 only".to_owned(),
            last_lines,
        ),
        Elsewhere::Port(addresses) => trouble(
            TroubleKind::WrongPort,
            format!("it listens on {}, not on $PORT, which is {port}", list(addresses)),
            "let it listen on the port in the environment variable PORT; a fixed port cannot serve two versions at once"
                .to_owned(),
            last_lines,
        ),
    }
}

/// The time it may take to start is over, and it listens nowhere, or its readiness probe never passed.
pub(crate) fn late(port: u16, health: &Health, last: Option<&Outcome>, last_lines: Vec<String>) -> Trouble {
    let start = seconds(health.start.millis);
    let longer = "raise `health.start` if it only needs longer";
    let probe = health.ready.as_ref().map_or_else(
        || format!("a connection to 127.0.0.1:{port}"),
        |path| format!("GET {path}"),
    );
    let (kind, cause, remedy) = match last {
        None | Some(Outcome::Refused) => (
            TroubleKind::NeverListened,
            format!("it has been running for {start} and listens on no port; it was given $PORT={port}"),
            format!("let it listen on 127.0.0.1:$PORT, or {longer}"),
        ),
        Some(Outcome::Status(404)) => (
            TroubleKind::NeverReady,
            format!("after {start} {probe} is still answered with 404"),
            "set `health.ready` to a path the application answers with 200".to_owned(),
        ),
        Some(Outcome::Status(status)) => (
            TroubleKind::NeverReady,
            format!("after {start} {probe} is still answered with {status}"),
            format!("see in its log why it says so (a database it cannot reach?), or {longer}"),
        ),
        Some(Outcome::TimedOut) => (
            TroubleKind::NeverReady,
            format!(
                "after {start} {probe} still gets no answer within {}",
                seconds(health.timeout.millis)
            ),
            format!("see in its log what it waits for; raise `health.timeout` if it only answers slowly, or {longer}"),
        ),
        Some(outcome) => (
            TroubleKind::NeverReady,
            format!("after {start} {probe} {outcome}"),
            format!("check that it speaks HTTP on $PORT, or {longer}"),
        ),
    };
    trouble(kind, cause, remedy, last_lines)
}

/// Somebody else answers on the port an instance was given.
pub(crate) fn taken(port: u16, last_lines: Vec<String>) -> Trouble {
    trouble(
        TroubleKind::Platform,
        format!("another process answers on port {port}, which was free when it was given to this instance"),
        "find out with `ss -ltnp` what listens there; the next try takes another port".to_owned(),
        last_lines,
    )
}

fn after_exit(exit: &Exit, last_lines: &[String]) -> &'static str {
    let says = |words: &[&str]| {
        last_lines
            .iter()
            .any(|line| words.iter().any(|word| line.contains(word)))
    };
    if says(&["EADDRINUSE", "ddress already in use"]) {
        return "the port it wants is taken: let it listen on the port in the environment variable PORT, not on a fixed one";
    }
    if says(&["EROFS", "EACCES", "ermission denied"]) {
        return "an artifact is read-only and the process unprivileged: let it write below $HOME or $TMPDIR, or into a volume";
    }
    match exit {
        Exit::Signal { signal: 9 } => "somebody killed it; look with `dmesg` whether the machine ran out of memory",
        Exit::Code { code: 0 } => {
            "a service must go on running; if it is meant to end, give it a `schedule` or run it with `seaworthy run`"
        }
        _ => "its last lines say why; `seaworthy run` tries a command in the same artifact and environment",
    }
}

fn trouble(kind: TroubleKind, cause: String, remedy: String, last_lines: Vec<String>) -> Trouble {
    Trouble {
        kind,
        cause,
        remedy,
        last_lines,
    }
}

/// A command in backquotes, cut at a length that leaves the sentence readable.
fn shown(command: &CommandLine) -> String {
    let text = match command {
        CommandLine::Exec(words) => words.join(" "),
        CommandLine::Shell(line) => line.clone(),
    };
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

fn list(addresses: &[SocketAddr]) -> String {
    addresses
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" and ")
}

fn seconds(millis: u64) -> String {
    match millis % 1000 {
        0 => format!("{} s", millis / 1000),
        _ => format!("{millis} ms"),
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_spec::units::Span;

    use super::*;

    fn health() -> Health {
        Health {
            live: None,
            ready: Some("/ready".to_owned()),
            interval: Span::secs(2),
            timeout: Span::secs(1),
            passes: 2,
            fails: 3,
            start: Span::secs(60),
        }
    }

    #[test]
    fn an_exit_names_command_status_and_what_to_do() {
        let command = CommandLine::Exec(vec!["node".to_owned(), "server.js".to_owned()]);
        let trouble = exit(&command, &Exit::Code { code: 1 }, false, Vec::new());
        assert_eq!(trouble.kind, TroubleKind::ExitedEarly);
        assert_eq!(
            trouble.cause,
            "`node server.js` ended before it was ready: exited with 1"
        );

        let lines = vec!["Error: listen EADDRINUSE: address already in use :::3000".to_owned()];
        let trouble = exit(&command, &Exit::Code { code: 1 }, false, lines);
        assert!(
            trouble.remedy.contains("environment variable PORT"),
            "{}",
            trouble.remedy
        );

        let trouble = exit(&command, &Exit::Signal { signal: 11 }, true, Vec::new());
        assert_eq!(trouble.kind, TroubleKind::CrashLoop);
        assert_eq!(
            trouble.cause,
            "`node server.js` ends again and again; the last time: killed by SIGSEGV"
        );
    }

    #[test]
    fn a_command_the_shell_does_not_find_is_not_executable() {
        let command = CommandLine::Shell("nosuch --port $PORT".to_owned());
        let trouble = exit(&command, &Exit::Code { code: 127 }, false, Vec::new());
        assert_eq!(trouble.kind, TroubleKind::NotExecutable);
    }

    #[test]
    fn lateness_says_what_the_probe_found() {
        let cause = |last: Option<Outcome>| late(20001, &health(), last.as_ref(), Vec::new()).cause;
        assert_eq!(
            cause(Some(Outcome::Refused)),
            "it has been running for 60 s and listens on no port; it was given $PORT=20001"
        );
        assert_eq!(
            cause(Some(Outcome::Status(404))),
            "after 60 s GET /ready is still answered with 404"
        );
        assert_eq!(
            cause(Some(Outcome::TimedOut)),
            "after 60 s GET /ready still gets no answer within 1 s"
        );
        assert_eq!(
            cause(Some(Outcome::NotHttp)),
            "after 60 s GET /ready is not answered in HTTP"
        );
    }

    #[test]
    fn another_port_is_named() {
        let found = Elsewhere::Port(vec![SocketAddr::from(([127, 0, 0, 1], 3000))]);
        let trouble = elsewhere(20001, &found, Vec::new());
        assert_eq!(
            trouble.cause,
            "it listens on 127.0.0.1:3000, not on $PORT, which is 20001"
        );
    }
}
