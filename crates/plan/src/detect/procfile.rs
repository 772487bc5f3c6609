//! A `Procfile`: the application says itself what is started.

use seaworthy_spec::CommandLine;

use super::{Because, Detected, NotDetected, SourceFacts, Stack, because};

/// What a Procfile asks to be started.
pub(super) struct Process {
    command: String,
    listens: bool,
    because: Vec<Because>,
}

/// The process of a Procfile: `web`, else the only one, which takes no requests. None without a Procfile.
pub(super) fn detect(facts: &SourceFacts) -> Result<Option<Process>, NotDetected> {
    const FILE: &str = "Procfile";
    let Some(text) = facts.text(FILE) else {
        return Ok(None);
    };
    let lines: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .map(|(name, command)| (name.trim(), command.trim()))
        .filter(|(name, command)| !name.is_empty() && !command.is_empty())
        .collect();
    // `release` is Heroku's word for a task before a release, not a process that stays.
    let (tasks, processes): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(name, _)| *name == "release");
    let web = processes.iter().find(|(name, _)| *name == "web");
    let (name, command) = match (web, processes.as_slice()) {
        (Some(web), _) => *web,
        (None, [only]) => *only,
        (None, []) => {
            return Err(NotDetected::new(
                FILE,
                "it names no process",
                "write a line such as web: node server.js",
            ));
        }
        (None, many) => {
            let names: Vec<&str> = many.iter().map(|(name, _)| *name).collect();
            return Err(NotDetected::new(
                FILE,
                format!("it names {} and no web", names.join(", ")),
                "give each process a service of its own, with its command, in seaworthy.toml",
            ));
        }
    };
    let listens = name == "web";
    let mut evidence = vec![because(
        FILE,
        if listens {
            "process web".to_owned()
        } else {
            format!("process {name} only, so it takes no requests")
        },
    )];
    for (other, _) in processes.iter().filter(|(other, _)| *other != name) {
        evidence.push(because(
            FILE,
            format!("process {other} is not started: it needs a service of its own"),
        ));
    }
    if !tasks.is_empty() {
        evidence.push(because(
            FILE,
            "release is not run: set migrate for this service if it changes a schema",
        ));
    }
    Ok(Some(Process {
        command: command.to_owned(),
        listens,
        because: evidence,
    }))
}

/// Puts a Procfile's process over what the stack says: the stack still decides the build.
pub(super) fn over(process: Process, stack: Option<Detected>) -> Detected {
    let mut detected = stack.unwrap_or_else(|| Detected::built(Stack::None, None, Vec::new()));
    detected.because.extend(process.because);
    detected.command = Some(CommandLine::Shell(process.command));
    detected.missing = None;
    detected.listens = process.listens;
    detected
}
