//! Rust crates and workspaces.

use seaworthy_spec::CommandLine;
use serde_json::Value;

use super::{Because, Candidate, Detected, NotDetected, SourceFacts, Stack, because};

const MANIFEST: &str = "Cargo.toml";

/// One program that a crate builds.
struct Program {
    name: String,
    package: Option<String>,
    evidence: Because,
}

/// A crate with a program, or a workspace in which exactly one member has one.
pub(super) fn detect(facts: &SourceFacts) -> Candidate {
    let manifest = match facts.toml(MANIFEST) {
        Ok(manifest) => manifest?,
        Err(why) => return Some(Err(why)),
    };
    let (locked, evidence) = if facts.has("Cargo.lock") {
        (
            " --locked",
            because(
                "Cargo.lock",
                "cargo build --release --locked, because there is a lock file",
            ),
        )
    } else {
        (
            "",
            because(MANIFEST, "cargo build --release, because there is no Cargo.lock"),
        )
    };
    let build = |package: Option<&str>| {
        let chosen = package.map(|name| format!(" --package {name}")).unwrap_or_default();
        Detected::built(
            Stack::Rust,
            Some(format!("cargo build --release{locked}{chosen}")),
            vec![evidence.clone()],
        )
    };
    Some(match program(facts, &manifest) {
        Ok(program) => Ok(build(program.package.as_deref()).starts(
            CommandLine::Exec(vec![format!("bin/{}", program.name)]),
            program.evidence,
        )),
        Err(why) => Ok(build(None).starts_nothing(why)),
    })
}

fn program(facts: &SourceFacts, manifest: &Value) -> Result<Program, NotDetected> {
    let here = programs(facts, "", manifest);
    if let Some(name) = manifest["package"]["default-run"].as_str() {
        return Ok(Program {
            name: name.to_owned(),
            package: None,
            evidence: because(MANIFEST, format!("program {name}, from default-run")),
        });
    }
    if !here.is_empty() {
        let package = manifest["package"]["name"].as_str();
        return the_one(here, package).map(|program| Program {
            package: None,
            ..program
        });
    }
    let members = facts.files.iter().filter_map(|file| file.strip_suffix("/Cargo.toml"));
    let mut found = Vec::new();
    for directory in members.filter(|directory| {
        !["examples", "tests", "benches"]
            .iter()
            .any(|kind| directory.starts_with(kind))
    }) {
        if let Some(member) = facts.toml(&format!("{directory}/Cargo.toml"))? {
            found.extend(programs(facts, &format!("{directory}/"), &member));
        }
    }
    the_one(found, None)
}

/// The only program, or the one that bears its package's name.
fn the_one(mut programs: Vec<Program>, package: Option<&str>) -> Result<Program, NotDetected> {
    let remedy = "set command to [\"bin/NAME\"] for this service in seaworthy.toml";
    if let Some(index) = programs
        .iter()
        .position(|program| Some(program.name.as_str()) == package)
    {
        return Ok(programs.swap_remove(index));
    }
    match programs.len() {
        0 => Err(NotDetected::new(
            MANIFEST,
            "it builds a library and no program",
            "add src/main.rs or a [[bin]]",
        )),
        1 => Ok(programs.swap_remove(0)),
        _ => {
            let names: Vec<&str> = programs.iter().map(|program| program.name.as_str()).collect();
            Err(NotDetected::new(
                MANIFEST,
                format!("it builds several programs: {}", names.join(", ")),
                remedy,
            ))
        }
    }
}

/// The programs of the crate in a directory (empty, or ending with `/`): `[[bin]]`, `src/main.rs` and `src/bin`.
fn programs(facts: &SourceFacts, directory: &str, manifest: &Value) -> Vec<Program> {
    let Some(package) = manifest["package"]["name"].as_str() else {
        return Vec::new();
    };
    let file = format!("{directory}{MANIFEST}");
    let program = |name: &str, file: &str| Program {
        name: name.to_owned(),
        package: (!directory.is_empty()).then(|| package.to_owned()),
        evidence: because(file, format!("program {name}")),
    };
    let listed = manifest["bin"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found: Vec<Program> = listed
        .iter()
        .filter_map(|bin| bin["name"].as_str())
        .map(|name| program(name, &file))
        .collect();
    let main = format!("{directory}src/main.rs");
    // A [[bin]] that names src/main.rs renames the package's own program.
    let renamed = listed.iter().any(|bin| bin["path"].as_str() == Some("src/main.rs"));
    if facts.has(&main) && !renamed && found.iter().all(|known| known.name != package) {
        found.push(program(package, &main));
    }
    let other = format!("{directory}src/bin/");
    for path in facts.files.iter().filter(|path| path.starts_with(&other)) {
        let rest = &path[other.len()..];
        let name = rest
            .strip_suffix("/main.rs")
            .or_else(|| rest.strip_suffix(".rs").filter(|name| !name.contains('/')));
        if let Some(name) = name.filter(|name| found.iter().all(|known| known.name != *name)) {
            found.push(program(name, path));
        }
    }
    found
}
