//! A small HTTP server on `127.0.0.1:$PORT` that ends well: on SIGTERM it takes nothing new and finishes what it has.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::failure::Exit;
use crate::reporter;

/// How long what is under way may take once the server was told to stop.
const FINISH: Duration = Duration::from_secs(10);
/// How long a client may take to send its request's head.
const HEAD: Duration = Duration::from_secs(10);

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Knows when the server was told to stop; endless answers should end then.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop that comes when the sender says so, or is gone.
    pub(crate) fn new(told: watch::Receiver<bool>) -> Self {
        Self(told)
    }

    /// Resolves when the server was told to stop.
    pub(crate) async fn told(&mut self) {
        // A sender that is gone has stopped as well.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}

/// A whole answer.
pub(crate) fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(Full::new(body.into()).boxed_unsync());
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// One sentence.
pub(crate) fn text(status: StatusCode, text: &str) -> Response<Body> {
    answer(status, "text/plain; charset=utf-8", format!("{text}\n"))
}

/// Runs something on a runtime of one thread, and says why when it fails.
pub(crate) fn block_on(work: impl Future<Output = Result<(), String>>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(work))
    {
        Ok(()) => Exit::Done.into(),
        Err(cause) => {
            reporter::process_failed(&cause);
            Exit::Failed.into()
        }
    }
}

/// Resolves when this process is asked to end.
pub(crate) async fn asked_to_end() -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| format!("SIGTERM: {error}"))?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(|error| format!("SIGINT: {error}")),
    }
}

/// Binds `127.0.0.1:$PORT`.
pub(crate) async fn bind() -> Result<(TcpListener, SocketAddr), String> {
    let port = std::env::var("PORT").map_err(|_| "$PORT is not set; it says where to listen".to_owned())?;
    let port: u16 = port
        .parse()
        .map_err(|_| format!("PORT={port} is not a port (1–65535)"))?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    Ok((listener, address))
}

/// Answers requests until the process is asked to end, then finishes those it has.
pub(crate) async fn serve<F, A>(listener: TcpListener, handle: F) -> Result<(), String>
where
    F: Fn(Request<Incoming>, Stop) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let (stop, stopped) = watch::channel(false);
    let stopped = Stop::new(stopped);
    let mut connections = JoinSet::new();
    let mut end = std::pin::pin!(asked_to_end());
    loop {
        tokio::select! {
            ended = &mut end => { ended?; break }
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(connection(stream, handle.clone(), stopped.clone())); }
                // Out of descriptors, or the client was gone already: neither is helped by trying again at once.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
        }
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    // Fails only when no connection is left to hear it.
    let _ = stop.send(true);
    let finished = async { while connections.join_next().await.is_some() {} };
    // What has not finished by now is cut off by the end of the process.
    let _ = tokio::time::timeout(FINISH, finished).await;
    Ok(())
}

async fn connection<F, A>(stream: TcpStream, handle: F, mut stopped: Stop)
where
    F: Fn(Request<Incoming>, Stop) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Body>> + Send + 'static,
{
    let for_requests = stopped.clone();
    let service = service_fn(move |request| {
        let answer = handle(request, for_requests.clone());
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let mut connection = std::pin::pin!(server.serve_connection(TokioIo::new(stream), service));
    // A client that hangs up is no failure of this server.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped.told() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
