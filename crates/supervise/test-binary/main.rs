//! The two subcommands of the product that this crate implements, and nothing else, for its tests.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use seaworthy_supervise::{keep, launch};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.split_first() {
        Some((word, rest)) if word == "keep" => keep::Mode::parse(rest).map_or(ExitCode::FAILURE, keep::run),
        Some((word, [])) if word == "launch" => launch::run(),
        _ => ExitCode::FAILURE,
    }
}
