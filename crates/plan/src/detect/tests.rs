//! Sources as people have them, and what is made of each.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod choice;
mod compiled;
mod node;
mod python;

use seaworthy_spec::CommandLine;

use super::*;

/// A source with these files; the text of those that detection reads is cut as the shell would.
fn source(files: &[(&str, &str)]) -> SourceFacts {
    let mut facts = SourceFacts::default();
    for (path, text) in files {
        facts.files.push((*path).to_owned());
        if let Some(limit) = content_limit(path) {
            facts
                .contents
                .insert((*path).to_owned(), text.chars().take(limit).collect());
        }
    }
    facts.files.sort();
    facts
}

fn detected(files: &[(&str, &str)]) -> Detected {
    detect(&source(files)).unwrap()
}

fn refused(files: &[(&str, &str)]) -> NotDetected {
    detect(&source(files)).unwrap_err()
}

fn exec(words: &[&str]) -> Option<CommandLine> {
    Some(CommandLine::Exec(words.iter().map(|word| (*word).to_owned()).collect()))
}

fn shell(line: &str) -> Option<CommandLine> {
    Some(CommandLine::Shell(line.to_owned()))
}

/// The evidence that a file gave, joined.
fn evidence(detected: &Detected, file: &str) -> String {
    let of_file = detected.because.iter().filter(|because| because.file == file);
    of_file
        .map(|because| because.what.as_str())
        .collect::<Vec<_>>()
        .join("; ")
}
