//! Bodies on their way through: to the target, and back to the client. Neither is collected or boxed.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::connection::Busy;
use crate::dispatch::Lease;
use crate::metrics::Failure;

/// How long a client may be silent in the middle of a request's body while the target waits for it.
pub(crate) const BODY_SILENCE: Duration = Duration::from_secs(60);

/// How far a request's body has come. Shared between the body, which the upstream connection's task reads, and the
/// request, which waits for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Upload {
    /// Not at its end.
    Running,
    /// At its end since then.
    Done(Instant),
    /// The client was silent for [`BODY_SILENCE`].
    Silent,
    /// The client went away or broke the framing.
    Broken,
}

/// Why the body of a request broke off.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    /// The client's connection ended or was not well-formed.
    #[error("the client's body broke off")]
    Client(#[source] hyper::Error),
    /// The client stopped sending.
    #[error("the client was silent in the middle of its body")]
    Silent,
}

/// The body of a request on its way to a target.
pub(crate) struct UpstreamBody {
    /// `None` for the copy of a request that had no body.
    incoming: Option<Incoming>,
    /// `None` where there is no body to follow.
    upload: Option<Rc<Cell<Upload>>>,
    /// Armed when the client first makes us wait.
    silence: Option<Pin<Box<Sleep>>>,
}

impl UpstreamBody {
    /// Wraps a client's body; the second value follows its progress if there is one.
    pub(crate) fn new(incoming: Incoming) -> (Self, Option<Rc<Cell<Upload>>>) {
        let upload = (!incoming.is_end_stream()).then(|| Rc::new(Cell::new(Upload::Running)));
        (
            Self {
                incoming: Some(incoming),
                upload: upload.clone(),
                silence: None,
            },
            upload,
        )
    }

    /// No body.
    fn none() -> Self {
        Self {
            incoming: None,
            upload: None,
            silence: None,
        }
    }

    fn note(&self, state: Upload) {
        if let Some(upload) = &self.upload {
            upload.set(state);
        }
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if incoming.is_end_stream() {
                    self.note(Upload::Done(Instant::now()));
                } else if let Some(silence) = &mut self.silence {
                    silence.as_mut().reset(Instant::now() + BODY_SILENCE);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.note(Upload::Broken);
                Poll::Ready(Some(Err(UploadError::Client(error))))
            }
            Poll::Ready(None) => {
                self.note(Upload::Done(Instant::now()));
                Poll::Ready(None)
            }
            Poll::Pending => {
                let silence = self
                    .silence
                    .get_or_insert_with(|| Box::pin(tokio::time::sleep(BODY_SILENCE)));
                ready!(silence.as_mut().poll(cx));
                self.note(Upload::Silent);
                Poll::Ready(Some(Err(UploadError::Silent)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

/// The same request once more. The caller has seen that it has no body.
pub(crate) fn copy(request: &Request<UpstreamBody>) -> Request<UpstreamBody> {
    let mut copy = Request::new(UpstreamBody::none());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// The body of an answer on its way to a client.
pub(crate) struct AnswerBody {
    kind: Kind,
    /// The client's connection is busy until this is dropped.
    _busy: Busy,
}

enum Kind {
    /// A sentence of our own.
    Text(Option<&'static str>),
    /// What a target sends.
    Relay {
        incoming: Incoming,
        lease: Lease,
        over: bool,
    },
}

impl AnswerBody {
    /// A sentence of our own; empty: no body.
    pub(crate) fn text(text: &'static str, busy: Busy) -> Self {
        Self {
            kind: Kind::Text((!text.is_empty()).then_some(text)),
            _busy: busy,
        }
    }

    /// What a target sends; `lease` is what the request occupies until then.
    pub(crate) fn relay(incoming: Incoming, lease: Lease, busy: Busy) -> Self {
        Self {
            kind: Kind::Relay {
                incoming,
                lease,
                over: false,
            },
            _busy: busy,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.kind {
            Kind::Text(text) => Poll::Ready(
                text.take()
                    .map(|text| Ok(Frame::data(Bytes::from_static(text.as_bytes())))),
            ),
            Kind::Relay { incoming, lease, over } => {
                let frame = ready!(Pin::new(incoming).poll_frame(cx));
                match &frame {
                    None => *over = true,
                    Some(Ok(_)) => {}
                    // An error here makes hyper close the client's connection without the end of the body:
                    // the client sees that it is not whole.
                    Some(Err(_)) => lease.failed(Failure::Truncated),
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Text(text) => text.is_none(),
            Kind::Relay { incoming, over, .. } => *over || incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Text(text) => SizeHint::with_exact(text.map_or(0, |text| text.len() as u64)),
            Kind::Relay { incoming, .. } => incoming.size_hint(),
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        // Read to its end, the connection is good for another request; otherwise it is closed with the lease.
        let whole = self.is_end_stream();
        if let Kind::Relay { lease, .. } = &mut self.kind
            && whole
        {
            lease.give_back();
        }
    }
}
