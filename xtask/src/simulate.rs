//! `cargo xtask simulate`: generated histories of releases against the simulated platform, on all cores.
//!
//! The work is done by an example of the testkit in the release profile, so that this crate stays small: whoever runs
//! `cargo xtask tidy` compiles nothing of it.

use std::process::Command;

use crate::Outcome;
use crate::step::sh;

/// How many histories run when nobody says how many.
const HISTORIES: u64 = 100_000;

/// `--histories N` and `--seed S`, in any order; after `mutants`, which history catches which of them.
pub(crate) fn run(args: &[&str]) -> Outcome {
    let (mutants, args) = match args {
        ["mutants", rest @ ..] => (Some("mutants"), rest),
        _ => (None, args),
    };
    let (histories, seed) = options(args)?;
    sh(
        Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .args([
                "run",
                "--quiet",
                "--release",
                "--package",
                "seaworthy-testkit",
                "--example",
                "simulate",
                "--",
            ])
            .args([histories.to_string(), seed.to_string()])
            .args(mutants),
    )
}

fn options(args: &[&str]) -> Result<(u64, u64), String> {
    let (mut histories, mut seed) = (HISTORIES, 1);
    for pair in args.chunks(2) {
        let number = || {
            let word = pair.get(1).ok_or_else(|| format!("{} wants a number", pair[0]))?;
            word.parse().map_err(|_| format!("{}: {word} is not a number", pair[0]))
        };
        match pair[0] {
            "--histories" => histories = number()?,
            "--seed" => seed = number()?,
            other => return Err(format!("simulate knows --histories N and --seed S, not {other}")),
        }
    }
    Ok((histories, seed))
}

#[cfg(test)]
mod tests {
    use super::{HISTORIES, options};

    #[test]
    fn options_come_in_any_order_and_are_refused_by_name() {
        assert_eq!(options(&[]), Ok((HISTORIES, 1)));
        assert_eq!(options(&["--seed", "7", "--histories", "50"]), Ok((50, 7)));
        assert_eq!(options(&["--seed"]), Err("--seed wants a number".to_owned()));
        assert_eq!(options(&["--seed", "x"]), Err("--seed: x is not a number".to_owned()));
        assert!(options(&["--sede", "7"]).is_err_and(|error| error.contains("--sede")));
    }
}
