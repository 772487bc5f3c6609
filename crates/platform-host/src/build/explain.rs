//! Says why a build failed and what to do. Pure.

use seaworthy_platform::PlatformError;

use super::process::Ended;

/// The error of a build command that did not succeed.
pub(super) fn failure(service: &str, ended: Ended, last_lines: Vec<String>) -> PlatformError {
    let (cause, remedy) = known(&last_lines).unwrap_or_else(|| general(ended));
    PlatformError::Build {
        service: service.to_owned(),
        cause,
        remedy,
        last_lines,
    }
}

fn general(ended: Ended) -> (String, String) {
    let look = "look at its last lines; the same command must succeed in a fresh copy of the source";
    match ended {
        Ended::Exit(status) => (format!("the build command ended with status {status}"), look.to_owned()),
        Ended::Signal(9) => (
            "the build command was killed (signal 9), as the kernel does when memory runs out".to_owned(),
            "give the machine more memory or swap, or build with less (fewer parallel jobs)".to_owned(),
        ),
        Ended::Signal(signal) => (
            format!("the build command was ended by signal {signal}"),
            look.to_owned(),
        ),
        Ended::TimedOut(limit) => (
            format!(
                "the build command was stopped after {} s, the longest a build may take",
                limit.as_secs_f32()
            ),
            "see from its last lines what it waited for; a build must not wait for input or serve".to_owned(),
        ),
    }
}

/// Failures whose lines name a cause outside the source.
fn known(lines: &[String]) -> Option<(String, String)> {
    lines.iter().rev().find_map(|line| {
        if let Some(tool) = missing_tool(line) {
            return Some((format!("{tool} is not installed on this machine"), install(tool)));
        }
        let says = |text: &str| line.contains(text);
        if says("ensurepip is not") {
            let cause = "this machine's Python cannot make virtual environments".to_owned();
            return Some((
                cause,
                "install its venv module (on Debian: apt-get install python3-venv)".to_owned(),
            ));
        }
        if says("`npm ci` can only install") {
            let cause = "package.json and its lock file do not agree".to_owned();
            return Some((
                cause,
                "run npm install in the source and commit the lock file".to_owned(),
            ));
        }
        if says("--locked was passed") {
            let cause = "Cargo.toml and Cargo.lock do not agree".to_owned();
            return Some((cause, "run cargo build in the source and commit Cargo.lock".to_owned()));
        }
        if says("No space left on device") || says("ENOSPC") {
            let cause = "the disk is full".to_owned();
            return Some((cause, "free disk space, then release again".to_owned()));
        }
        let offline = [
            "EAI_AGAIN",
            "ENOTFOUND",
            "ECONNREFUSED",
            "Could not resolve host",
            "Temporary failure in name resolution",
        ];
        offline.iter().any(|text| says(text)).then(|| {
            let cause = "the build could not reach the network".to_owned();
            (
                cause,
                "see from its last lines which host; proxies and certificates are taken from the daemon's environment"
                    .to_owned(),
            )
        })
    })
}

/// The tool in a shell's complaint: `/bin/sh: 1: pnpm: not found` (dash), `sh: line 1: pnpm: command not found` (bash).
fn missing_tool(line: &str) -> Option<&str> {
    let rest = line
        .strip_suffix(": not found")
        .or_else(|| line.strip_suffix(": command not found"))?;
    let shell = rest.split(':').next()?;
    let tool = rest.rsplit(": ").next()?;
    let is_shell = shell.ends_with("sh");
    (is_shell && !tool.is_empty() && !tool.contains(' ')).then_some(tool)
}

fn install(tool: &str) -> String {
    match tool {
        "npm" | "node" | "npx" => "install Node.js with npm (on Debian: apt-get install nodejs npm)".to_owned(),
        "pnpm" | "yarn" => format!("install it (npm install --global {tool}, or corepack enable)"),
        "python3" | "python" => "install Python (on Debian: apt-get install python3 python3-venv)".to_owned(),
        "cargo" | "rustc" => "install Rust (https://rustup.rs) for the user that runs the daemon".to_owned(),
        "go" => "install Go (on Debian: apt-get install golang)".to_owned(),
        "cc" | "gcc" | "make" => "install a C compiler (on Debian: apt-get install build-essential)".to_owned(),
        path if path.contains('/') => format!("make {path} in an earlier step of the build command"),
        _ => format!("install {tool} where the daemon's PATH finds it, then release again"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]
    use super::*;

    fn explained(ended: Ended, line: &str) -> (String, String) {
        match failure("web", ended, vec!["before".to_owned(), line.to_owned()]) {
            PlatformError::Build { cause, remedy, .. } => (cause, remedy),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_missing_tool_is_named_with_its_remedy() {
        for (line, tool, remedy) in [
            ("/bin/sh: 1: pnpm: not found", "pnpm is", "corepack"),
            ("sh: line 1: cargo: command not found", "cargo is", "rustup"),
            (
                "/bin/sh: 3: frobnicate: not found",
                "frobnicate is",
                "install frobnicate",
            ),
        ] {
            let (cause, told) = explained(Ended::Exit(127), line);
            assert!(cause.starts_with(tool), "{cause}");
            assert!(told.contains(remedy), "{told}");
        }
        let (cause, _) = explained(Ended::Exit(1), "error: page not found");
        assert_eq!(cause, "the build command ended with status 1");
    }

    #[test]
    fn memory_time_and_lock_files_have_their_own_words() {
        assert!(explained(Ended::Signal(9), "").0.contains("memory"));
        assert!(
            explained(Ended::TimedOut(std::time::Duration::from_secs(5)), "")
                .0
                .contains("after 5 s")
        );
        let (cause, remedy) = explained(Ended::Exit(1), "npm error `npm ci` can only install packages when …");
        assert!(cause.contains("do not agree") && remedy.contains("npm install"));
    }
}
