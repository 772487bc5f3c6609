//! The FIFOs that an instance writes to.
//!
//! The instance's own descriptors are open for reading and writing, so that the pipe lives as long as the instance does,
//! whoever reads it. The keeper opens it for both too, so that it does not see an end between two lives.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::pipe::{PipeFlags, SpliceFlags};

use crate::protocol::User;

/// How much the kernel shall hold when nobody reads, bytes: what an instance may write while its keeper is being replaced.
const CAPACITY: usize = 1 << 20;

/// How much is looked at at once, bytes. Larger costs memory in every keeper, smaller costs calls in a flood.
pub(crate) const LOOK: usize = 32 * 1024;

/// The reading end of one FIFO.
#[derive(Debug)]
pub(crate) struct Fifo {
    fd: OwnedFd,
    /// A pipe of this keeper's own. A look copies into it what the FIFO holds, without taking it from there.
    mirror: (OwnedFd, OwnedFd),
    /// `/dev/null`, for what has been copied.
    nowhere: File,
}

impl Fifo {
    /// Opens the FIFO, and creates it if there is none.
    pub(crate) fn open(path: &Path, user: Option<User>) -> io::Result<Self> {
        match rustix::fs::mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR) {
            Ok(()) => {}
            Err(rustix::io::Errno::EXIST) if std::fs::symlink_metadata(path)?.file_type().is_fifo() => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(user) = user {
            // An instance may open /dev/stdout anew, which the kernel allows only to the owner.
            std::os::unix::fs::lchown(path, Some(user.uid), Some(user.gid))?;
        }
        let fd = open(path, OFlags::NONBLOCK)?;
        // Refused to a user who has many large pipes already. The pipe then holds less, which only matters while there is no keeper.
        let _ = rustix::pipe::fcntl_setpipe_size(&fd, CAPACITY);
        let mirror = rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // As many slots as the FIFO has, or small writes could fill the mirror before a whole line is in it.
        let _ = rustix::pipe::fcntl_setpipe_size(&mirror.1, CAPACITY);
        let nowhere = File::options().write(true).open("/dev/null")?;
        Ok(Self { fd, mirror, nowhere })
    }

    /// Copies what the FIFO holds, as far as it fits, without taking it. Answers how much that is.
    pub(crate) fn look(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let seen = match rustix::pipe::tee(&self.fd, &self.mirror.1, buffer.len(), SpliceFlags::NONBLOCK) {
            Ok(seen) => seen,
            Err(rustix::io::Errno::AGAIN) => 0,
            Err(error) => return Err(error.into()),
        };
        read_exactly(&self.mirror.0, &mut buffer[..seen])?;
        Ok(seen)
    }

    /// Takes so many bytes, which a look has shown, and forgets them.
    pub(crate) fn take(&self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            match rustix::pipe::splice(&self.fd, None, &self.nowhere, None, count, SpliceFlags::NONBLOCK) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(taken) => count -= taken,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// How many bytes it holds.
    pub(crate) fn held(&self) -> u64 {
        rustix::io::ioctl_fionread(&self.fd).unwrap_or(0)
    }

    /// Whether nothing more fits: its writer waits.
    pub(crate) fn is_full(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
        matches!(poll(&mut fds, Some(&Timespec::default())), Ok(0))
    }
}

impl AsFd for Fifo {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// The instance's end. A description of its own, since whether a read or write waits is a property of that.
pub(crate) fn for_instance(path: &Path) -> io::Result<File> {
    Ok(open(path, OFlags::empty())?.into())
}

fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let flags = flags | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

fn read_exactly(fd: &OwnedFd, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        match rustix::io::read(fd, &mut *buffer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => buffer = &mut buffer[count..],
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
