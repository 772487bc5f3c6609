//! The processes of one ship, found by what the kernel says of them.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// A process of a ship.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    /// Its arguments.
    pub(crate) words: Vec<String>,
}

/// Every process that runs this ship's binary, stands in its directory, or names it in its arguments.
pub(crate) fn of(root: &Path) -> Vec<Process> {
    all()
        .filter(|(dir, process)| belongs(root, dir, process))
        .map(|(_, process)| process)
        .collect()
}

/// Those that run the ship's own binary with this role.
pub(super) fn with_role(root: &Path, role: &str) -> Vec<i32> {
    let binary = root.join("bin/seaworthy");
    all()
        .filter(|(dir, process)| {
            link(dir, "exe").is_some_and(|exe| exe == binary) && process.words.get(1).is_some_and(|word| word == role)
        })
        .map(|(_, process)| process.pid)
        .collect()
}

/// SIGKILL. Only ever for a process of a ship.
pub(crate) fn kill(pid: i32) {
    // It may have ended by itself meanwhile.
    let _ = kill_process(
        Pid::from_raw(pid).expect("a process has a number above 0"),
        Signal::KILL,
    );
}

/// Whether it has ended (a zombie has).
pub(crate) fn ended(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')')
        .is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// Shows what runs, for a test that fails.
pub(super) fn show(root: &Path) {
    for process in of(root) {
        eprintln!("runs: {process:?}");
    }
}

/// Shows the end of each log below a state directory, for a test that fails.
pub(super) fn show_logs(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let kind = entry.file_type().expect("an entry that was read has a type");
        if kind.is_dir() {
            show_logs(&path);
        } else if kind.is_file()
            && (path.extension().is_some_and(|ending| ending == "log") || path.ends_with("log/current"))
        {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
            let last: Vec<&str> = text.lines().rev().take(30).collect();
            eprintln!("── {}", path.display());
            last.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

fn belongs(root: &Path, dir: &Path, process: &Process) -> bool {
    let inside = |name| link(dir, name).is_some_and(|path| path.starts_with(root));
    let named = || process.words.iter().any(|word| word.contains(&*root.to_string_lossy()));
    process.pid != std::process::id() as i32 && (inside("exe") || inside("cwd") || named())
}

fn link(dir: &Path, name: &str) -> Option<PathBuf> {
    fs::read_link(dir.join(name)).ok()
}

/// Everything that runs. Zombies have no arguments, and are nobody's any more.
fn all() -> impl Iterator<Item = (PathBuf, Process)> {
    fs::read_dir("/proc").expect("Linux").flatten().filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<String> = words
            .split(|byte| *byte == 0)
            .filter(|word| !word.is_empty())
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        (!words.is_empty()).then(|| (entry.path(), Process { pid, words }))
    })
}
