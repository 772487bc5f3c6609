//! What this machine gives to Seaworthy.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// Free space below which a release has little room, bytes.
const LITTLE_DISK: u64 = 1 << 30;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Gift {
    /// What.
    pub(crate) what: &'static str,
    /// Whether it is there.
    pub(crate) state: State,
    /// What was seen.
    pub(crate) seen: String,
    /// What to do about it; empty when it is there.
    pub(crate) remedy: String,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is.
    Ok,
    /// It is not, and nothing works without it.
    Missing,
    /// It is not, and something is weaker or not possible without it.
    Absent,
    /// It cannot be seen from here.
    Unknown,
}

impl State {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Missing => "missing",
            State::Absent => "absent",
            State::Unknown => "unknown",
        }
    }
}

impl Gift {
    /// It is there.
    pub(crate) fn ok(what: &'static str, seen: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Ok,
            seen: seen.into(),
            remedy: String::new(),
        }
    }

    /// It is not as it could be.
    pub(crate) fn lacking(
        what: &'static str,
        state: State,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            what,
            state,
            seen: seen.into(),
            remedy: remedy.into(),
        }
    }
}

/// Everything that does not need a daemon.
pub(crate) fn gifts(state: &Path) -> Vec<Gift> {
    let mut gifts = vec![
        kernel(),
        cgroups(),
        user_namespaces(),
        landlock(),
        user(),
        ports(),
        directory(state),
        disk(state),
    ];
    gifts.extend(tools());
    gifts
}

fn kernel() -> Gift {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy().into_owned();
    match version(&release) {
        Some(version) if version >= (5, 3) => Gift::ok("kernel", format!("Linux {release}")),
        Some(_) => Gift::lacking(
            "kernel",
            State::Missing,
            format!("Linux {release}"),
            "processes are adopted by pidfd_open, which Linux 5.3 brought; use that or a newer one",
        ),
        None => Gift::lacking(
            "kernel",
            State::Unknown,
            release,
            "compare it with Linux 5.3, the oldest that works",
        ),
    }
}

/// `6.1.0-25-amd64` is (6, 1).
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn cgroups() -> Gift {
    let root = Path::new("/sys/fs/cgroup");
    let remedy = "limits of memory and processor time need the unified hierarchy (systemd.unified_cgroup_hierarchy=1)";
    if let Ok(controllers) = fs::read_to_string(root.join("cgroup.controllers")) {
        return Gift::ok("cgroups", format!("v2: {}", controllers.trim()));
    }
    if root.join("unified/cgroup.procs").exists() {
        return Gift::lacking("cgroups", State::Absent, "hybrid: v2 without controllers", remedy);
    }
    match root.join("memory").exists() {
        true => Gift::lacking("cgroups", State::Absent, "v1", remedy),
        false => Gift::lacking("cgroups", State::Absent, "none are mounted", remedy),
    }
}

fn user_namespaces() -> Gift {
    let number = |path: &str| {
        fs::read_to_string(path)
            .ok()
            .and_then(|text| text.trim().parse::<u64>().ok())
    };
    let most = number("/proc/sys/user/max_user_namespaces");
    let unprivileged = number("/proc/sys/kernel/unprivileged_userns_clone");
    match (most, unprivileged) {
        (Some(0), _) => Gift::lacking(
            "user namespaces",
            State::Absent,
            "switched off",
            "sysctl user.max_user_namespaces=10000 allows them; builds can then be sandboxed without root",
        ),
        (Some(_), Some(0)) => Gift::lacking(
            "user namespaces",
            State::Absent,
            "for root only",
            "sysctl kernel.unprivileged_userns_clone=1 allows them to others",
        ),
        (Some(_), _) => Gift::ok("user namespaces", "allowed"),
        (None, _) => Gift::lacking(
            "user namespaces",
            State::Unknown,
            "/proc/sys/user is not readable",
            "mount /proc",
        ),
    }
}

fn landlock() -> Gift {
    match fs::read_to_string("/sys/kernel/security/lsm") {
        Ok(modules) if modules.split(',').any(|module| module.trim() == "landlock") => Gift::ok("landlock", "active"),
        Ok(_) => Gift::lacking(
            "landlock",
            State::Absent,
            "not active",
            "boot with lsm=landlock,… to let instances be confined to their files",
        ),
        Err(_) => Gift::lacking(
            "landlock",
            State::Unknown,
            "securityfs is not mounted here",
            "mount -t securityfs none /sys/kernel/security shows it",
        ),
    }
}

fn user() -> Gift {
    match rustix::process::geteuid().is_root() {
        true => Gift::ok("user", "root: instances run as unprivileged users of their own"),
        false => Gift::lacking(
            "user",
            State::Absent,
            format!(
                "uid {}: instances run as this user too",
                rustix::process::geteuid().as_raw()
            ),
            "as root each application gets a user of its own",
        ),
    }
}

fn ports() -> Gift {
    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let first = first
        .ok()
        .and_then(|text| text.trim().parse::<u32>().ok())
        .unwrap_or(1024);
    match rustix::process::geteuid().is_root() || first <= 80 {
        true => Gift::ok("ports 80 and 443", "may be bound"),
        false => Gift::lacking(
            "ports 80 and 443",
            State::Absent,
            format!("this user may bind ports from {first} on"),
            "the edge takes 8080 instead; sysctl net.ipv4.ip_unprivileged_port_start=80 allows 80",
        ),
    }
}

/// The nearest ancestor that exists decides whether a directory can be made.
fn existing(path: &Path) -> &Path {
    path.ancestors()
        .find(|ancestor| ancestor.exists())
        .unwrap_or(Path::new("/"))
}

fn directory(state: &Path) -> Gift {
    let there = existing(state);
    let writable = rustix::fs::access(there, rustix::fs::Access::WRITE_OK).is_ok();
    match (writable, there == state) {
        (true, true) => Gift::ok("state directory", state.display().to_string()),
        (true, false) => Gift::ok("state directory", format!("{} (not made yet)", state.display())),
        (false, _) => Gift::lacking(
            "state directory",
            State::Missing,
            format!("{} is not writable", there.display()),
            "name another with `--state DIR`, or give this user the right to write there",
        ),
    }
}

fn disk(state: &Path) -> Gift {
    match rustix::fs::statvfs(existing(state)) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let seen = format!("{:.1} GiB free for the state", free as f64 / f64::from(1 << 30));
            match free >= LITTLE_DISK {
                true => Gift::ok("disk", seen),
                false => Gift::lacking(
                    "disk",
                    State::Absent,
                    seen,
                    "each release keeps an artifact; make room for a few of them",
                ),
            }
        }
        Err(error) => Gift::lacking(
            "disk",
            State::Unknown,
            error.to_string(),
            "see that the file system is mounted",
        ),
    }
}

/// Programs that some applications need; none is needed by Seaworthy itself.
fn tools() -> Vec<Gift> {
    [
        ("git", "the commit of a release is then not recorded"),
        ("node", "needed to run Node applications"),
        ("npm", "needed to build Node applications"),
        ("python3", "needed to build and run Python applications"),
        ("cargo", "needed to build Rust applications"),
        ("go", "needed to build Go applications"),
    ]
    .into_iter()
    .map(|(tool, without)| match found(tool) {
        Some(path) => Gift::ok(tool, path),
        None => Gift::lacking(tool, State::Absent, "not in $PATH", without),
    })
    .collect()
}

fn found(tool: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(tool))
        .find(|program| rustix::fs::access(program, rustix::fs::Access::EXEC_OK).is_ok() && program.is_file())
        .map(|program| program.display().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn kernels_are_compared_by_number() {
        assert_eq!(version("6.1.0-25-amd64"), Some((6, 1)));
        assert_eq!(version("5.15.167.4-microsoft-standard-WSL2"), Some((5, 15)));
        assert!(version("5.10.0").unwrap() > (5, 3));
        assert_eq!(version("unknown"), None);
    }

    #[test]
    fn what_lacks_says_what_to_do() {
        for gift in gifts(Path::new("/proc/nowhere/state")) {
            assert_eq!(gift.remedy.is_empty(), gift.state == State::Ok, "{gift:?}");
        }
    }

    #[test]
    fn a_state_directory_is_possible_where_its_parent_is_writable() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(directory(&dir.path().join("a/b")).state, State::Ok);
    }
}
