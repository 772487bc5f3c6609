//! One client's connection.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::client_io::{ClientIo, Signals};
use crate::forward;
use crate::hygiene::Forwarding;
use crate::idle::{Age, Phase, Verdict};
use crate::worker::Worker;

/// Most bytes of a head.
pub(crate) const MAX_HEAD: usize = 64 * 1024;

/// What requests of one connection share.
pub(crate) struct Client {
    /// Who serves it.
    pub(crate) worker: Rc<Worker>,
    /// Where it came in.
    pub(crate) listener: SocketAddr,
    /// What targets are told of it.
    pub(crate) forwarding: Forwarding,
    /// What it is doing.
    pub(crate) watched: Rc<Watched>,
}

/// A connection as its worker watches over it.
pub(crate) struct Watched {
    signals: Arc<Signals>,
    busy: Cell<u32>,
    /// How many requests have ended on it, modulo 2³².
    ended: Cell<u32>,
    age: Cell<Age>,
    asked: Cell<Verdict>,
    waker: RefCell<Option<Waker>>,
}

impl Watched {
    fn new() -> Self {
        Self {
            signals: Arc::default(),
            busy: Cell::new(0),
            ended: Cell::new(0),
            age: Cell::new(Age::new()),
            asked: Cell::new(Verdict::Keep),
            waker: RefCell::new(None),
        }
    }

    /// The bytes that follow are another protocol's.
    pub(crate) fn set_opaque(&self) {
        self.signals.set_opaque();
    }

    /// A request has begun; it lasts until the value is dropped.
    pub(crate) fn busy(self: &Rc<Self>) -> Busy {
        self.busy.set(self.busy.get() + 1);
        Busy(Rc::clone(self))
    }

    /// A second has passed.
    pub(crate) fn tick(&self) {
        let phase = if self.busy.get() > 0 {
            Phase::Busy
        } else if self.signals.in_head() {
            Phase::Head(self.signals.heads())
        } else if self.signals.heads() == 0 {
            Phase::Fresh
        } else {
            Phase::Waiting(self.ended.get())
        };
        let mut age = self.age.get();
        let verdict = age.tick(phase);
        self.age.set(age);
        self.ask(verdict);
    }

    /// Asks it to end.
    pub(crate) fn ask(&self, verdict: Verdict) {
        if verdict == Verdict::Keep {
            return;
        }
        self.asked.set(verdict);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    fn remember(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }
}

/// A request that is being answered.
pub(crate) struct Busy(Rc<Watched>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(self.0.busy.get() - 1);
        self.0.ended.set(self.0.ended.get().wrapping_add(1));
    }
}

/// Serves a connection to its end. An upgraded one ends here and goes on in [`crate::tunnel`].
pub(crate) async fn serve(worker: Rc<Worker>, listener: SocketAddr, stream: TcpStream, peer: SocketAddr) {
    let watched = Rc::new(Watched::new());
    let _seat = worker.seat(Rc::clone(&watched));
    let io = TokioIo::new(ClientIo::new(stream, Arc::clone(&watched.signals)));
    let forwarding = Forwarding::new(peer.ip());
    let client = Rc::new(Client {
        worker,
        listener,
        forwarding,
        watched: Rc::clone(&watched),
    });
    let service = service_fn(move |request| {
        let client = Rc::clone(&client);
        async move { Ok::<_, Infallible>(forward::answer(client, request).await) }
    });
    // Idle connections and slow heads are ended by the worker's second hand, not by a timer per request.
    let connection = http1::Builder::new()
        .max_header_size(MAX_HEAD)
        // Room for a head at its bound behind the rest of a request before it.
        .max_buf_size(2 * MAX_HEAD)
        .serve_connection(io, service)
        .with_upgrades();
    let mut connection = pin!(connection);
    poll_fn(|cx| {
        watched.remember(cx.waker());
        match watched.asked.replace(Verdict::Keep) {
            Verdict::Keep => {}
            Verdict::Close => connection.as_mut().graceful_shutdown(),
            Verdict::Drop => return Poll::Ready(()),
        }
        // How a client's connection ended is the client's business; what went wrong with targets was counted there.
        connection.as_mut().poll(cx).map(drop)
    })
    .await;
}
