//! The floors of the house, as data, and the rule that a crate stands only on floors below its own.

use serde_json::Value;

/// What a crate may depend on, beside crates on lower floors.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Knows the product and does I/O.
    Acting,
    /// Decides: no clock, file, network, environment, printing, async.
    Pure,
    /// Knows nothing of the product: uses no crate of this workspace.
    Mechanism,
    /// Stands beside the house: only ever a dev-dependency.
    Tests,
}
use Kind::{Acting, Mechanism, Pure, Tests};

/// From top to bottom, as in ARCHITECTURE.md. A crate that is not here has no floor, and is refused.
const FLOORS: &[&[(&str, Kind)]] = &[
    &[("xtask", Acting)],
    &[("seaworthy", Acting)],
    &[("seaworthy-daemon", Acting)],
    &[
        ("seaworthy-platform-host", Acting),
        ("seaworthy-platform-docker", Acting),
        ("seaworthy-platform-kubernetes", Acting),
    ],
    &[("seaworthy-backup", Acting)],
    &[
        ("seaworthy-edge", Mechanism),
        ("seaworthy-supervise", Mechanism),
        ("seaworthy-load", Mechanism),
    ],
    &[("seaworthy-store", Acting)],
    &[("seaworthy-metrics", Acting)],
    &[("seaworthy-alerts", Acting)],
    &[("seaworthy-testkit", Tests)],
    &[("seaworthy-release", Pure)],
    &[("seaworthy-plan", Pure)],
    &[("seaworthy-checks", Pure), ("seaworthy-render", Pure)],
    &[("seaworthy-platform", Pure)],
    &[("seaworthy-api", Pure)],
    &[("seaworthy-spec", Pure)],
];

/// Libraries whose only use is to act. A pure crate that wants one is not pure any more.
const ACTING_LIBRARIES: &[&str] = &[
    "tokio",
    "hyper",
    "hyper-util",
    "axum",
    "rustix",
    "rusqlite",
    "tempfile",
    "ignore",
    "indicatif",
];

/// The manifests of the workspace's crates.
pub(crate) fn manifests(metadata: &Value) -> impl Iterator<Item = &str> {
    packages(metadata)
        .iter()
        .filter_map(|package| package["manifest_path"].as_str())
}

/// The directories of the crates that only decide: their clippy.toml is `crates/pure-clippy.toml`.
pub(crate) fn pure(metadata: &Value) -> impl Iterator<Item = &str> {
    packages(metadata).iter().filter_map(|package| {
        let (_, kind) = floor(package["name"].as_str()?)?;
        let manifest = package["manifest_path"].as_str()?;
        (kind == Pure).then(|| manifest.trim_end_matches("/Cargo.toml"))
    })
}

/// Checks every dependency between crates of the workspace.
pub(crate) fn check(metadata: &Value, breaches: &mut Vec<String>) {
    for package in packages(metadata) {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((floor, kind)) = floor(name) else {
            breaches.push(format!(
                "{name}: has no floor in xtask/src/tidy/layers.rs and no row in ARCHITECTURE.md"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // What tests use does not reach the product.
            if dependency["kind"] == "dev" {
                continue;
            }
            let used = dependency["name"].as_str().unwrap_or_default();
            let complaint = match self::floor(used) {
                Some((_, Tests)) => "is for tests: make it a dev-dependency",
                Some(_) if kind == Mechanism => "knows the product, and a mechanism must not",
                Some((below, _)) if below <= floor => "is not on a floor below",
                None if kind == Pure && ACTING_LIBRARIES.contains(&used) => "acts, and this crate only decides",
                _ => continue,
            };
            breaches.push(format!("{name} uses {used}, which {complaint}"));
        }
    }
}

fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().map_or(&[], Vec::as_slice)
}

/// The floor of a crate of this workspace, counted from the top.
fn floor(name: &str) -> Option<(usize, Kind)> {
    FLOORS.iter().enumerate().find_map(|(number, crates)| {
        let (_, kind) = crates.iter().find(|(known, _)| *known == name)?;
        Some((number, *kind))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;

    fn breaches(user: &str, used: &str, kind: &Value) -> Vec<String> {
        let mut found = Vec::new();
        let package = json!({ "name": user, "dependencies": [{ "name": used, "kind": kind }] });
        check(&json!({ "packages": [package] }), &mut found);
        found
    }

    #[test]
    fn a_crate_may_use_lower_floors_only() {
        assert!(breaches("seaworthy-plan", "seaworthy-spec", &Value::Null).is_empty());
        assert_eq!(breaches("seaworthy-plan", "seaworthy-release", &Value::Null).len(), 1);
        assert_eq!(
            breaches("seaworthy-platform-host", "seaworthy-platform-docker", &Value::Null).len(),
            1
        );
    }

    #[test]
    fn mechanisms_know_nothing_of_the_product_and_pure_crates_do_not_act() {
        assert_eq!(breaches("seaworthy-edge", "seaworthy-spec", &Value::Null).len(), 1);
        assert_eq!(breaches("seaworthy-release", "tokio", &Value::Null).len(), 1);
        assert!(breaches("seaworthy-daemon", "tokio", &Value::Null).is_empty());
    }

    #[test]
    fn the_testkit_is_for_tests() {
        assert_eq!(breaches("seaworthy", "seaworthy-testkit", &Value::Null).len(), 1);
        assert!(breaches("seaworthy", "seaworthy-testkit", &json!("dev")).is_empty());
    }

    #[test]
    fn a_crate_without_a_floor_is_named() {
        assert_eq!(breaches("seaworthy-attic", "serde", &Value::Null).len(), 1);
    }
}
