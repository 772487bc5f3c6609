//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! Every part uses the dev profile. Clippy and the documentation share the metadata of the dependencies, tests and
//! doctests share their code, so each dependency is compiled twice at most.

use std::path::PathBuf;
use std::process::Command;

use crate::step::{Steps, sh};
use crate::{Outcome, prerequisites, tidy};

/// Runs all parts and prints how long each took.
pub(crate) fn run() -> Outcome {
    let missing = prerequisites::provide();
    let skipped = SkippedTests::begin()?;
    let mut steps = Steps::default();
    steps.run("format", || sh(cargo().args(["fmt", "--all", "--check"])));
    steps.run("house rules", tidy::run);
    steps.run("clippy", || {
        sh(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    });
    steps.run("tests", || {
        sh(tests()
            .env(prerequisites::MISSING, missing.join(","))
            .env(SkippedTests::FILE, &skipped.file))
    });
    steps.run("doctests", || sh(cargo().args(["test", "--workspace", "--doc"])));
    steps.run("documentation", || {
        sh(cargo()
            .args(["doc", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"))
    });
    skipped.name();
    steps.finish()
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Nextest where it is there: it runs each test in its own process and knows the groups of `.config/nextest.toml`.
/// Without it, two tests run at once: more end-to-end tests than that do not fit two cores.
fn tests() -> Command {
    let mut command = cargo();
    if prerequisites::answers(&["cargo", "nextest", "--version"]) {
        command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    } else {
        command.args(["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]);
        command.env("RUST_TEST_THREADS", "2");
    }
    command
}

/// Where tests that lack a prerequisite say so: runners hide what a passing test prints.
struct SkippedTests {
    file: PathBuf,
}

impl SkippedTests {
    /// The variable that tells tests where to say so.
    const FILE: &str = "SEAWORTHY_SKIPPED";

    fn begin() -> Result<Self, Box<dyn std::error::Error>> {
        let file = std::env::temp_dir().join(format!("seaworthy-skipped-{}", std::process::id()));
        std::fs::write(&file, "").map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self { file })
    }

    /// Names each test that was skipped.
    fn name(&self) {
        let said = std::fs::read_to_string(&self.file).unwrap_or_default();
        let mut lines: Vec<&str> = said.lines().collect();
        lines.sort_unstable();
        if !lines.is_empty() {
            println!("── skipped tests");
        }
        for line in lines {
            println!("   {line}");
        }
    }
}

impl Drop for SkippedTests {
    fn drop(&mut self) {
        // A file left in the temporary directory does no harm, so a failure to remove it is no failure.
        let _ = std::fs::remove_file(&self.file);
    }
}
