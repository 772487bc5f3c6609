//! What all threads share about a target and an upstream: counters and flags, no locks on the way of a request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::health::{Change, Health, Limits, Seen, Source};

/// One life of a target at one address. What was known of an earlier life is forgotten with its state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TargetKey {
    /// The instance's id.
    pub(crate) id: Arc<str>,
    /// Which life of its process.
    pub(crate) life: u32,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

/// The shared state of one target.
#[derive(Debug)]
pub(crate) struct TargetState {
    /// Which one.
    pub(crate) key: TargetKey,
    routable: AtomicBool,
    /// Whether something bad was seen since the last good one. Spares the lock while all goes well.
    suspect: AtomicBool,
    in_flight: AtomicU64,
    /// Whether somebody waits for the end of its requests. Spares the notification while nobody does.
    watched: AtomicBool,
    /// Told when its last request in flight ended while watched.
    pub(crate) idle: Notify,
    /// Told when it was ejected by traffic, so that its probes begin at once.
    pub(crate) ejected: Notify,
    ejections: Arc<AtomicU64>,
    verdict: Mutex<Verdict>,
}

#[derive(Debug)]
struct Verdict {
    health: Health,
    limits: Limits,
    reason: Option<String>,
    /// Whether it was ever ejected.
    ejected: bool,
}

impl TargetState {
    /// Begins a life. `ejections` counts for its side.
    pub(crate) fn new(key: TargetKey, verified: bool, limits: Limits, ejections: Arc<AtomicU64>) -> Self {
        let reason = (!verified).then(|| "its probes have not passed yet".to_owned());
        Self {
            key,
            routable: AtomicBool::new(verified),
            suspect: AtomicBool::new(false),
            in_flight: AtomicU64::new(0),
            watched: AtomicBool::new(false),
            idle: Notify::new(),
            ejected: Notify::new(),
            ejections,
            verdict: Mutex::new(Verdict {
                health: Health::new(verified),
                limits,
                reason,
                ejected: false,
            }),
        }
    }

    /// Whether it may get requests.
    pub(crate) fn routable(&self) -> bool {
        self.routable.load(Ordering::Relaxed)
    }

    /// Whether it ever might.
    pub(crate) fn proven(&self) -> bool {
        self.verdict().health.proven()
    }

    /// Why it gets none, or why it was ejected last.
    pub(crate) fn reason(&self) -> Option<String> {
        self.verdict().reason.clone()
    }

    /// Requests that it has and has not finished.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// One more request.
    pub(crate) fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
    }

    /// One request less.
    pub(crate) fn leave(&self) {
        // Sequentially consistent with `watch`: either the watcher sees the 0, or this sees that it is watched.
        if self.in_flight.fetch_sub(1, Ordering::SeqCst) == 1 && self.watched.load(Ordering::SeqCst) {
            self.idle.notify_waiters();
        }
    }

    /// From now on its [`idle`](Self::idle) is told. Once drained a target seldom works again, so this is not undone.
    pub(crate) fn watch(&self) {
        self.watched.store(true, Ordering::SeqCst);
    }

    /// The probe's settings changed, or the configuration vouches for it now.
    pub(crate) fn configure(&self, limits: Limits, verified: bool) -> Option<Change> {
        let mut verdict = self.verdict();
        verdict.limits = limits;
        let change = if verified { verdict.health.vouch() } else { None };
        self.publish(&mut verdict, change, None);
        change
    }

    /// A request was answered.
    pub(crate) fn served(&self) {
        if self.suspect.load(Ordering::Relaxed) {
            self.see(Seen::Good(Source::Request), None);
        }
    }

    /// Takes up what was seen, with the reason if it was bad, and says what follows.
    pub(crate) fn see(&self, seen: Seen, reason: Option<String>) -> Option<Change> {
        let mut verdict = self.verdict();
        let limits = verdict.limits;
        let change = verdict.health.see(seen, limits);
        self.suspect.store(!matches!(seen, Seen::Good(_)), Ordering::Relaxed);
        self.publish(&mut verdict, change, reason);
        change
    }

    fn publish(&self, verdict: &mut Verdict, change: Option<Change>, reason: Option<String>) {
        self.routable.store(verdict.health.routable(), Ordering::SeqCst);
        match change {
            Some(Change::Ejected) => {
                self.ejections.fetch_add(1, Ordering::Relaxed);
                self.ejected.notify_one();
                (verdict.reason, verdict.ejected) = (reason, true);
            }
            // Why it was out last remains known, unless it was only waiting for its first probes.
            Some(Change::Returned) if !verdict.ejected => verdict.reason = None,
            // While it is out, the latest failure is the interesting one.
            None if !verdict.health.routable() && reason.is_some() => verdict.reason = reason,
            Some(Change::Returned) | None => {}
        }
    }

    fn verdict(&self) -> MutexGuard<'_, Verdict> {
        // Nothing in the guarded sections panics half-way; a poisoned value is whole.
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The shared state of an upstream.
#[derive(Debug, Default)]
pub(crate) struct UpstreamState {
    held: AtomicU32,
    /// Told to everybody who waits when a target became routable or the configuration changed.
    pub(crate) ready: Notify,
}

impl UpstreamState {
    /// Requests waiting now.
    pub(crate) fn held(&self) -> u32 {
        self.held.load(Ordering::Relaxed)
    }

    /// One more waits, if no more than `most` do. Ends when the guard is dropped.
    pub(crate) fn wait(self: &Arc<Self>, most: u32) -> Option<Waiting> {
        let guard = Waiting(Arc::clone(self));
        // The guard undoes the count also where it is one too many.
        (self.held.fetch_add(1, Ordering::Relaxed) < most).then_some(guard)
    }
}

/// Counts one waiting request while it lives.
#[derive(Debug)]
pub(crate) struct Waiting(Arc<UpstreamState>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}
