//! One instance in this daemon's memory: what its keeper says, what probing found, and whether it is on its way out.

use std::path::PathBuf;

use seaworthy_platform::{InstanceObserved, InstanceState, SideId, Timestamp, Trouble};
use seaworthy_supervise::protocol::{State, Status};
use tokio::sync::{mpsc, watch};

use crate::assemble::Candidate;
use crate::pulse::Phase;
use crate::record::Record;

/// What can be wanted of the task that follows an instance's keeper.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Start the process again.
    Restart(String),
    /// Stop it for good.
    Stop,
}

/// How far an instance is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Leaving {
    No,
    /// It gets no new requests.
    Draining,
    /// It was told to stop.
    Stopping,
    /// Its process and its keeper have ended.
    Gone,
}

/// Everything that changes about an instance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    /// What its keeper said last.
    pub(crate) status: Option<Status>,
    /// Whether this daemon has heard its keeper itself; until then `status` is what a previous daemon's keeper wrote down.
    pub(crate) heard: bool,
    /// What probing found, and in which life.
    pub(crate) phase: (u32, Phase),
    /// The life in which its probes passed.
    pub(crate) verified: Option<u32>,
    /// Whether they passed in any life: then an exit heals by starting again, else it is trouble.
    pub(crate) ever_ready: bool,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) leaving: Leaving,
}

/// A running process: which life of the instance, its id and when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Running {
    pub(crate) life: u32,
    pub(crate) pid: u32,
    pub(crate) since: Timestamp,
}

impl View {
    /// An instance nothing is known of yet.
    pub(crate) fn fresh() -> Self {
        Self {
            status: None,
            heard: false,
            phase: (0, Phase::Down),
            verified: None,
            ever_ready: false,
            trouble: None,
            leaving: Leaving::No,
        }
    }

    pub(crate) fn running(&self) -> Option<Running> {
        let status = self.status.as_ref()?;
        match status.state {
            State::Running { pid, since_ms, .. } => Some(Running {
                life: status.life,
                pid,
                since: Timestamp(since_ms),
            }),
            _ => None,
        }
    }

    /// What probing found about the process that runs now.
    pub(crate) fn phase(&self) -> Phase {
        match self.running() {
            None => Phase::Down,
            Some(running) if running.life == self.phase.0 => self.phase.1,
            Some(_) => Phase::Starting,
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.leaving == Leaving::No && self.phase() == Phase::Ready
    }

    /// Whether the edge may send it requests: a process runs, and its probes passed in this life of it.
    /// After a restart of the daemon this holds before this daemon has probed it itself.
    pub(crate) fn is_verified(&self) -> bool {
        self.running()
            .is_some_and(|running| self.verified == Some(running.life))
    }

    /// What of this the edge is told: a change of it is a change of the routes.
    pub(crate) fn face(&self) -> (bool, Option<u32>, bool, bool) {
        let life = self.status.as_ref().map(|status| status.life);
        let unready = self.phase() == Phase::Unready;
        (self.is_verified(), life, unready, self.leaving != Leaving::No)
    }

    pub(crate) fn state(&self) -> InstanceState {
        match self.leaving {
            Leaving::Draining => return InstanceState::Draining,
            Leaving::Stopping => return InstanceState::Stopping,
            Leaving::Gone => return InstanceState::Stopped,
            Leaving::No => {}
        }
        match self.status.as_ref().map(|status| &status.state) {
            None => InstanceState::Starting,
            Some(State::Running { .. }) => match self.phase() {
                Phase::Ready => InstanceState::Ready,
                Phase::Unready => InstanceState::Unready,
                Phase::Starting | Phase::Down => InstanceState::Starting,
            },
            Some(State::BackingOff { crash_loop: true, .. }) => InstanceState::CrashLooping,
            Some(State::BackingOff { .. }) => InstanceState::BackingOff,
            Some(State::Stopping { .. }) => InstanceState::Stopping,
            Some(State::Ended) => InstanceState::Stopped,
        }
    }
}

/// An instance: what it was started from, and what is seen of it.
#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) record: Record,
    pub(crate) dir: PathBuf,
    pub(crate) view: watch::Sender<View>,
    wants: mpsc::UnboundedSender<Want>,
}

impl Instance {
    pub(crate) fn new(record: Record, dir: PathBuf, view: View) -> (Self, mpsc::UnboundedReceiver<Want>) {
        let (wants, wanted) = mpsc::unbounded_channel();
        let view = watch::Sender::new(view);
        let instance = Self {
            record,
            dir,
            view,
            wants,
        };
        (instance, wanted)
    }

    pub(crate) fn side(&self) -> &SideId {
        &self.record.spec.id
    }

    pub(crate) fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// Tells the task that follows the keeper. It ends only after the instance is gone, when nothing is wanted of it any more.
    pub(crate) fn want(&self, want: Want) {
        let _gone = self.wants.send(want);
    }

    /// Waits until what is seen of it satisfies this, and answers with what is seen then.
    pub(crate) async fn until(&self, wanted: impl FnMut(&View) -> bool) -> View {
        let mut view = self.view.subscribe();
        match view.wait_for(wanted).await {
            Ok(seen) => seen.clone(),
            // Its sender lives in `self`, which is borrowed here, so this is not reached.
            Err(_) => self.view(),
        }
    }

    pub(crate) fn observed(&self) -> InstanceObserved {
        let view = self.view();
        let running = view.running();
        InstanceObserved {
            id: self.record.id.clone(),
            release: self.record.spec.release.clone(),
            state: view.state(),
            pid: running.map(|running| running.pid),
            port: self.record.port,
            started: running.map(|running| running.since),
            restarts: view.status.as_ref().map_or(0, |status| status.life.saturating_sub(1)),
            trouble: view.trouble,
        }
    }

    /// What of it concerns the edge; none for a worker.
    pub(crate) fn candidate(&self) -> Option<Candidate> {
        let view = self.view();
        Some(Candidate {
            id: self.record.id.clone(),
            side: self.side().clone(),
            release: self.record.spec.release.clone(),
            port: self.record.port?,
            life: view.status.as_ref().map_or(0, |status| status.life),
            health: self.record.spec.health.clone(),
            verified: view.is_verified(),
            unready: view.phase() == Phase::Unready,
            draining: view.leaving != Leaving::No,
            drain: self.record.spec.drain,
        })
    }
}
