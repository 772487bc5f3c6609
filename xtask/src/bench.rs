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
mod load;
mod machine;
mod processes;
mod proxies;
mod releases;
mod report;
mod rest;
mod ship;
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

/// The release builds that are measured.
struct Binaries {
    seaworthy: PathBuf,
    load: PathBuf,
}

/// Measures the named parts, or all, and writes each into the report as soon as it is known.
pub(crate) fn run(names: &[&str]) -> Outcome {
    if let Some(unknown) = names.iter().find(|name| !PARTS.iter().any(|part| part.name == **name)) {
        let known: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
        return Err(format!("{unknown} is not one of {}", known.join(", ")).into());
    }
    sh(Command::new("cargo").args([
        "build",
        "--release",
        "--package",
        "seaworthy",
        "--package",
        "seaworthy-load",
    ]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let release = std::fs::canonicalize(target.join("release"))?;
    let binaries = Binaries {
        seaworthy: release.join("seaworthy"),
        load: release.join("seaworthy-load"),
    };
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
