//! Lines of JSON over a Unix socket, with file descriptors beside them.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::net::UnixStream;

/// Most descriptors that the kernel takes with one message (`SCM_MAX_FD`).
const MAX_FDS: usize = 253;

/// Longest line, bytes: a configuration with tens of thousands of targets.
const MAX_LINE: usize = 32 << 20;

/// A connection that speaks the protocol of [`crate::protocol`].
#[derive(Debug)]
pub(crate) struct Wire {
    stream: UnixStream,
    read: Vec<u8>,
    fds: Vec<OwnedFd>,
}

impl Wire {
    /// Over a connected socket.
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            read: Vec::new(),
            fds: Vec::new(),
        }
    }

    /// The user at the other end.
    pub(crate) fn peer_uid(&self) -> io::Result<u32> {
        Ok(self.stream.peer_cred()?.uid())
    }

    /// Sends `message` as one line. Descriptors beyond what one message takes travel with further pieces of the line,
    /// of which there are always enough: it names an address for each.
    pub(crate) async fn send(&mut self, message: &impl Serialize, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        let batches: Vec<_> = fds.chunks(MAX_FDS).collect();
        let mut rest = &line[..];
        for (number, batch) in batches.iter().enumerate() {
            // All but the last go with a single byte.
            let piece = if number + 1 < batches.len() { &rest[..1] } else { rest };
            let sent = self.send_piece(piece, batch).await?;
            rest = &rest[sent..];
        }
        while !rest.is_empty() {
            let sent = self.send_piece(rest, &[]).await?;
            rest = &rest[sent..];
        }
        Ok(())
    }

    async fn send_piece(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<usize> {
        let attempt = || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
                return Err(io::Error::other("too many descriptors for one message"));
            }
            let sent = rustix::net::sendmsg(
                self.stream.as_fd(),
                &[IoSlice::new(bytes)],
                &mut control,
                SendFlags::NOSIGNAL,
            );
            Ok(sent?)
        };
        self.stream.async_io(Interest::WRITABLE, attempt).await
    }

    /// The next line with the descriptors that came so far; `None` at the end of the connection.
    ///
    /// Not safe to cancel half-way: descriptors and bytes already read stay here, so a later call goes on, but a
    /// conversation of asks and answers would be out of step.
    pub(crate) async fn receive<T: DeserializeOwned>(&mut self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut looked = 0;
        loop {
            if let Some(end) = self.read[looked..].iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=looked + end).collect();
                let message = serde_json::from_slice(&line)?;
                return Ok(Some((message, std::mem::take(&mut self.fds))));
            }
            looked = self.read.len();
            if looked > MAX_LINE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the line is too long"));
            }
            let (bytes, fds) = self
                .stream
                .async_io(Interest::READABLE, || receive_piece(&self.stream))
                .await?;
            if bytes.is_empty() {
                return if self.read.is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
            self.read.extend_from_slice(&bytes);
            self.fds.extend(fds);
        }
    }
}

fn receive_piece(stream: &UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut bytes = vec![0; 64 * 1024];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let iov = &mut [IoSliceMut::new(&mut bytes)];
    let received = rustix::net::recvmsg(stream.as_fd(), iov, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            fds.extend(received);
        }
    }
    bytes.truncate(received.bytes);
    Ok((bytes, fds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn more_descriptors_than_one_message_takes_arrive_with_their_line() {
        let (one, two) = UnixStream::pair().unwrap();
        let (mut one, mut two) = (Wire::new(one), Wire::new(two));
        let file = std::fs::File::open("/dev/null").unwrap();
        let fds = vec![file.as_fd(); MAX_FDS + 10];
        let text = "x".repeat(300_000);
        let (sent, received) = tokio::join!(one.send(&text, &fds), two.receive::<String>());
        sent.unwrap();
        let (line, fds) = received.unwrap().unwrap();
        assert_eq!(line, text);
        assert_eq!(fds.len(), MAX_FDS + 10);
        drop(one);
        assert!(two.receive::<String>().await.unwrap().is_none());
    }
}
