//! What tests need beside Rust and a C compiler: installed from Debian's packages as root, otherwise named.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};

use crate::step::sh;

/// The variable that tells tests what is missing, comma-separated names of [`NEEDS`].
pub(crate) const MISSING: &str = "SEAWORTHY_MISSING";

/// Where tools are looked for: what an unprivileged user finds, because that is who runs the applications of the tests.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Something that some tests need.
struct Need {
    /// Its name in [`MISSING`].
    name: &'static str,
    /// A command that succeeds where it is there.
    probe: &'static [&'static str],
    /// The Debian packages that bring it; empty where no package can.
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
        tests: "end-to-end tests that ship a Node application",
    },
    Need {
        name: "npm-registry",
        probe: &["npm", "ping"],
        packages: &[],
        tests: "end-to-end tests that ship an application from npm",
    },
    Need {
        name: "pypi",
        probe: &[
            "python3",
            "-c",
            "import urllib.request; urllib.request.urlopen('https://pypi.org/simple/flask/', timeout=20)",
        ],
        packages: &[],
        tests: "end-to-end tests that ship an application from PyPI",
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
        let remedy = match need.packages {
            [] => format!("`{}` must succeed", need.probe.join(" ")),
            packages => format!("install it with: apt-get install {}", packages.join(" ")),
        };
        println!("missing: {}. Skipped without it: {}; {remedy}", need.name, need.tests);
    }
    still.iter().map(|need| need.name).collect()
}

/// Whether a command can be run, here, and succeeds.
pub(crate) fn answers(words: &[&str]) -> bool {
    succeeds(command(words))
}

/// A command of the tests' own path.
fn tool(words: &[&str]) -> Command {
    let mut tool = command(words);
    tool.env("PATH", PATH);
    tool
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1));
    command
}

fn succeeds(mut command: Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn missing() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !succeeds(tool(need.probe))).collect()
}

fn install(needs: &[&Need]) {
    let packages: BTreeSet<&str> = needs.iter().flat_map(|need| need.packages.iter().copied()).collect();
    if packages.is_empty() {
        return;
    }
    let apt = |words: &[&str], packages: &BTreeSet<&str>| {
        let mut command = Command::new("apt-get");
        command
            .args(words)
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive");
        sh(&mut command)
    };
    let installed = apt(&["update", "--quiet"], &BTreeSet::new())
        .and_then(|()| apt(&["install", "--quiet", "--yes", "--no-install-recommends"], &packages));
    if let Err(error) = installed {
        println!("could not install {packages:?}: {error}");
    }
}

fn is_root() -> bool {
    // The owner of /proc/self is the effective user of this process.
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}
