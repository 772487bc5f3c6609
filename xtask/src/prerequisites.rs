//! What tests need beside Rust and a C compiler: installed from Debian's packages as root, otherwise named.

use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use crate::step::sh;

/// The variable that tells tests what is missing, comma-separated names of [`NEEDS`].
pub(crate) const MISSING: &str = "SEAWORTHY_MISSING";

/// A tool that some tests need.
struct Need {
    /// Its name in [`MISSING`].
    name: &'static str,
    /// A command that succeeds where it is there.
    probe: &'static [&'static str],
    /// The Debian packages that bring it.
    packages: &'static [&'static str],
    /// What cannot be tested without it.
    tests: &'static str,
}

const NEEDS: &[Need] = &[
    Need {
        name: "git",
        probe: &["git", "--version"],
        packages: &["git"],
        tests: "the house rules, and tests that read a source's commit",
    },
    Need {
        name: "python",
        // Debian ships python3 without ensurepip; a virtual environment needs both.
        probe: &["python3", "-c", "import venv, ensurepip"],
        packages: &["python3", "python3-venv"],
        tests: "most end-to-end tests: their applications are small Python servers",
    },
    Need {
        name: "node",
        probe: &["node", "--version"],
        packages: &["nodejs"],
        tests: "end-to-end tests that ship a Node application",
    },
    Need {
        name: "npm",
        probe: &["npm", "--version"],
        packages: &["npm"],
        tests: "end-to-end tests that ship an application from npm",
    },
];

/// Installs what is missing where that is possible, and answers with the names of what is still missing.
pub(crate) fn provide() -> Vec<&'static str> {
    let missing = missing();
    if missing.is_empty() {
        return Vec::new();
    }
    if is_root() && answers(&["apt-get", "--version"]) {
        install(&missing);
    }
    let still = self::missing();
    for need in &still {
        println!(
            "missing: {}. Skipped without it: {}. Install it with: apt-get install {}",
            need.name,
            need.tests,
            need.packages.join(" ")
        );
    }
    still.iter().map(|need| need.name).collect()
}

/// Whether a command can be run and succeeds.
pub(crate) fn answers(probe: &[&str]) -> bool {
    let [program, words @ ..] = probe else { return false };
    let mut command = Command::new(program);
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn missing() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !answers(need.probe)).collect()
}

fn install(needs: &[&Need]) {
    let packages: Vec<&str> = needs.iter().flat_map(|need| need.packages.iter().copied()).collect();
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
        sh(&mut command)
    };
    let installed = apt(&["update", "--quiet"]).and_then(|()| {
        let mut words = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
        words.extend(&packages);
        apt(&words)
    });
    if let Err(error) = installed {
        println!("could not install {}: {error}", packages.join(" "));
    }
}

fn is_root() -> bool {
    // The owner of /proc/self is the effective user of this process.
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}
