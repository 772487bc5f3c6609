//! Who listens on an address, as far as /proc tells this user.

use std::fs;
use std::net::SocketAddr;

/// A sentence part that names the process listening on `address`: `process 4711 (nginx)`.
pub(crate) fn of(address: SocketAddr) -> String {
    let inode = listening(address.port());
    match inode.and_then(|inode| owner(&inode)) {
        Some((pid, name)) => format!("process {pid} ({name})"),
        None => "another process (`ss -ltnp` as root shows which)".to_owned(),
    }
}

/// The first port that needs no privilege.
pub(crate) fn first_free_port() -> u16 {
    let text = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

/// The inode of a socket that listens on `port`. Addresses are not compared: on one port they overlap in ways
/// (any address, dual stack) that the kernel has judged already.
fn listening(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    tables.into_iter().find_map(|table| inode_in(&table, port))
}

/// Finds it in the format of proc(5): local address second, state (0A: listening) fourth, inode tenth.
fn inode_in(table: &str, port: u16) -> Option<String> {
    let port = format!("{port:04X}");
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let hit = fields.get(1)?.rsplit(':').next()? == port && *fields.get(3)? == "0A";
        if hit {
            fields.get(9).map(|inode| (*inode).to_owned())
        } else {
            None
        }
    })
}

fn owner(inode: &str) -> Option<(u32, String)> {
    let wanted = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(fds) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let holds = |fd: fs::DirEntry| fs::read_link(fd.path()).is_ok_and(|link| link.as_os_str() == wanted.as_str());
        if fds.flatten().any(holds) {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some((pid, name.trim().to_owned()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_sockets_are_found() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
               0: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 11 1\n\
               1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 22 1\n";
        assert_eq!(inode_in(table, 8080).as_deref(), Some("22"));
        assert_eq!(inode_in(table, 8081), None);
    }
}
