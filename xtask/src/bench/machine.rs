//! Where and when something was measured. A figure without these is an opinion.

use std::fs;
use std::process::Command;

/// One line: date, commit, processor, cores, kernel, and how busy the machine was already.
pub(super) fn line() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("an unnamed processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let busy = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let busy = busy.split(' ').next().unwrap_or_default();
    let date = said_by("date", &["-u", "+%Y-%m-%d"]);
    let commit = said_by("git", &["rev-parse", "--short", "HEAD"]);
    format!(
        "_{date}, commit {commit}, {model}, {cores} cores, Linux {}, load average {busy}._",
        kernel.trim()
    )
}

/// The first line a command says.
pub(super) fn said_by(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let text = output
        .map(|output| [output.stdout, output.stderr].concat())
        .unwrap_or_default();
    String::from_utf8_lossy(&text)
        .lines()
        .next()
        .unwrap_or("unknown")
        .trim()
        .to_owned()
}
