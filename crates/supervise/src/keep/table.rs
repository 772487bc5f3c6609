//! The system's table of processes, as `/proc` tells it.

use std::fs;

/// A process, from `/proc/PID/stat` (proc_pid_stat(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: u32,
    /// Its name, cut at 15 bytes by the kernel.
    pub(crate) name: String,
    /// Whether any of its threads still runs: it is no zombie.
    pub(crate) alive: bool,
    pub(crate) parent: u32,
    pub(crate) group: u32,
    pub(crate) session: u32,
    /// When it was started, clock ticks since boot.
    pub(crate) start_ticks: u64,
    /// How it ended, as wait(2) would say; only of a zombie, and 0 for whoever may not know.
    pub(crate) exit_code: i32,
}

impl Stat {
    /// The process with this id, if there is one.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(stat: &[u8]) -> Option<Self> {
        // The name is in parentheses and may hold anything, parentheses and spaces too.
        let (open, close) = (
            stat.iter().position(|b| *b == b'(')?,
            stat.iter().rposition(|b| *b == b')')?,
        );
        let fields: Vec<&str> = std::str::from_utf8(&stat[close + 1..])
            .ok()?
            .split_ascii_whitespace()
            .collect();
        // Fields are counted from 1 in the manual, and the third is the first after the name.
        let field = |number: usize| fields.get(number - 3).copied();
        Some(Self {
            pid: std::str::from_utf8(&stat[..open]).ok()?.trim().parse().ok()?,
            name: String::from_utf8_lossy(&stat[open + 1..close]).into_owned(),
            // The first thread may be a zombie while others go on.
            alive: !matches!(field(3)?, "Z" | "X") || field(20)?.parse::<u32>().ok()? > 1,
            parent: field(4)?.parse().ok()?,
            group: field(5)?.parse().ok()?,
            session: field(6)?.parse().ok()?,
            start_ticks: field(22)?.parse().ok()?,
            exit_code: field(52).and_then(|code| code.parse().ok()).unwrap_or(0),
        })
    }
}

/// All processes there are.
pub(crate) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(Stat::of)
        .collect()
}

/// A process as `pid command`, the command cut at a length that fits a message.
pub(crate) fn describe(process: &Stat) -> String {
    const MOST: usize = 120;
    let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
    let words = String::from_utf8_lossy(&line);
    let mut command = words
        .split('\0')
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if command.is_empty() {
        command.clone_from(&process.name);
    }
    if command.chars().count() > MOST {
        command = command.chars().take(MOST).chain(['…']).collect();
    }
    format!("{} {command}", process.pid)
}

/// What tells this boot from any other.
pub(crate) fn boot_id() -> std::io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_may_look_like_fields() {
        let stat = b"42 (a) Z (b) S 7 8 9 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0";
        let stat = Stat::parse(stat).unwrap();
        assert_eq!((stat.pid, stat.name.as_str(), stat.alive), (42, "a) Z (b", true));
        assert_eq!(
            (stat.parent, stat.group, stat.session, stat.start_ticks),
            (7, 8, 9, 12345)
        );
    }

    #[test]
    fn a_process_whose_first_thread_has_ended_runs_as_long_as_another_does() {
        let alive = |state: &str, threads: u32| {
            let stat = format!("42 (a) {state} 7 8 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 12345 0 0");
            Stat::parse(stat.as_bytes()).unwrap().alive
        };
        assert!(alive("S", 1) && alive("Z", 2));
        assert!(!alive("Z", 1));
    }

    #[test]
    fn this_process_is_in_the_table() {
        let pid = std::process::id();
        let own = all().into_iter().find(|process| process.pid == pid).unwrap();
        assert_eq!(Some(&own), Stat::of(pid).as_ref());
        assert!(own.alive && own.start_ticks > 0);
        assert!(describe(&own).starts_with(&format!("{pid} ")));
    }
}
