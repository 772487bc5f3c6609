//! `cargo xtask tidy`: house rules that no lint of the compiler knows.

use std::path::Path;
use std::process::Command;

use crate::Outcome;

mod layers;
mod sources;

/// Checks every tracked file and every crate, and names each breach in one run.
pub(crate) fn run() -> Outcome {
    let mut breaches = Vec::new();
    for path in tracked()? {
        sources::name(&path, &mut breaches);
        if sources::is_source(&path) {
            let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
            sources::text(&path, &text, &mut breaches);
        }
    }
    let metadata = read(Command::new("cargo").args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    layers::check(&metadata, &mut breaches);
    for manifest in layers::manifests(&metadata) {
        let text = std::fs::read_to_string(manifest).map_err(|error| format!("{manifest}: {error}"))?;
        sources::manifest(manifest, &text, &mut breaches);
    }
    let bans = std::fs::canonicalize("crates/pure-clippy.toml")?;
    for directory in layers::pure(&metadata) {
        let link = Path::new(directory).join("clippy.toml");
        if std::fs::canonicalize(&link).ok().as_ref() != Some(&bans) {
            breaches.push(format!("{}: must be a link to {}", link.display(), bans.display()));
        }
    }
    for breach in &breaches {
        println!("   {breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        count => Err(format!("{count} breaches of the house rules").into()),
    }
}

/// Tracked and new files that exist: a file about to be committed is judged as well.
fn tracked() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let listed = read(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    let mut paths: Vec<String> = listed
        .lines()
        .filter(|path| Path::new(path).is_file())
        .map(str::to_owned)
        .collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

fn read(command: &mut Command) -> Result<String, Box<dyn std::error::Error>> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!(
            "{:?}: {}",
            command.get_program(),
            String::from_utf8_lossy(&output.stderr)
        )
        .into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
