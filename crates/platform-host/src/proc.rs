//! What the kernel tells about a process: its family, its processor time, the sockets it listens on. Reads `/proc`.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// The boot this is. Empty where the kernel does not say, which is then the same for every boot and never compared with success.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// Whether there is a process of this number that is not a zombie. Only for one that ran a moment ago.
pub(crate) fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat.state != 'Z' && stat.state != 'X')
}

/// Whether the process of this number that started at this time is there and not a zombie.
pub(crate) fn is_alive(pid: u32, start_ticks: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.start_ticks == start_ticks && stat.state != 'Z' && stat.state != 'X')
}

/// A process and everything it started, as far as it can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Family {
    /// Where its members listen (TCP).
    pub(crate) listening: BTreeSet<SocketAddr>,
    /// Processor time all of them have used, clock ticks.
    pub(crate) ticks: u64,
    /// Whether the kernel let us see the sockets of every member.
    pub(crate) complete: bool,
}

/// Looks at the leader of a session and everything in it or descended from it.
pub(crate) fn family(leader: u32) -> Family {
    let all = all_processes();
    let mut members = BTreeSet::from([leader]);
    // Parents are usually older than their children, but numbers wrap around: repeat until nothing is added.
    loop {
        let before = members.len();
        for (pid, stat) in &all {
            if stat.session == leader || members.contains(&stat.parent) {
                members.insert(*pid);
            }
        }
        if members.len() == before {
            break;
        }
    }
    let sockets: Vec<Option<Vec<u64>>> = members.iter().map(|pid| socket_inodes(*pid)).collect();
    let complete = sockets.iter().all(Option::is_some);
    let sockets: BTreeSet<u64> = sockets.into_iter().flatten().flatten().collect();
    let listening = listeners(leader)
        .into_iter()
        .filter(|(_, inode)| sockets.contains(inode));
    Family {
        complete,
        listening: listening.map(|(address, _)| address).collect(),
        ticks: all
            .iter()
            .filter(|(pid, _)| members.contains(pid))
            .map(|(_, stat)| stat.ticks)
            .sum(),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    parent: u32,
    session: u32,
    ticks: u64,
    start_ticks: u64,
}

fn all_processes() -> Vec<(u32, Stat)> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, stat(pid)?))).collect()
}

fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Fields by proc_pid_stat(5); the name in parentheses may itself hold spaces and parentheses.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: u32::try_from(number(4)?).ok()?,
        session: u32::try_from(number(6)?).ok()?,
        ticks: number(14)? + number(15)?,
        start_ticks: number(22)?,
    })
}

/// None when the process may not be looked into. One that has ended meanwhile has no sockets.
pub(crate) fn socket_inodes(pid: u32) -> Option<Vec<u64>> {
    let entries = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => return None,
        Err(_) => return Some(Vec::new()),
    };
    let targets = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    Some(targets.filter_map(|target| parse_socket(&target)).collect())
}

/// `socket:[12345]`
fn parse_socket(target: &Path) -> Option<u64> {
    target
        .to_str()?
        .strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// Listening sockets of the process' network namespace with their inodes.
pub(crate) fn listeners(pid: u32) -> Vec<(SocketAddr, u64)> {
    let tables = ["tcp", "tcp6"].map(|name| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines().skip(1).filter_map(parse_listener))
        .collect()
}

/// A line of `/proc/net/tcp`: `sl local_address rem_address st … inode …`; state 0A is LISTEN.
fn parse_listener(line: &str) -> Option<(SocketAddr, u64)> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    if *fields.get(3)? != "0A" {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    let address = SocketAddr::new(parse_address(address)?, u16::from_str_radix(port, 16).ok()?);
    Some((address, fields.get(9)?.parse().ok()?))
}

/// Addresses stand there as words of the machine's byte order.
fn parse_address(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(hex.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut octets = [0; 16];
            for (at, part) in octets.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(at * 8)?);
            }
            Some(Ipv6Addr::from(octets).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) b (c)) S 7 42 40 0 -1 4194560 1 0 0 0 11 22 0 0 20 0 1 0 98765 1000 1 0";
        let stat = parse_stat(line).unwrap();
        let expected = Stat {
            state: 'S',
            parent: 7,
            session: 40,
            ticks: 33,
            start_ticks: 98765,
        };
        assert_eq!(stat, expected);
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn listeners_are_read_from_both_tables() {
        let four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 5551 1 0 100 0 0 10 0";
        assert_eq!(parse_listener(four).unwrap(), ("127.0.0.1:8080".parse().unwrap(), 5551));
        let six = "   1: 00000000000000000000000001000000:0BB8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 77 1 0";
        assert_eq!(parse_listener(six).unwrap(), ("[::1]:3000".parse().unwrap(), 77));
        let connected = four.replace(" 0A ", " 01 ");
        assert_eq!(parse_listener(&connected), None);
    }

    #[test]
    fn this_process_is_seen_with_the_socket_it_listens_on() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let me = std::process::id();
        assert!(family(me).listening.contains(&listener.local_addr().unwrap()));
        let start = stat(me).unwrap().start_ticks;
        assert!(is_alive(me, start));
        assert!(!is_alive(me, start + 1));
    }
}
