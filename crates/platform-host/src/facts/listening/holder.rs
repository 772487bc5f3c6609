//! Who listens on an address.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use seaworthy_checks::facts::Holder;

use crate::proc;

/// Who has an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The daemon or the edge of the same state directory.
    Ours,
    /// Another program; none where the kernel does not show us its files.
    Another(Option<Holder>),
}

/// The process that holds a socket listening on the address, our own before others: daemon and edge both hold it.
pub(super) fn of(address: SocketAddr, own_state: &Path) -> Found {
    let sockets: BTreeSet<u64> = proc::listeners(std::process::id())
        .into_iter()
        .filter(|(other, _)| collide(address, *other))
        .map(|(_, inode)| inode)
        .collect();
    let holders: Vec<u32> = processes().filter(|pid| holds(*pid, &sockets)).collect();
    if holders.iter().any(|pid| is_ours(*pid, own_state)) {
        return Found::Ours;
    }
    Found::Another(holders.first().map(|pid| {
        Holder {
            pid: *pid,
            command: fs::read_to_string(format!("/proc/{pid}/comm"))
                .unwrap_or_default()
                .trim()
                .to_owned(),
        }
    }))
}

/// Whether two addresses cannot both be listened on. An IPv6 socket on every address usually takes IPv4 as well.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let any = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() == other.port() && (any || one.ip() == other.ip())
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn holds(pid: u32, sockets: &BTreeSet<u64>) -> bool {
    proc::socket_inodes(pid)
        .into_iter()
        .flatten()
        .any(|inode| sockets.contains(&inode))
}

/// Whether a process is the daemon (`… daemon … --state DIR`) or the edge (`… edge --dir DIR/edge`) of our state directory.
fn is_ours(pid: u32, own_state: &Path) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else {
        return false;
    };
    let words: Vec<String> = line
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let after = |option: &str| {
        let at = words.iter().position(|word| word == option)?;
        words.get(at + 1).map(Path::new)
    };
    let state = match words.get(1).map(String::as_str) {
        Some("daemon") => after("--state"),
        Some("edge") => after("--dir").and_then(Path::parent),
        _ => None,
    };
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    state.is_some_and(|state| real(state) == real(own_state))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_collide_as_in_the_kernel() {
        let collide = |one: &str, other: &str| collide(one.parse().unwrap(), other.parse().unwrap());
        assert!(collide("0.0.0.0:80", "127.0.0.1:80"));
        assert!(collide("0.0.0.0:80", "[::]:80"));
        assert!(collide("127.0.0.1:80", "127.0.0.1:80"));
        assert!(!collide("127.0.0.1:80", "127.0.0.2:80"));
        assert!(!collide("0.0.0.0:80", "0.0.0.0:81"));
    }
}
