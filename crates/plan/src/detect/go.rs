//! Go modules.

use seaworthy_spec::CommandLine;

use super::{Candidate, Detected, NotDetected, SourceFacts, Stack, because};

/// A Go module with one program: at its root, or alone under `cmd`.
pub(super) fn detect(facts: &SourceFacts) -> Candidate {
    let text = facts.text("go.mod")?;
    let module = because("go.mod", format!("Go module {}", module_name(text)));
    Some(Ok(match package(facts) {
        Ok((package, file)) => Detected::built(Stack::Go, Some(format!("go build -o bin/app {package}")), vec![module])
            .starts(
                CommandLine::Exec(vec!["bin/app".to_owned()]),
                because(&file, format!("program {package}")),
            ),
        Err(why) => {
            Detected::built(Stack::Go, Some("go build -o bin/ ./...".to_owned()), vec![module]).starts_nothing(why)
        }
    }))
}

fn module_name(text: &str) -> &str {
    text.lines()
        .find_map(|line| line.trim().strip_prefix("module "))
        .map_or("without a name", str::trim)
}

/// The package to build, with the file that shows it.
fn package(facts: &SourceFacts) -> Result<(String, String), NotDetected> {
    let remedy = "set build (such as go build -o bin/app ./cmd/NAME) and command for this service in seaworthy.toml";
    if let Some(file) = facts.files.iter().find(|file| is_go(file) && !file.contains('/')) {
        let library = facts.text("main.go").is_some_and(|text| !text.contains("package main"));
        if !library {
            return Ok((".".to_owned(), file.clone()));
        }
    }
    let mut programs: Vec<(&str, &String)> = Vec::new();
    for file in facts.files.iter().filter(|file| is_go(file)) {
        if let Some((name, _)) = file.strip_prefix("cmd/").and_then(|rest| rest.split_once('/'))
            && programs.last().is_none_or(|(last, _)| *last != name)
        {
            programs.push((name, file));
        }
    }
    match programs.as_slice() {
        [(name, file)] => Ok((format!("./cmd/{name}"), (*file).clone())),
        [] => Err(NotDetected::new(
            "go.mod",
            "no program was found at the root or under cmd",
            remedy,
        )),
        many => {
            let names: Vec<&str> = many.iter().map(|(name, _)| *name).collect();
            Err(NotDetected::new(
                "go.mod",
                format!("several programs under cmd: {}", names.join(", ")),
                remedy,
            ))
        }
    }
}

fn is_go(file: &str) -> bool {
    file.ends_with(".go") && !file.ends_with("_test.go")
}
