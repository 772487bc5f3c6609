//! Sources, and the programs that build and run them.

use std::collections::BTreeSet;

use seaworthy_spec::{CommandLine, Service, Spec};

use crate::catalogue::{
    FACT_UNKNOWN, PROGRAM_DENIED, PROGRAM_FROM_BUILD, PROGRAM_MISSING, SOURCE_MISSING, SOURCE_UNCLEAR,
};
use crate::facts::{Access, Detected, Fact, Facts, Source, SourceKind};
use crate::finding::Report;

/// A program that a service needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Need {
    /// Its name, looked up on the PATH, or its absolute path.
    pub program: String,
    /// The key of the service that asks for it: `build`, `command`, `migrate.run`, or `source` when it was detected.
    pub key: &'static str,
    /// Whether the user of the instances executes it. A build runs as the daemon's own user.
    pub at_run_time: bool,
    /// Whether a build may bring it (`uvicorn` in a virtual environment, `next` in `node_modules/.bin`).
    pub from_build: bool,
}

/// Programs that come with a machine, never from the build of a package.
const INSTALLED: &[&str] = &[
    "bash", "bun", "cargo", "cmake", "corepack", "deno", "gcc", "git", "go", "java", "make", "node", "npm", "npx",
    "perl", "php", "pip", "pip3", "pnpm", "python", "python3", "ruby", "rustc", "sh", "uv", "yarn",
];

/// Words at the start of a shell command that are the shell's own.
const SHELL_WORDS: &[&str] = &[
    "!", ".", ":", "[", "[[", "alias", "break", "case", "cd", "continue", "do", "done", "echo", "elif", "else", "esac",
    "eval", "exit", "export", "false", "fi", "for", "if", "printf", "pwd", "read", "readonly", "return", "set",
    "shift", "source", "test", "then", "times", "trap", "true", "type", "ulimit", "umask", "unset", "until", "wait",
    "while", "{", "}",
];

/// The programs a service needs, given what its source says. Empty for a service that runs elsewhere.
pub fn needed(service: &Service, detected: &Detected) -> Vec<Need> {
    if !service.external.is_empty() || service.source.is_none() {
        return Vec::new();
    }
    let (build_key, build) = match &service.build {
        Some(command) => ("build", Some(command)),
        None => ("source", detected.build.as_ref()),
    };
    let (command_key, command) = match &service.command {
        Some(command) => ("command", Some(command)),
        None => ("source", detected.command.as_ref()),
    };
    let builds = build.is_some_and(|command| !command.is_empty());
    let mut needs = BTreeSet::new();
    let mut need = |program: String, key, at_run_time| {
        // A relative path lies in the artifact, which does not exist yet; Seaworthy itself is there.
        if program == "seaworthy" || (program.contains('/') && !program.starts_with('/')) {
            return;
        }
        let from_build = builds
            && (at_run_time || detected.installs_programs)
            && !program.starts_with('/')
            && !INSTALLED.contains(&program.as_str());
        needs.insert(Need {
            program,
            key,
            at_run_time,
            from_build,
        });
    };
    for program in build.into_iter().flat_map(|command| shell_programs(command)) {
        need(program, build_key, false);
    }
    for program in command.into_iter().flat_map(programs_of) {
        need(program, command_key, true);
    }
    for program in service.migrate.iter().flat_map(|migrate| programs_of(&migrate.run)) {
        need(program, "migrate.run", true);
    }
    needs.into_iter().collect()
}

fn programs_of(command: &CommandLine) -> Vec<String> {
    match command {
        CommandLine::Exec(words) => words.first().cloned().into_iter().collect(),
        CommandLine::Shell(text) => {
            let mut programs = shell_programs(text);
            programs.push("/bin/sh".to_owned());
            programs
        }
    }
}

/// The programs at the start of each simple command. What only the shell itself could tell (a variable, a substitution, a
/// function) is left out: a program that is not named here is found missing when it is executed, with the same words.
fn shell_programs(text: &str) -> Vec<String> {
    let mut programs = Vec::new();
    if text.contains("<<") || text.contains("()") {
        return programs;
    }
    for command in simple_commands(text) {
        let mut words = command.split_whitespace().skip_while(|word| is_assignment(word));
        let mut first = words.next();
        while matches!(
            first,
            Some("exec" | "command" | "then" | "do" | "else" | "!" | "if" | "while")
        ) {
            first = words.find(|word| !word.starts_with('-'));
        }
        let Some(word) = first else { continue };
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "._-+/".contains(c));
        if plain && !SHELL_WORDS.contains(&word) {
            programs.push(word.to_owned());
        }
    }
    programs
}

/// Splits at `;`, `&`, `|` and line ends outside quotes. The `&` of a redirection (`2>&1`, `&>file`) separates nothing.
fn simple_commands(text: &str) -> Vec<String> {
    let mut commands = vec![String::new()];
    let mut quote = None;
    let mut escaped = false;
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = characters.next() {
        let redirects = c == '&' && (matches!(before, '>' | '<') || characters.peek() == Some(&'>'));
        let separates = quote.is_none() && !escaped && !redirects && matches!(c, ';' | '&' | '|' | '\n');
        before = c;
        match (quote, c) {
            _ if escaped => {}
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
        escaped = c == '\\' && !escaped && quote != Some('\'');
        if separates {
            commands.push(String::new());
        } else if let Some(command) = commands.last_mut() {
            command.push(c);
        }
    }
    commands
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

pub(crate) fn check(spec: &Spec, facts: &Facts, report: &mut Report<'_>) {
    for (name, service) in &spec.services {
        if service.source.is_none() || !service.external.is_empty() {
            continue;
        }
        let key = format!("services.{name}.source");
        match facts.sources.get(name).unwrap_or(&Fact::default()) {
            Fact::Unknown(why) => report.add(
                &FACT_UNKNOWN,
                &key,
                format!("nothing is known about the source: {why}"),
                "nothing is assumed; the build will tell.",
            ),
            Fact::Known(source) => {
                check_source(source, &key, report);
                if source.kind == SourceKind::Directory && service.command.is_none() {
                    check_start(source, &key, report);
                }
                for need in needed(service, &source.detected) {
                    check_need(&need, name, facts, report);
                }
            }
        }
    }
}

fn check_source(source: &Source, key: &str, report: &mut Report<'_>) {
    let path = &source.path;
    let (reason, remedy) = match source.kind {
        SourceKind::Directory => return,
        SourceKind::Missing => (
            format!("there is no directory {path}"),
            "correct the path; it is relative to the file.",
        ),
        SourceKind::NotADirectory => (
            format!("{path} is not a directory"),
            "name the directory that holds the source.",
        ),
        SourceKind::Unreadable => (
            format!("{path} may not be read"),
            "give the user that runs Seaworthy the right to read it (`chmod -R u+rX`, or change its owner).",
        ),
    };
    report.add(&SOURCE_MISSING, key, reason, remedy);
}

fn check_start(source: &Source, key: &str, report: &mut Report<'_>) {
    if source.detected.command.is_some() {
        return;
    }
    match &source.detected.unclear {
        Some(unclear) => report.add(&SOURCE_UNCLEAR, key, unclear.cause.clone(), unclear.remedy.clone()),
        None => report.add(
            &SOURCE_UNCLEAR,
            key,
            "its files do not say how it is started",
            "set `command` for this service.",
        ),
    }
}

fn check_need(need: &Need, service: &str, facts: &Facts, report: &mut Report<'_>) {
    let key = &format!("services.{service}.{}", need.key);
    let program = &need.program;
    let looked_up = if need.at_run_time {
        facts
            .run_programs
            .get(service)
            .and_then(|programs| programs.get(program))
    } else {
        facts.build_programs.get(program)
    };
    match looked_up.unwrap_or(&Fact::default()) {
        Fact::Unknown(why) => report.add(
            &FACT_UNKNOWN,
            key,
            format!("it is not known whether `{program}` is installed: {why}"),
            "nothing is assumed; the build or the start will tell.",
        ),
        Fact::Known(None) if need.from_build => report.add(
            &PROGRAM_FROM_BUILD,
            key,
            format!("`{program}` is not installed here"),
            "nothing, if the build installs it; otherwise install it or correct the command.",
        ),
        Fact::Known(None) => report.add(
            &PROGRAM_MISSING,
            key,
            format!("`{program}` is not installed, or not on the search path"),
            format!("install `{program}`, or correct the command."),
        ),
        Fact::Known(Some(found)) => {
            if let Access::Denied { at, why } = &found.access {
                let who = if need.at_run_time { "instances" } else { "the build" };
                report.add(
                    &PROGRAM_DENIED,
                    key,
                    format!("{who} cannot execute {}: {at}: {why}", found.path),
                    format!("install `{program}` where every user finds it, for example in /usr/local/bin."),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_several_commands_in_a_shell_function_are_left_alone() {
        assert_eq!(shell_programs("f() { ls; }; f"), Vec::<String>::new());
        assert_eq!(shell_programs("cat <<EOF\nls | x\nEOF"), Vec::<String>::new());
    }

    #[test]
    fn shell_commands_name_their_programs() {
        let programs = shell_programs;
        assert_eq!(programs("npm ci && npm run build"), ["npm", "npm"]);
        assert_eq!(programs("cd web; NODE_ENV=test FOO=1 exec node server.js"), ["node"]);
        assert_eq!(programs("echo 'a && rm b' | tee out"), ["tee"]);
        assert_eq!(programs("$TOOL build && \"my tool\" x"), Vec::<String>::new());
        assert_eq!(programs("if test -f x; then make all; fi"), ["make"]);
        assert_eq!(programs("echo broken >&2; exit 7"), Vec::<String>::new());
        assert_eq!(programs("make 2>&1 &>log & node x"), ["make", "node"]);
        assert_eq!(programs(""), Vec::<String>::new());
    }
}
