//! The house's own commands. One file per subcommand.
//!
//! - `cargo xtask test` proves the tree: format, house rules, clippy, tests, documentation.
//! - `cargo xtask tidy` checks the house rules alone.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's command talks to its terminal"
)]

use std::process::ExitCode;

mod prerequisites;
mod step;
mod test;
mod tidy;

/// How a subcommand ends: the error is one sentence for the person at the terminal.
type Outcome = Result<(), Box<dyn std::error::Error>>;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test     everything that must hold before a change lands; what .ci/run calls
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
