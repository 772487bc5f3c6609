//! Descriptors that somebody up the line forgot to close.

use std::fs;
use std::io;
use std::os::fd::{BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use rustix::io::{FdFlags, fcntl_getfd};

/// Closes what this process was started with, apart from its three standard streams: a keeper outlives whoever started
/// it, and a pipe it held would keep that one's reader waiting.
///
/// What this process has opened itself stays open: Rust marks all that to be closed on execution, so that it cannot have
/// come from before it.
#[allow(unsafe_code)]
pub(crate) fn close() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<RawFd>().ok());
    for number in numbers.collect::<Vec<_>>() {
        // SAFETY: used for one call, which answers with an error when nothing is open under this number any more.
        let flags = fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) });
        if number > 2 && flags.is_ok_and(|flags| !flags.contains(FdFlags::CLOEXEC)) {
            // SAFETY: it came through the execution of this program, as its missing mark shows. Nothing in this program
            // knows of it, so that it has no other owner.
            drop(unsafe { OwnedFd::from_raw_fd(number) });
        }
    }
}

/// Closes, on execution, whatever else is open: an application is given its three standard streams and nothing that
/// somebody up the line forgot to close.
#[allow(unsafe_code)]
pub(crate) fn close_on_exec() -> io::Result<()> {
    let (first, last): (libc::c_uint, libc::c_uint) = (3, libc::c_uint::MAX);
    // SAFETY: the call sets a flag on open descriptors and closes none, so nobody's descriptor becomes invalid.
    match unsafe { libc::syscall(libc::SYS_close_range, first, last, libc::CLOSE_RANGE_CLOEXEC) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
