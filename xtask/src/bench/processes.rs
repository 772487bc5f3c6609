//! What the kernel counts for a process: time and memory.

use std::fs;
use std::process::Command;

/// Clock ticks per second in `/proc/PID/stat`: `USER_HZ`, 100 on every architecture Linux runs on today.
const TICKS: f64 = 100.0;

/// User and system time of processes and everything below them, seconds. What has ended counts where its parent has
/// waited for it.
pub(crate) fn cpu_seconds(pids: &[u32]) -> f64 {
    with_descendants(pids)
        .into_iter()
        .filter_map(stat)
        .map(|stat| stat.ticks as f64)
        .sum::<f64>()
        / TICKS
}

/// User and system time of one process alone, seconds.
pub(crate) fn own_cpu_seconds(pid: u32) -> f64 {
    stat(pid).map_or(0.0, |stat| stat.own_ticks as f64 / TICKS)
}

/// Memory of these processes alone, each shared page divided by those who share it, bytes.
pub(crate) fn pss_bytes(pids: &[u32]) -> u64 {
    let pss = |pid: &u32| {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let kib = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        kib.split_whitespace().next()?.parse::<u64>().ok()
    };
    pids.iter().filter_map(pss).sum::<u64>() * 1024
}

/// Sends a signal, by name.
pub(crate) fn signal(pid: u32, name: &str) {
    // A process that has ended meanwhile needs no signal.
    let _ = Command::new("kill")
        .args([&format!("-{name}"), &pid.to_string()])
        .status();
}

/// Whether it still runs. A zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat.state != "Z")
}

/// Every process whose arguments satisfy this.
pub(crate) fn whose_words(wanted: impl Fn(&[String]) -> bool) -> Vec<u32> {
    let mut found: Vec<u32> = all().filter(|pid| wanted(&words(*pid))).collect();
    found.sort_unstable();
    found
}

fn words(pid: u32) -> Vec<String> {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = words
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned());
    words.filter(|word| !word.is_empty()).collect()
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn with_descendants(pids: &[u32]) -> Vec<u32> {
    let mut found = pids.to_vec();
    let parents: Vec<(u32, u32)> = all().filter_map(|pid| Some((pid, stat(pid)?.parent))).collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = parents.iter().filter(|(pid, of)| *of == parent && !found.contains(pid));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        found.extend(children);
        next += 1;
    }
    found
}

/// What stands in `/proc/PID/stat`, see proc(5).
struct Stat {
    state: String,
    parent: u32,
    /// User and system time, of the process and of children it has waited for.
    ticks: u64,
    /// The same, of the process alone.
    own_ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; the state follows the last one, as field 3.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3);
    let sum = |numbers: std::ops::RangeInclusive<usize>| -> Option<u64> {
        numbers.map(|number| field(number)?.parse::<u64>().ok()).sum()
    };
    Some(Stat {
        state: (*field(3)?).to_owned(),
        parent: field(4)?.parse().ok()?,
        ticks: sum(14..=17)?,
        own_ticks: sum(14..=15)?,
    })
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, pss_bytes, runs, stat};

    #[test]
    fn this_process_has_a_parent_memory_and_time() {
        let pid = std::process::id();
        assert!(runs(pid));
        assert_eq!(
            stat(pid).map(|stat| stat.parent),
            Some(std::os::unix::process::parent_id())
        );
        assert!(pss_bytes(&[pid]) > 100_000);
        let before = cpu_seconds(&[pid]);
        let mut sum = 0_u64;
        while cpu_seconds(&[pid]) < before + 0.02 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }
}
