//! What a program says about its version.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A program that has not answered by then does not know the question.
const PATIENCE: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

/// Enough for a first line, and less than a pipe holds, so that an answer never waits for its reader.
const LONGEST: u64 = 4096;

/// The first line of `PROGRAM --version`; none when it fails, says nothing or does not end.
pub(super) fn of(program: &Path) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let ended = has_ended(&child);
    if !ended {
        // It is our own child and not waited for yet, so the signal meets no other process.
        let _ = child.kill();
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    if !ended || !succeeded {
        return None;
    }
    let mut said = Vec::new();
    child.stdout.take()?.take(LONGEST).read_to_end(&mut said).ok()?;
    let said = String::from_utf8_lossy(&said);
    said.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .map(str::to_owned)
}

fn has_ended(child: &Child) -> bool {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let Some(Ok(descriptor)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else {
        return false;
    };
    poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&PATIENCE)).is_ok_and(|ready| ready == 1)
}
