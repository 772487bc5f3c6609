//! One attempt to have a request answered by a target.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::body::{Upload, UpstreamBody};
use crate::dispatch::Lease;
use crate::hygiene;
use crate::metrics::Failure;
use crate::pool::Upstream;

/// How often the progress of a request's body is looked at once the time for an answer has run.
const UPLOAD_CHECK: Duration = Duration::from_millis(500);

/// How long the body of an answer that nobody wants is read.
const DISCARD: Duration = Duration::from_secs(5);

/// What came of it.
pub(crate) enum Outcome {
    /// The head of an answer.
    Answer(Response<Incoming>),
    /// Nothing was sent: the request is whole and may go elsewhere.
    NotSent(Request<UpstreamBody>),
    /// It was sent, or part of it, and no answer came.
    Failed(Failure),
    /// The client's own body broke off or stopped.
    Client(Upload),
}

/// An answer whose body is still to come, with what it occupies.
pub(crate) struct Given {
    /// The answer.
    pub(crate) response: Response<Incoming>,
    /// Holds its connection.
    pub(crate) lease: Lease,
}

impl Given {
    /// Reads the body for nobody, so that the connection can have another request. One that goes on for more than
    /// [`DISCARD`] is not worth it and closed.
    pub(crate) async fn discard(self) {
        let Self { response, mut lease } = self;
        let (mut head, mut body) = response.into_parts();
        lease.heed(hygiene::to_client(&mut head.headers, head.status));
        let read = async {
            while let Some(frame) = body.frame().await {
                if frame.is_err() {
                    return lease.failed(Failure::Truncated);
                }
            }
            lease.give_back();
        };
        drop(tokio::time::timeout(DISCARD, read).await);
    }
}

/// Times of an attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// To open a connection.
    pub(crate) connect: Duration,
    /// From the end of the request until the head of the answer.
    pub(crate) answer: Duration,
}

/// Sends `request` to the target of `lease`. Failures are counted there; on success it holds the connection.
///
/// `upload` follows the request's body, if it has one. An `upgrade` gets a fresh connection that can be taken over.
pub(crate) async fn attempt(
    lease: &mut Lease,
    mut request: Request<UpstreamBody>,
    upload: Option<&Rc<Cell<Upload>>>,
    limits: Limits,
    upgrade: bool,
) -> Outcome {
    loop {
        let pooled = if upgrade { None } else { lease.pool().take(lease.tick()) };
        let reused = pooled.is_some();
        let mut upstream = match pooled {
            Some((upstream, cold)) => {
                if cold {
                    // A connection that lay idle may have been closed by the other side, with the news waiting in the
                    // kernel. One turn of the event loop lets its task hear of it before a request is lost on it.
                    tokio::task::yield_now().await;
                    if upstream.sender.is_closed() {
                        continue;
                    }
                }
                upstream
            }
            None => match connect(lease.target().key.address, limits.connect, upgrade).await {
                Ok(upstream) => upstream,
                Err(failure) => {
                    lease.failed(failure);
                    return Outcome::NotSent(request);
                }
            },
        };
        match exchange(&mut upstream, request, upload, limits.answer).await {
            Ok(Ok(response)) => {
                lease.upstream = Some(upstream);
                return Outcome::Answer(response);
            }
            Ok(Err(mut error)) => match error.take_message() {
                // The connection ended before hyper wrote the first byte. Each round uses up a connection of the pool,
                // and one just opened is tried once.
                Some(whole) if reused => {
                    lease.series().retries.add(1);
                    request = whole;
                }
                Some(whole) => {
                    lease.failed(Failure::Reset);
                    return Outcome::NotSent(whole);
                }
                None => {
                    if let Some(state @ (Upload::Broken | Upload::Silent)) = upload.map(|upload| upload.get()) {
                        return Outcome::Client(state);
                    }
                    lease.failed(Failure::Reset);
                    return Outcome::Failed(Failure::Reset);
                }
            },
            Err(TooLate) => {
                // Dropping the exchange has closed the connection, so a late answer cannot meet another request.
                lease.failed(Failure::AnswerTimeout);
                return Outcome::Failed(Failure::AnswerTimeout);
            }
        }
    }
}

/// No answer began in time.
struct TooLate;

/// hyper's answer, or its error, which hands back what was not sent.
type Sent = Result<Response<Incoming>, hyper::client::conn::TrySendError<Request<UpstreamBody>>>;

async fn exchange(
    upstream: &mut Upstream,
    request: Request<UpstreamBody>,
    upload: Option<&Rc<Cell<Upload>>>,
    within: Duration,
) -> Result<Sent, TooLate> {
    let mut answer = pin!(upstream.sender.try_send_request(request));
    let timer = &mut upstream.timer;
    timer.as_mut().reset(Instant::now() + within);
    poll_fn(|cx| {
        if let Poll::Ready(sent) = answer.as_mut().poll(cx) {
            return Poll::Ready(Ok(sent));
        }
        while timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            // The time runs from the end of the request, which for a long body may still be to come.
            let next = match upload.map(|upload| upload.get()) {
                Some(Upload::Running) => now + UPLOAD_CHECK,
                Some(Upload::Done(at)) if at + within > now => at + within,
                _ => return Poll::Ready(Err(TooLate)),
            };
            timer.as_mut().reset(next);
        }
        Poll::Pending
    })
    .await
}

async fn connect(address: SocketAddr, within: Duration, upgrade: bool) -> Result<Upstream, Failure> {
    let stream = match tokio::time::timeout(within, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(failure_of(&error)),
        Err(_) => return Err(Failure::ConnectTimeout),
    };
    // A kernel without this option serves all the same, only slower.
    let _ = stream.set_nodelay(true);
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|_| Failure::Connect)?;
    // How a connection ends is told to the request that is on it; there is nobody else to tell.
    if upgrade {
        let connection = connection.with_upgrades();
        tokio::task::spawn_local(async move { drop(connection.await) });
    } else {
        tokio::task::spawn_local(async move { drop(connection.await) });
    }
    Ok(Upstream::new(sender))
}

fn failure_of(error: &io::Error) -> Failure {
    use rustix::io::Errno;
    match Errno::from_io_error(error) {
        Some(Errno::CONNREFUSED) => Failure::Refused,
        Some(Errno::MFILE | Errno::NFILE | Errno::ADDRNOTAVAIL | Errno::NOBUFS | Errno::NOMEM) => Failure::Local,
        _ => Failure::Connect,
    }
}
