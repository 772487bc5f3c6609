//! The two subcommands that keepers and launchers are started with.

use std::process::ExitCode;

use seaworthy_supervise::keep::{self, Mode};
use seaworthy_supervise::launch;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first() {
        Some((first, rest)) if first == "keep" => Mode::parse(rest).map_or(ExitCode::FAILURE, keep::run),
        Some((first, _)) if first == "launch" => launch::run(),
        _ => ExitCode::FAILURE,
    }
}
