//! The house's own commands. One file per subcommand.
//!
//! - `cargo xtask test` proves the tree: format, house rules, clippy, tests, documentation.
//! - `cargo xtask bench` measures the figures of docs/benchmarks.md and writes them there.
//! - `cargo xtask killmatrix` kills every process at every journalled event of a release.
//! - `cargo xtask simulate` runs generated histories of releases and checks what must hold in each.
//! - `cargo xtask tidy` checks the house rules alone.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command talks to its terminal"
)]

use std::process::ExitCode;

mod bench;
mod killmatrix;
mod prerequisites;
mod simulate;
mod step;
mod test;
mod tidy;

/// How a subcommand ends: the error is one sentence for the person at the terminal.
type Outcome = Result<(), Box<dyn std::error::Error>>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test     everything that must hold before a change lands; what .ci/run calls
  bench    the figures of docs/benchmarks.md, all or some: releases kill cli rest edge
  killmatrix   kill -9 at every journalled event, [--quick]
  simulate generated histories of releases, [mutants] [--histories N] [--seed S]
  tidy     the house rules alone";

fn main() -> ExitCode {
    #[allow(
        clippy::disallowed_methods,
        reason = "the first thing this process does, with one thread"
    )]
    let moved = std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if let Err(error) = moved {
        eprintln!("xtask: {error}");
        return ExitCode::FAILURE;
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["test"] => test::run(),
        ["bench", parts @ ..] => bench::run(parts),
        ["killmatrix", words @ ..] => killmatrix::run(words),
        ["simulate", args @ ..] => simulate::run(args),
        ["tidy"] => tidy::run(),
        ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
