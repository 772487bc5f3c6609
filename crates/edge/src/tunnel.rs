//! After an upgrade: bytes both ways until both sides have ended. WebSocket, and whatever else two ends agree upon.

use std::io;
use std::rc::Rc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, copy_bidirectional, split};
use tokio::time::timeout;

use crate::departure::{Departure, GRACE};
use crate::dispatch::Lease;
use crate::websocket::{Frames, GOING_AWAY};
use crate::worker::Worker;

/// Bytes taken from a target at once: as many as [`copy`] takes from a client.
const BUFFER: usize = 8 * 1024;

/// Joins the two ends as soon as both have switched. The request stays in flight until the tunnel is closed.
///
/// A `websocket` is told when its target drains; other protocols have no word for it that we know.
pub(crate) fn open(worker: &Rc<Worker>, client: OnUpgrade, target: OnUpgrade, mut lease: Lease, websocket: bool) {
    // The connection is the tunnel's now; the handle of it is of no more use.
    lease.upstream = None;
    let seat = worker.tunnel();
    tokio::task::spawn_local(async move {
        let (lease, _seat) = (lease, seat);
        if let Ok((client, target)) = tokio::try_join!(client, target) {
            let (mut client, mut target) = (TokioIo::new(client), TokioIo::new(target));
            // Either end may break off at any time; that is its business, and the other end sees it by its own connection.
            if websocket {
                let departure = &lease.pool().departure;
                tokio::select! {
                    _ = relay(client, target, departure) => {}
                    () = departure.over() => {}
                }
            } else {
                drop(copy_bidirectional(&mut client, &mut target).await);
            }
        }
    });
}

/// Passes a WebSocket's bytes both ways, until both ends have ended or it was its turn to go.
async fn relay<S>(client: S, target: S, departure: &Departure) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    let _aboard = departure.board();
    let (mut from_client, to_client) = split(client);
    let (from_target, mut to_target) = split(target);
    let up = async {
        copy(&mut from_client, &mut to_target).await?;
        to_target.shutdown().await
    };
    let down = async {
        let mut down = Down::new(from_target, to_client);
        tokio::select! {
            biased;
            passed = down.pass() => passed,
            () = departure.turn() => {
                down.part().await?;
                // An error, so that the other direction ends too.
                Err(io::ErrorKind::ConnectionAborted.into())
            }
        }
    };
    tokio::try_join!(up, down).map(drop)
}

/// The way from a target to a client.
struct Down<R, W> {
    from: R,
    to: W,
    buffer: Box<[u8]>,
    /// Bytes of `buffer` that were read.
    filled: usize,
    /// Bytes of those that were passed on.
    sent: usize,
    frames: Frames,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Down<R, W> {
    fn new(from: R, to: W) -> Self {
        Self {
            from,
            to,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            filled: 0,
            sent: 0,
            frames: Frames::default(),
        }
    }

    /// Passes everything on until the target ends. Dropped half-way, it has lost nothing.
    async fn pass(&mut self) -> io::Result<()> {
        while self.step(usize::MAX).await? {}
        self.to.shutdown().await
    }

    /// Tells the client that the target goes away, and waits for them to part.
    async fn part(&mut self) -> io::Result<()> {
        while !self.frames.at_boundary() {
            let most = self.frames.until_boundary(&self.buffer[self.sent..self.filled]);
            if !self.step(most).await? {
                return self.to.shutdown().await;
            }
        }
        if !self.frames.closed() {
            self.to.write_all(&GOING_AWAY).await?;
        }
        // The client answers with a close frame of its own. The target takes it for the client's wish and ends the
        // connection; what it has sent meanwhile can follow a close frame no more.
        let parted = async { while self.from.read(&mut self.buffer).await.is_ok_and(|count| count > 0) {} };
        drop(timeout(GRACE, parted).await);
        self.to.shutdown().await
    }

    /// Reads once if nothing is left to pass on, or passes on once, `most` bytes at most. `false`: the target has ended.
    async fn step(&mut self, most: usize) -> io::Result<bool> {
        if self.sent == self.filled {
            self.filled = self.from.read(&mut self.buffer).await?;
            self.sent = 0;
            return Ok(self.filled > 0);
        }
        let end = self.filled.min(self.sent.saturating_add(most));
        let count = self.to.write(&self.buffer[self.sent..end]).await?;
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.frames.pass(&self.buffer[self.sent..self.sent + count]);
        self.sent += count;
        Ok(true)
    }
}
