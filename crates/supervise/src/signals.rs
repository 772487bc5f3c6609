//! Signals of the keeper and the launcher.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd as _, OwnedFd};

/// Signals that arrive as something to read.
#[derive(Debug)]
pub(crate) struct Signals(OwnedFd);

/// What arrived since the last look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Arrived {
    /// A child ended.
    pub(crate) child: bool,
    /// Somebody asked the keeper to end: the signal.
    pub(crate) asked_to_end: Option<i32>,
}

/// What a keeper does not end of.
const DEAF_TO: [i32; 5] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1];

impl Signals {
    /// Holds back SIGCHLD and the signals that ask a process to end, and makes them readable instead.
    #[allow(unsafe_code)]
    pub(crate) fn take() -> io::Result<Self> {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: `set` is initialised by `sigemptyset` before anything reads it, all numbers are valid signals, and the
        // descriptor that `signalfd` answers with belongs to nobody else.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGCHLD);
            for signal in DEAF_TO {
                libc::sigaddset(set.as_mut_ptr(), signal);
            }
            if libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
            let fd = libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// What has arrived.
    pub(crate) fn arrived(&self) -> Arrived {
        const RECORD: usize = size_of::<libc::signalfd_siginfo>();
        let mut arrived = Arrived::default();
        let mut record = [0u8; RECORD];
        while let Ok(RECORD) = rustix::io::read(&self.0, &mut record) {
            // `ssi_signo` is the record's first field, a `u32` (signalfd(2)).
            let signal = u32::from_ne_bytes([record[0], record[1], record[2], record[3]]).cast_signed();
            match signal {
                libc::SIGCHLD => arrived.child = true,
                other => arrived.asked_to_end = Some(other),
            }
        }
        arrived
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Gives every signal its default effect and holds none back: what an application expects to start with, whatever
/// whoever started the daemon had chosen to ignore.
#[allow(unsafe_code)]
pub(crate) fn reset() {
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: SIG_DFL runs no code of this process; `none` is initialised by `sigemptyset` before it is read. Numbers that
    // cannot be set (SIGKILL, SIGSTOP, those of the C library) are refused by the kernel, which changes nothing.
    unsafe {
        for signal in 1..libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), std::ptr::null_mut());
    }
}
