//! Copies of requests to a side for whose answers nobody waits: how it fares under traffic, before traffic depends on it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

use http::Method;
use hyper::Request;

use crate::attempt::{Given, Limits, Outcome, attempt};
use crate::body::{self, UpstreamBody};
use crate::dispatch::{Dispatch, Lease, Pick};
use crate::table::RouteEntry;
use crate::worker::Worker;

/// Most copies of one worker under way at once. A side that is slow is measured with fewer rather than drowned.
const MOST: usize = 64;

/// What is copied on a route, and where to.
#[derive(Debug)]
pub(crate) struct Shadowing {
    /// Index of the side in its upstream.
    pub(crate) side: usize,
    /// How many of a hundred requests.
    pub(crate) percent: u64,
    /// Index of the series that counts them.
    pub(crate) series: usize,
}

/// Counts the copies under way.
#[derive(Debug, Default)]
pub(crate) struct Places(Rc<Cell<usize>>);

/// One copy's place, free again when it is dropped.
struct Place(Rc<Cell<usize>>);

impl Places {
    fn take(&self) -> Option<Place> {
        let taken = self.0.get();
        (taken < MOST).then(|| {
            self.0.set(taken + 1);
            Place(Rc::clone(&self.0))
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl Shadowing {
    /// Sends a copy of `request` on its way if the dice say so. That it has no body, the caller has seen.
    pub(crate) fn cast(
        &self,
        worker: &Worker,
        dispatch: &Rc<Dispatch>,
        route: &RouteEntry,
        request: &Request<UpstreamBody>,
    ) {
        let repeatable = matches!(*request.method(), Method::GET | Method::HEAD);
        if !repeatable || worker.dice.borrow_mut().below(100) >= self.percent {
            return;
        }
        let pick = dispatch.pick_of(route, self.side, worker.turn());
        let (Some(pick), Some(place)) = (pick, worker.shadows.take()) else {
            dispatch.series[self.series].dropped.add(1);
            return;
        };
        let pick = Pick {
            series: self.series,
            ..pick
        };
        let lease = Lease::new(Rc::clone(dispatch), pick);
        let limits = dispatch.upstream(route).limits;
        let copy = body::copy(request);
        tokio::task::spawn_local(async move {
            let _place = place;
            send(copy, lease, limits).await;
        });
    }
}

async fn send(request: Request<UpstreamBody>, mut lease: Lease, limits: Limits) {
    let began = Instant::now();
    // What else may come of it has been counted.
    if let Outcome::Answer(response) = attempt(&mut lease, request, None, limits, false).await {
        lease.answered(response.status(), began.elapsed());
        Given { response, lease }.discard().await;
    }
}
