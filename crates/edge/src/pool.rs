//! One worker's idle connections to one target.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use tokio::time::Sleep;

use crate::body::UpstreamBody;
use crate::departure::Departure;
use crate::target::TargetState;

/// How long a connection lies idle before it is closed, ticks (seconds). Below the 5 s after which Node and uvicorn
/// close theirs, so that we close first: whoever closes second may lose a request.
pub(crate) const IDLE_TICKS: u32 = 4;

/// Most idle connections of one worker to one target.
const MAX_IDLE: usize = 256;

/// A connection to a target that speaks HTTP/1.1 and has no request on it.
pub(crate) struct Upstream {
    /// hyper's handle of it.
    pub(crate) sender: SendRequest<UpstreamBody>,
    /// The timer for answers. It lives as long as the connection, because moving an armed timer on is far cheaper
    /// than arming one for each request.
    pub(crate) timer: Pin<Box<Sleep>>,
    /// The tick at which it was put back.
    since: u32,
    /// Ticks that it may lie idle; less than [`IDLE_TICKS`] where the target said that it closes earlier.
    pub(crate) patience: u32,
}

impl Upstream {
    /// A connection just opened.
    pub(crate) fn new(sender: SendRequest<UpstreamBody>) -> Self {
        // Far enough away to be armed by the first request only.
        let timer = Box::pin(tokio::time::sleep(Duration::from_secs(3600)));
        Self {
            sender,
            timer,
            since: 0,
            patience: IDLE_TICKS,
        }
    }
}

/// The idle connections of one worker to one target, and its way to the shared state of it.
pub(crate) struct Pool {
    /// The target.
    pub(crate) target: Arc<TargetState>,
    /// When its WebSockets are closed.
    pub(crate) departure: Departure,
    /// The last one put back is the first one taken: the fewer are in use, the sooner the others can be closed.
    idle: RefCell<Vec<Upstream>>,
    closed: Cell<bool>,
}

impl Pool {
    /// An empty one.
    pub(crate) fn new(target: Arc<TargetState>) -> Self {
        Self {
            target,
            departure: Departure::default(),
            idle: RefCell::default(),
            closed: Cell::new(false),
        }
    }

    /// A connection that is ready for a request, and whether it lay idle long enough that its end may have come unnoticed.
    pub(crate) fn take(&self, tick: u32) -> Option<(Upstream, bool)> {
        let mut idle = self.idle.borrow_mut();
        // Those not ready are few: their last answer is out and their task has not had its turn since.
        let ready = idle.iter().rposition(|upstream| upstream.sender.is_ready())?;
        let upstream = idle.remove(ready);
        let cold = upstream.since != tick;
        Some((upstream, cold))
    }

    /// Puts a connection back after its answer was read to the end.
    pub(crate) fn put(&self, mut upstream: Upstream, tick: u32) {
        let mut idle = self.idle.borrow_mut();
        if self.closed.get() || upstream.patience == 0 || idle.len() >= MAX_IDLE || upstream.sender.is_closed() {
            return;
        }
        upstream.since = tick;
        idle.push(upstream);
    }

    /// Closes what lay idle for too long or has ended.
    pub(crate) fn sweep(&self, tick: u32) {
        let over = |upstream: &Upstream| tick.wrapping_sub(upstream.since) >= upstream.patience;
        self.idle
            .borrow_mut()
            .retain(|upstream| !over(upstream) && !upstream.sender.is_closed());
    }

    /// Closed, it keeps no connection: the target should be able to end without waiting for them.
    pub(crate) fn set_closed(&self, closed: bool) {
        self.closed.set(closed);
        if closed {
            self.idle.borrow_mut().clear();
        }
    }
}
