//! A configuration in the hands of one worker: the shared table with this worker's pools and counters beside it.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::{HeaderMap, StatusCode, Uri};

use crate::balance::{Dice, Sides, choose, least_loaded};
use crate::health::Seen;
use crate::metrics::{Failure, Series};
use crate::pool::{Pool, Upstream};
use crate::steer::Wish;
use crate::table::{RouteEntry, Table, UpstreamEntry};
use crate::target::TargetState;

/// One configuration in one worker. A request keeps the one it began with until it has to choose again.
pub(crate) struct Dispatch {
    /// What all workers share.
    pub(crate) table: Arc<Table>,
    /// By the indices of [`Table::targets`].
    pub(crate) pools: Vec<Rc<Pool>>,
    /// By the indices of [`Table::labels`], then those of [`Table::shadows`].
    pub(crate) series: Vec<Arc<Series>>,
    /// Seconds, counted by the worker.
    pub(crate) tick: Rc<Cell<u32>>,
}

/// Which target takes a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pick {
    /// Index of the side in its upstream.
    pub(crate) side: usize,
    /// Index of the target.
    pub(crate) target: usize,
    /// Index of the series of its side.
    pub(crate) series: usize,
}

impl Dispatch {
    /// The route of a request.
    pub(crate) fn route(&self, listener: SocketAddr, headers: &HeaderMap, uri: &Uri) -> Option<&RouteEntry> {
        let host = headers.get(HOST).map_or(&b""[..], |value| value.as_bytes());
        let host = crate::host::name(host)?;
        self.table
            .router
            .find(listener, &host, uri.path())
            .map(|route| &self.table.routes[route])
    }

    /// The upstream of a route.
    pub(crate) fn upstream(&self, route: &RouteEntry) -> &UpstreamEntry {
        &self.table.upstreams[route.upstream]
    }

    /// Chooses a target, leaving out those in `tried`: of a side that was wished for if it has one, else by weight.
    pub(crate) fn pick(
        &self,
        route: &RouteEntry,
        wish: Wish,
        tried: &[Arc<TargetState>],
        dice: &mut Dice,
        turn: usize,
    ) -> Option<Pick> {
        let upstream = self.upstream(route);
        let offer = Offer {
            table: &self.table,
            upstream,
            tried,
        };
        let wished = wish
            .sides()
            .find_map(|side| least_loaded(&offer, side, turn).map(|target| (side, target)));
        let (side, target) = wished.or_else(|| choose(&offer, dice, turn))?;
        Some(pick(route, upstream, side, target))
    }

    /// Chooses a target of one side, whatever its weight.
    pub(crate) fn pick_of(&self, route: &RouteEntry, side: usize, turn: usize) -> Option<Pick> {
        let upstream = self.upstream(route);
        let offer = Offer {
            table: &self.table,
            upstream,
            tried: &[],
        };
        least_loaded(&offer, side, turn).map(|target| pick(route, upstream, side, target))
    }
}

fn pick(route: &RouteEntry, upstream: &UpstreamEntry, side: usize, target: usize) -> Pick {
    Pick {
        side,
        target: upstream.sides[side].targets[target],
        series: route.labels + 1 + side,
    }
}

/// The sides of an upstream as [`choose`] sees them.
struct Offer<'a> {
    table: &'a Table,
    upstream: &'a UpstreamEntry,
    tried: &'a [Arc<TargetState>],
}

impl Sides for Offer<'_> {
    fn len(&self) -> usize {
        self.upstream.sides.len()
    }

    fn weight(&self, side: usize) -> u32 {
        self.upstream.sides[side].weight
    }

    fn targets(&self, side: usize) -> usize {
        self.upstream.sides[side].targets.len()
    }

    fn load(&self, side: usize, target: usize) -> Option<u64> {
        let entry = &self.table.targets[self.upstream.sides[side].targets[target]];
        let free = !entry.draining
            && entry.state.routable()
            && !self.tried.iter().any(|tried| Arc::ptr_eq(tried, &entry.state));
        free.then(|| entry.state.in_flight())
    }
}

/// What a request occupies at a target, from the choice until the end of its answer: a place in the count of requests
/// in flight, and a connection once it has one.
pub(crate) struct Lease {
    dispatch: Rc<Dispatch>,
    pick: Pick,
    /// The connection.
    pub(crate) upstream: Option<Upstream>,
}

impl Lease {
    /// Occupies a place.
    pub(crate) fn new(dispatch: Rc<Dispatch>, pick: Pick) -> Self {
        dispatch.pools[pick.target].target.enter();
        Self {
            dispatch,
            pick,
            upstream: None,
        }
    }

    /// The pool of the target.
    pub(crate) fn pool(&self) -> &Pool {
        &self.dispatch.pools[self.pick.target]
    }

    /// The target.
    pub(crate) fn target(&self) -> &Arc<TargetState> {
        &self.pool().target
    }

    /// What is counted for its side.
    pub(crate) fn series(&self) -> &Series {
        &self.dispatch.series[self.pick.series]
    }

    /// The worker's second.
    pub(crate) fn tick(&self) -> u32 {
        self.dispatch.tick.get()
    }

    /// The target closes its connection after this many idle seconds, if it said so.
    pub(crate) fn heed(&mut self, patience: Option<u32>) {
        if let (Some(upstream), Some(seconds)) = (&mut self.upstream, patience) {
            // One second less, so that we close first.
            upstream.patience = upstream.patience.min(seconds.saturating_sub(1));
        }
    }

    /// The answer was read to its end: another request may have the connection.
    pub(crate) fn give_back(&mut self) {
        if let Some(upstream) = self.upstream.take() {
            self.pool().put(upstream, self.tick());
        }
    }

    /// An answer began: counts it for the side, tells the target's health.
    pub(crate) fn answered(&self, status: StatusCode, after: Duration) {
        self.series().answered(status, after);
        self.target().served();
    }

    /// An attempt failed: counts it for the side, tells the target's health, drops the connection.
    pub(crate) fn failed(&mut self, failure: Failure) {
        self.upstream = None;
        self.series().failed(failure);
        let seen = match failure {
            Failure::Refused => Seen::Refused,
            Failure::Local => return,
            _ => Seen::Bad,
        };
        self.target().see(seen, Some(failure.reason().to_owned()));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.target().leave();
    }
}
