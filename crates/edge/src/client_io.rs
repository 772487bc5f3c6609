//! A client's connection as hyper sees it: the bytes, stopped where they could be read in two ways.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::framing::Framing;

/// Given to hyper in place of a line at fault: NUL is valid nowhere in a head, so hyper answers 400 and closes,
/// after it has served what came before on the connection.
const POISON: &[u8] = b"\0\r\n\r\n";

/// What the bytes of a connection say about its phase, for the thread that watches over idle ones.
///
/// Atomic because hyper wants a transport that may change threads after an upgrade; written and read by one thread.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    opaque: AtomicBool,
    in_head: AtomicBool,
    heads: AtomicU32,
}

impl Signals {
    /// From now on the bytes are another protocol's.
    pub(crate) fn set_opaque(&self) {
        self.opaque.store(true, Ordering::Relaxed);
    }

    /// Whether a head has begun and not ended.
    pub(crate) fn in_head(&self) -> bool {
        self.in_head.load(Ordering::Relaxed)
    }

    /// How many heads have begun, modulo 2³²: two equal readings with a head begun mean that it is still the same one.
    pub(crate) fn heads(&self) -> u32 {
        self.heads.load(Ordering::Relaxed)
    }

    fn note(&self, in_head: bool) {
        let was = self.in_head.load(Ordering::Relaxed);
        if in_head != was {
            self.in_head.store(in_head, Ordering::Relaxed);
        }
        if !was {
            self.heads
                .store(self.heads.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
    }
}

/// A client's TCP connection behind the framing scanner.
#[derive(Debug)]
pub(crate) struct ClientIo {
    stream: TcpStream,
    framing: Framing,
    signals: Arc<Signals>,
    /// What is left to deliver of [`POISON`]; after it comes the end of the stream.
    poison: Option<&'static [u8]>,
}

impl ClientIo {
    /// Wraps a fresh connection.
    pub(crate) fn new(stream: TcpStream, signals: Arc<Signals>) -> Self {
        Self {
            stream,
            framing: Framing::new(),
            signals,
            poison: None,
        }
    }
}

impl AsyncRead for ClientIo {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(left) = &mut this.poison {
            let (now, later) = left.split_at(left.len().min(buf.remaining()));
            buf.put_slice(now);
            *left = later;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let fresh = &buf.filled()[before..];
        if fresh.is_empty() || this.signals.opaque.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        match this.framing.scan(fresh) {
            Ok(()) => {
                this.signals.note(this.framing.in_head());
                Poll::Ready(Ok(()))
            }
            Err(fault) if fault.in_head => {
                buf.set_filled(before + fault.at);
                let (now, later) = POISON.split_at(POISON.len().min(buf.remaining()));
                buf.put_slice(now);
                this.poison = Some(later);
                Poll::Ready(Ok(()))
            }
            // In a body it is too late for an answer of our own; the broken body breaks the request off.
            Err(fault) => Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault.what))),
        }
    }
}

impl AsyncWrite for ClientIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
