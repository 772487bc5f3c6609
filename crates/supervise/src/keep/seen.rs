//! How a process ended, as far as anybody can know.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::ioctl::{self, Updater};
use rustix::process::{Pid, PidfdFlags, WaitId, WaitIdOptions, WaitOptions, pidfd_open, waitid, waitpid};

use super::table::{self, Stat};
use crate::protocol::{Exit, Process};

/// The instance's process, held so that its id cannot come to mean another.
#[derive(Debug)]
pub(crate) struct Held {
    /// Readable when it has ended.
    pidfd: OwnedFd,
    /// Who it is.
    pub(crate) process: Process,
    /// Whether it is a child of this keeper: an adopted one is not, and its exit status goes to whoever took it in.
    is_child: bool,
}

impl Held {
    /// Holds a child just started.
    pub(crate) fn child(pid: u32, since_ms: u64) -> rustix::io::Result<Self> {
        let pidfd = open(pid)?;
        // A child that is not waited for stays in the table, even when it has ended.
        let start_ticks = Stat::of(pid)
            .map(|stat| stat.start_ticks)
            .ok_or(rustix::io::Errno::SRCH)?;
        Ok(Self {
            pidfd,
            process: Process {
                pid,
                start_ticks,
                since_ms,
            },
            is_child: true,
        })
    }

    /// Holds a process that an earlier keeper started, if it still runs and is the same.
    pub(crate) fn adopt(process: Process) -> Option<Self> {
        let pidfd = open(process.pid).ok()?;
        // Opened first and compared then: from here on the descriptor stands for that one process.
        let stat = Stat::of(process.pid)?;
        (runs(&pidfd) && stat.start_ticks == process.start_ticks).then_some(Self {
            pidfd,
            process,
            is_child: false,
        })
    }

    /// How it ended; none while it runs, or while it is not known yet although it does not.
    pub(crate) fn ended(&self) -> Option<Exit> {
        if self.is_child {
            // It stays a zombie, and with it its id taken, until `forget`.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            let status = waitid(WaitId::PidFd(self.pidfd.as_fd()), options).ok()??;
            return Some(match (status.exit_status(), status.terminating_signal()) {
                (Some(code), _) => Exit::Code { code },
                (None, Some(signal)) => Exit::Signal { signal },
                (None, None) => Exit::Unknown,
            });
        }
        if runs(&self.pidfd) {
            return None;
        }
        match Stat::of(self.process.pid).filter(|stat| stat.start_ticks == self.process.start_ticks) {
            // Its new parent has not taken the status yet, or never will.
            Some(stat) if stat.exit_code != 0 || may_read_status(stat.pid) => Some(from_wait_status(stat.exit_code)),
            _ => Some(after_reaping(self.pidfd.as_fd()).map_or(Exit::Unknown, from_wait_status)),
        }
    }

    /// Lets go of a child's exit status, so that it leaves the table.
    pub(crate) fn forget(self) {
        if self.is_child {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            // There is nothing to be done about a status that is gone.
            let _ = waitid(WaitId::PidFd(self.pidfd.as_fd()), options);
        }
    }
}

impl AsFd for Held {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// A pidfd becomes readable when the last thread has ended.
fn runs(pidfd: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec::default())), Ok(0))
}

/// Takes orphans that have ended out of the table, but not the instance's process, whose status is still wanted.
pub(crate) fn reap_orphans(keeper: u32, main: Option<u32>) {
    for process in table::all() {
        if !process.alive && process.parent == keeper && Some(process.pid) != main {
            let _ = waitpid(as_pid(process.pid), WaitOptions::NOHANG);
        }
    }
}

/// The kernel shows the exit status in `/proc/PID/stat` as 0 to whoever may not know it. The same permission guards `io`.
fn may_read_status(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/io")).is_ok()
}

fn from_wait_status(status: i32) -> Exit {
    match status & 0x7f {
        0 => Exit::Code {
            code: (status >> 8) & 0xff,
        },
        signal => Exit::Signal { signal },
    }
}

fn open(pid: u32) -> rustix::io::Result<OwnedFd> {
    pidfd_open(as_pid(pid).ok_or(rustix::io::Errno::SRCH)?, PidfdFlags::empty())
}

/// A process id as the kernel's calls want it.
pub(super) fn as_pid(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// `struct pidfd_info` of `linux/pidfd.h`, in its first published size of 64 bytes.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    pid: u32,
    thread_group: u32,
    parent: u32,
    /// Real, effective, saved and file system user and group.
    credentials: [u32; 8],
    exit_code: i32,
}

/// `PIDFD_INFO_EXIT` of `linux/pidfd.h`.
const INFO_EXIT: u64 = 1 << 3;

/// The wait status of a process that another process has reaped. Linux 6.15 and later keep it for those who held a pidfd
/// by then; an earlier kernel answers with an error.
#[allow(unsafe_code)]
fn after_reaping(pidfd: BorrowedFd<'_>) -> Option<i32> {
    /// `PIDFD_GET_INFO` of `linux/pidfd.h`.
    const GET_INFO: ioctl::Opcode = ioctl::opcode::read_write::<PidfdInfo>(0xff, 11);
    let mut info = PidfdInfo {
        mask: INFO_EXIT,
        ..PidfdInfo::default()
    };
    // SAFETY: PIDFD_GET_INFO reads and writes one `struct pidfd_info` of the size that is part of the opcode. `PidfdInfo` is
    // that structure: the same integers in the same order, without padding, and any bits are valid in it.
    unsafe { ioctl::ioctl(pidfd, Updater::<GET_INFO, PidfdInfo>::new(&mut info)) }.ok()?;
    (info.mask & INFO_EXIT != 0).then_some(info.exit_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_structure_is_as_large_as_the_kernels() {
        assert_eq!(size_of::<PidfdInfo>(), libc::PIDFD_INFO_SIZE_VER0 as usize);
    }

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        assert_eq!(from_wait_status(3 << 8), Exit::Code { code: 3 });
        assert_eq!(from_wait_status(9), Exit::Signal { signal: 9 });
        assert_eq!(
            from_wait_status(11 | 0x80),
            Exit::Signal { signal: 11 },
            "0x80 says that there is a core file"
        );
    }
}
