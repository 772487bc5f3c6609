//! Targets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

/// A target that is told apart by its name.
///
/// | path | does |
/// |---|---|
/// | `/ready` | 200 while it is ready, 503 otherwise |
/// | `/echo` | sends the body back as it comes |
/// | `/head` | sends the head of the request back |
/// | `/events` | sends one event, and the next when told |
/// | `/wait` | answers when told |
/// | `/status/503` | answers so |
/// | `/page` | its name, as HTML |
/// | `/assets/NAME.EXT` | its name if that is NAME, 404 otherwise |
/// | anything else | its name |
pub(crate) struct Toy {
    pub(crate) address: SocketAddr,
    pub(crate) shared: Arc<Shared>,
    /// Dropped, it takes its connections with it.
    _life: watch::Sender<()>,
}

pub(crate) struct Shared {
    name: String,
    pub(crate) ready: AtomicBool,
    /// Requests other than probes.
    pub(crate) requests: AtomicUsize,
    /// Connections that carried any.
    pub(crate) connections: AtomicUsize,
    /// Requests whose body did not come to its end, or whose client left.
    pub(crate) aborted: AtomicUsize,
    pub(crate) go: Notify,
}

type Body = BoxBody<Bytes, hyper::Error>;

fn full(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(|never| match never {}).boxed()
}

impl Toy {
    pub(crate) async fn start(name: &str) -> Self {
        Self::on(name, TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// On a socket that was there before.
    pub(crate) fn on(name: &str, listener: TcpListener) -> Self {
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            ready: AtomicBool::new(true),
            requests: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            aborted: AtomicUsize::new(0),
            go: Notify::new(),
        });
        let (life, mut death) = watch::channel(());
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    _ = death.changed() => return,
                };
                let (stream, _) = accepted.unwrap();
                stream.set_nodelay(true).unwrap();
                let (shared, mut death) = (Arc::clone(&serving), death.clone());
                tokio::spawn(async move {
                    let used = Arc::new(AtomicBool::new(false));
                    let service = service_fn(|request| answer(Arc::clone(&shared), Arc::clone(&used), request));
                    let connection =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    tokio::select! { _ = connection => {}, _ = death.changed() => {} }
                });
            }
        });
        Self {
            address,
            shared,
            _life: life,
        }
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

/// Counts a request that ends before its answer is on its way.
struct Unfinished(Arc<Shared>, bool);

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.1 {
            self.0.aborted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn answer(
    shared: Arc<Shared>,
    used: Arc<AtomicBool>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/ready" {
        let status = if shared.ready.load(Ordering::SeqCst) { 200 } else { 503 };
        return Ok(Response::builder().status(status).body(full("")).unwrap());
    }
    shared.requests.fetch_add(1, Ordering::SeqCst);
    if !used.swap(true, Ordering::SeqCst) {
        shared.connections.fetch_add(1, Ordering::SeqCst);
    }
    let mut unfinished = Unfinished(Arc::clone(&shared), true);
    let path = request.uri().path().to_owned();
    let response = match path.as_str() {
        "/echo" => Response::new(request.into_body().boxed()),
        "/head" => Response::new(full(head(&request))),
        "/wait" => {
            shared.go.notified().await;
            Response::new(full(shared.name.clone()))
        }
        "/events" => {
            let events = stream::unfold((0, Arc::clone(&shared)), |(number, shared)| async move {
                if number == 1 {
                    shared.go.notified().await;
                }
                let event = Frame::data(Bytes::from(format!("data: {number}\n\n")));
                (number < 2).then_some((Ok::<_, hyper::Error>(event), (number + 1, shared)))
            });
            let response = Response::builder().header("content-type", "text/event-stream");
            response
                .body(BodyExt::boxed(StreamBody::new(SyncStream(Box::pin(events)))))
                .unwrap()
        }
        "/page" => Response::builder()
            .header("content-type", "text/html; charset=utf-8")
            .body(full(shared.name.clone()))
            .unwrap(),
        path if path.starts_with("/assets/") => {
            let has = path["/assets/".len()..].split('.').next() == Some(&shared.name);
            let (status, text) = if has {
                (200, shared.name.clone())
            } else {
                (404, "not here".to_owned())
            };
            Response::builder().status(status).body(full(text)).unwrap()
        }
        path => match path.strip_prefix("/status/") {
            Some(status) => Response::builder()
                .status(status.parse::<u16>().unwrap())
                .body(full(""))
                .unwrap(),
            None => match request.into_body().collect().await {
                Ok(_) => Response::new(full(shared.name.clone())),
                Err(_) => return Ok(Response::new(full("the body broke off"))),
            },
        },
    };
    unfinished.1 = false;
    Ok(response)
}

fn head(request: &Request<Incoming>) -> String {
    let mut text = format!("{} {} {:?}\n", request.method(), request.uri(), request.version());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    text
}

/// A stream that may be shared between threads, which a box for bodies asks for and nobody does.
struct SyncStream<S>(std::pin::Pin<Box<S>>);

// The inner stream is reached through `&mut` only.
impl<S: futures_util::Stream> futures_util::Stream for SyncStream<S> {
    type Item = S::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

/// A target that does with each connection what it is told, byte by byte. Probes by connection only.
pub(crate) async fn raw<F, Fut>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, number));
        }
    });
    address
}

/// Reads a head, up to and with its empty line.
pub(crate) async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

/// Writes, and does not mind if nobody listens any more.
pub(crate) async fn write(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
}

/// An address where nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    // A socket that is bound and does not listen keeps the port from everybody else and refuses connections.
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
