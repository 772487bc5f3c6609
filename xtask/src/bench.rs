//! `cargo xtask bench`: the figures of docs/benchmarks.md, measured on this machine and written there.
//!
//! | part | what is measured |
//! |---|---|
//! | `edge` | the edge beside nginx, HAProxy and Caddy |
//! | `releases` | 20 consecutive changes under open-loop load |
//! | `kill` | kill -9 of daemon, keeper and edge under load |
//! | `cli` | `check`, `up` without a change, ready to routed |
//! | `rest` | memory and processor time with five instances and nothing to do |

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::step::sh;

mod cli;
mod edge;
mod kill;
pub(crate) mod load;
mod machine;
pub(crate) mod processes;
mod proxies;
mod releases;
mod report;
mod rest;
pub(crate) mod ship;
mod spread;

/// What a part says: Markdown, below the part's heading.
type Measured = Result<String, Box<dyn std::error::Error>>;

/// A part, in the order of the report.
struct Part {
    name: &'static str,
    heading: &'static str,
    measure: fn(&Binaries) -> Measured,
}

const PARTS: &[Part] = &[
    Part {
        name: "edge",
        heading: "The edge beside nginx, HAProxy and Caddy",
        measure: edge::measure,
    },
    Part {
        name: "releases",
        heading: "20 releases and rollbacks under load",
        measure: releases::measure,
    },
    Part {
        name: "kill",
        heading: "kill -9 under load",
        measure: kill::measure,
    },
    Part {
        name: "cli",
        heading: "What a person waits for",
        measure: cli::measure,
    },
    Part {
        name: "rest",
        heading: "At rest",
        measure: rest::measure,
    },
];

/// The builds that are measured.
pub(crate) struct Binaries {
    pub(crate) seaworthy: PathBuf,
    pub(crate) load: PathBuf,
}

/// Builds what is measured, with this cargo profile (`release`, or `dev` where speed is not the question).
pub(crate) fn binaries(profile: &str) -> Result<Binaries, Box<dyn std::error::Error>> {
    let build = [
        "build",
        "--profile",
        profile,
        "--package",
        "seaworthy",
        "--package",
        "seaworthy-load",
    ];
    sh(Command::new("cargo").args(build))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let directory = std::fs::canonicalize(target.join(if profile == "dev" { "debug" } else { profile }))?;
    Ok(Binaries {
        seaworthy: directory.join("seaworthy"),
        load: directory.join("seaworthy-load"),
    })
}

/// Measures the named parts, or all, and writes each into the report as soon as it is known.
pub(crate) fn run(names: &[&str]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| !PARTS.iter().any(|part| part.name == **name)) {
        let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        return Err(format!("{unknown} is not one of {}", known.join(", ")).into());
    }
    let binaries = binaries("release")?;
    for part in PARTS
        .iter()
        .filter(|part| names.is_empty() || names.contains(&part.name))
    {
        println!("── {}", part.name);
        let measured = (part.measure)(&binaries)?;
        println!("{measured}");
        let headings: Vec<(&str, &str)> = PARTS.iter().map(|part| (part.name, part.heading)).collect();
        let text = format!("{}\n\n{}", machine::line(), measured.trim());
        report::write(Path::new("docs/benchmarks.md"), &headings, part.name, &text)?;
    }
    Ok(())
}
