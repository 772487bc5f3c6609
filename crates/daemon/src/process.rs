//! Processes of our own that outlive the daemon, and how their end is noticed.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, test_kill_process};
use tokio::io::unix::AsyncFd;
use tokio::process::Command;

/// Starts a process of this binary in a process group of its own, with its output in a file, and reaps it when it ends.
pub(crate) fn spawn_detached(binary: &Path, arguments: &[&OsStr], log: &Path) -> std::io::Result<u32> {
    if let Some(dir) = log.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let out = OpenOptions::new().create(true).append(true).open(log)?;
    let mut child = Command::new(binary)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .process_group(0)
        .spawn()?;
    let pid = child.id().ok_or_else(|| std::io::Error::other("it ended at once"))?;
    // A child that nobody waits for stays as a zombie. How it ended is the business of whoever watches its pidfd.
    tokio::spawn(async move { drop(child.wait().await) });
    Ok(pid)
}

/// Waits until a process has ended.
pub(crate) async fn ended(pid: u32) {
    let Some(descriptor) = descriptor(pid) else { return };
    #[expect(
        deprecated,
        reason = "its replacement is unsafe; a descriptor that is owned here names one file for good"
    )]
    match AsyncFd::new(descriptor) {
        // A pidfd becomes readable when its process has ended; the readiness itself is all that is wanted.
        Ok(descriptor) => drop(descriptor.readable().await),
        Err(_) => {
            while is_alive(pid) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Waits until a process has ended, at most so long. Whether it has.
pub(crate) async fn ended_within(pid: u32, within: Duration) -> bool {
    tokio::time::timeout(within, ended(pid)).await.is_ok()
}

/// Whether there is a process of that number.
pub(crate) fn is_alive(pid: u32) -> bool {
    number(pid).is_some_and(|pid| test_kill_process(pid).is_ok())
}

/// Ends a process of our own at once, if it is still there.
pub(crate) fn kill(pid: u32) {
    if let Some(pid) = number(pid) {
        // It may have ended by itself in the meantime.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Writes a line to the daemon's own log, which is its standard error.
pub(crate) fn log_line(text: &str) {
    // A log that cannot be written must not end the daemon.
    let _ = writeln!(std::io::stderr(), "{:.3} {text}", jiff::Timestamp::now());
}

fn descriptor(pid: u32) -> Option<OwnedFd> {
    pidfd_open(number(pid)?, PidfdFlags::NONBLOCK).ok()
}

fn number(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}
