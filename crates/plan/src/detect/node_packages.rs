//! The package manager of a Node source, and how it installs.

use serde_json::Value;

use super::{Because, SourceFacts, because};

/// How packages are installed and scripts are run.
pub(super) struct Packages {
    /// The shell command that installs; none when nothing is to be installed.
    pub(super) install: Option<&'static str>,
    /// The program that runs a script: `npm`, `pnpm` or `yarn`.
    pub(super) manager: &'static str,
    /// Whether programs of packages stand in `node_modules/.bin`. Yarn's Plug'n'Play has none.
    pub(super) has_bin: bool,
    /// Why.
    pub(super) because: Because,
}

/// Chooses by lock file, then by the `packageManager` field; npm otherwise.
pub(super) fn choose(facts: &SourceFacts, manifest: &Value) -> Packages {
    let named = manifest["packageManager"].as_str().unwrap_or_default();
    let npm_lock = facts.first(&["package-lock.json", "npm-shrinkwrap.json"]);
    if let Some(lock) = facts.first(&["pnpm-lock.yaml"]) {
        packages(
            "pnpm",
            "pnpm install --frozen-lockfile",
            true,
            because(lock, "pnpm, because of its lock file"),
        )
    } else if let Some(lock) = facts.first(&["yarn.lock"]) {
        yarn(facts, named, lock)
    } else if let Some(lock) = npm_lock {
        packages(
            "npm",
            "npm ci",
            true,
            because(lock, "npm ci, because there is a lock file"),
        )
    } else if named.starts_with("pnpm@") {
        packages(
            "pnpm",
            "pnpm install",
            true,
            because("package.json", "pnpm, named as packageManager; no lock file"),
        )
    } else if named.starts_with("yarn@") {
        let mut yarn = yarn(facts, named, "package.json");
        yarn.install = Some("yarn install");
        yarn
    } else if has_packages(manifest) {
        packages(
            "npm",
            "npm install",
            true,
            because("package.json", "npm install, because there is no lock file"),
        )
    } else {
        Packages {
            install: None,
            ..packages("npm", "", true, because("package.json", "no packages to install"))
        }
    }
}

fn yarn(facts: &SourceFacts, named: &str, file: &str) -> Packages {
    let settings = facts.text(".yarnrc.yml");
    let berry = settings.is_some() || (named.starts_with("yarn@") && !named.starts_with("yarn@1."));
    if berry {
        let modules = settings.is_some_and(|text| text.contains("nodeLinker: node-modules"));
        packages(
            "yarn",
            "yarn install --immutable",
            modules,
            because(file, "yarn 2 or later, because of its lock file"),
        )
    } else {
        packages(
            "yarn",
            "yarn install --frozen-lockfile",
            true,
            because(file, "yarn, because of its lock file"),
        )
    }
}

fn packages(manager: &'static str, install: &'static str, has_bin: bool, because: Because) -> Packages {
    Packages {
        install: Some(install),
        manager,
        has_bin,
        because,
    }
}

fn has_packages(manifest: &Value) -> bool {
    ["dependencies", "devDependencies", "optionalDependencies", "workspaces"]
        .iter()
        .any(|key| match &manifest[*key] {
            Value::Object(map) => !map.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => false,
        })
}

/// Whether a package is asked for, for development or not.
pub(super) fn asks_for(manifest: &Value, package: &str) -> bool {
    ["dependencies", "devDependencies"]
        .iter()
        .any(|key| manifest[*key].get(package).is_some())
}
