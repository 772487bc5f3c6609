//! The control thread: answers the daemon's asks and keeps the workers, the prober and the last good configuration in step.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::config::Config;
use crate::exposition;
use crate::last_good::LastGood;
use crate::lock::Lock;
use crate::metrics::WorkerMetrics;
use crate::probe::Prober;
use crate::protocol::{Answer, Ask, PROTOCOL, TargetReport};
use crate::registry::Registry;
use crate::sockets::Sockets;
use crate::table::Table;
use crate::target::TargetState;
use crate::validate;
use crate::wire::Wire;
use crate::worker::Order;

/// A worker as the control thread knows it.
pub(crate) struct Handle {
    /// Where it takes its orders.
    pub(crate) orders: mpsc::UnboundedSender<Order>,
    /// What it counts.
    pub(crate) metrics: Arc<WorkerMetrics>,
}

/// The control thread's state.
pub(crate) struct Control {
    workers: Vec<Handle>,
    last_good: LastGood,
    /// What the daemon should know of the start.
    notes: Vec<String>,
    state: Mutex<State>,
    /// The directory is ours until we stop: then it is free for the next edge, while this one finishes.
    ownership: RefCell<Option<(Lock, PathBuf)>>,
    /// How long to take for stopping, once that was asked.
    ending: RefCell<Option<Duration>>,
    /// Told when it was.
    end: Notify,
}

/// What changes with asks, one ask at a time.
struct State {
    live: Option<Config>,
    table: Arc<Table>,
    registry: Registry,
    sockets: Sockets,
    /// Addresses whose sockets the workers have.
    served: BTreeSet<SocketAddr>,
    prober: Prober,
}

impl Control {
    /// Begins with the last good configuration, if there is one; its sockets are still to come.
    pub(crate) async fn start(workers: Vec<Handle>, last_good: LastGood, lock: Lock, socket: PathBuf) -> Self {
        let (found, notes) = match last_good.load() {
            Ok(found) => (found, Vec::new()),
            Err(reason) => (
                None,
                vec![format!("the last good configuration could not be used: {reason}")],
            ),
        };
        let state = State {
            live: None,
            table: Arc::new(Table::empty()),
            registry: Registry::default(),
            sockets: Sockets::default(),
            served: BTreeSet::new(),
            prober: Prober::default(),
        };
        let control = Self {
            workers,
            last_good,
            notes,
            state: Mutex::new(state),
            ownership: RefCell::new(Some((lock, socket))),
            ending: RefCell::new(None),
            end: Notify::new(),
        };
        if let Some(config) = found {
            let mut state = control.state.lock().await;
            // Without sockets nothing can fail in it but a worker, which `run` finds out by itself.
            let _ = control.take_up(&mut state, config).await;
        }
        control
    }

    /// Answers whoever connects.
    pub(crate) async fn serve(self: Rc<Self>, listener: UnixListener) -> Infallible {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let control = Rc::clone(&self);
                    // How a conversation ended is known to the other side of it.
                    tokio::task::spawn_local(async move { drop(control.converse(stream).await) });
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted => {}
                    // Out of descriptors: the workers will have closed some by then.
                    _ => tokio::time::sleep(Duration::from_millis(100)).await,
                },
            }
        }
    }

    /// Waits until stopping is asked, and says how long it may take.
    pub(crate) async fn asked_to_end(&self) -> Duration {
        loop {
            let news = self.end.notified();
            if let Some(within) = *self.ending.borrow() {
                return within;
            }
            news.await;
        }
    }

    /// Lets the workers finish.
    pub(crate) async fn stop(&self, within: Duration) {
        self.give_up_directory();
        let order = |worker: &Handle| {
            let (done, stopped) = oneshot::channel();
            // A worker that is gone has stopped.
            let _ = worker.orders.send(Order::Stop { within, done });
            stopped
        };
        for stopped in self.workers.iter().map(order).collect::<Vec<_>>() {
            let _ = stopped.await;
        }
    }

    /// From here on the next edge may start: lock and control socket are gone, this process only finishes.
    fn give_up_directory(&self) {
        if let Some((lock, socket)) = self.ownership.borrow_mut().take() {
            // The next edge replaces a socket that is left over.
            let _ = std::fs::remove_file(socket);
            drop(lock);
        }
    }

    async fn converse(&self, stream: UnixStream) -> io::Result<()> {
        let mut wire = Wire::new(stream);
        let uid = wire.peer_uid()?;
        if uid != 0 && uid != rustix::process::geteuid().as_raw() {
            // The socket's mode has kept others out; this is for a directory whose modes were changed.
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        loop {
            let (ask, fds) = match wire.receive::<Ask>().await {
                Ok(Some(received)) => received,
                Ok(None) => return Ok(()),
                Err(error) => {
                    let answer = self.refused(format!("the ask cannot be read: {error}")).await;
                    return wire.send(&answer, &[]).await;
                }
            };
            match ask {
                Ask::Listeners => {
                    let state = self.state.lock().await;
                    let (addresses, fds): (Vec<_>, Vec<_>) = state.sockets.all().unzip();
                    wire.send(&Answer::Listening { addresses }, &fds).await?;
                }
                Ask::Stop { within_ms } => {
                    // Before the answer, so that whoever has it can start the next edge.
                    self.give_up_directory();
                    wire.send(&Answer::Stopping, &[]).await?;
                    self.ending.borrow_mut().get_or_insert(Duration::from_millis(within_ms));
                    self.end.notify_waiters();
                }
                ask => {
                    let answer = self.answer(ask, fds).await;
                    wire.send(&answer, &[]).await?;
                }
            }
        }
    }

    async fn answer(&self, ask: Ask, fds: Vec<OwnedFd>) -> Answer {
        match ask {
            Ask::Hello { .. } => Answer::Hello {
                protocol: PROTOCOL,
                pid: std::process::id(),
                workers: u32::try_from(self.workers.len()).unwrap_or(u32::MAX),
                version: self.state.lock().await.table.version,
                notes: self.notes.clone(),
            },
            Ask::Listen { addresses } => match self.listen(&addresses, fds).await {
                Ok(addresses) => Answer::Listening { addresses },
                Err(reason) => self.refused(reason).await,
            },
            Ask::Configure { config } => match self.configure(*config).await {
                Ok((version, workers)) => Answer::Configured { version, workers },
                Err(reason) => self.refused(reason).await,
            },
            Ask::Drain { targets, within_ms } => Answer::Drained {
                left: self.drain(&targets, Duration::from_millis(within_ms)).await,
            },
            Ask::Targets => Answer::Targets {
                targets: self.targets().await,
            },
            Ask::Metrics => {
                let state = self.state.lock().await;
                let workers: Vec<_> = self.workers.iter().map(|worker| Arc::clone(&worker.metrics)).collect();
                Answer::Metrics {
                    text: exposition::render(&workers, &state.table, &state.registry),
                }
            }
            // Answered where the connection is at hand.
            Ask::Listeners | Ask::Stop { .. } => self.refused("this ask has its own answer".to_owned()).await,
        }
    }

    async fn refused(&self, reason: String) -> Answer {
        Answer::Refused {
            version: self.state.lock().await.table.version,
            reason,
        }
    }

    async fn listen(&self, addresses: &[SocketAddr], fds: Vec<OwnedFd>) -> Result<Vec<SocketAddr>, String> {
        let mut state = self.state.lock().await;
        state.sockets.add(addresses, fds)?;
        // A configuration that waited for them is served from now on.
        let table = Arc::clone(&state.table);
        self.broadcast(&mut state, &table).await?;
        Ok(state.sockets.all().map(|(address, _)| address).collect())
    }

    async fn configure(&self, config: Config) -> Result<(u64, u32), String> {
        let mut state = self.state.lock().await;
        let workers = u32::try_from(self.workers.len()).unwrap_or(u32::MAX);
        if self.ownership.borrow().is_none() {
            return Err("this edge is stopping".to_owned());
        }
        if state.live.as_ref() == Some(&config) {
            // A daemon that did not hear the answer asks again.
            return Ok((config.version, workers));
        }
        let faults = validate::faults(&config, state.table.version, Some(&state.sockets.addresses()));
        if !faults.is_empty() {
            return Err(faults.join("; "));
        }
        // Stored first: an edge that dies in between must come back with what some worker may have taken up already.
        self.last_good.store(&config).map_err(|error| error.to_string())?;
        let version = config.version;
        if let Err(reason) = self.take_up(&mut state, config).await {
            let before = state.live.clone();
            let restored = before.map_or(Ok(()), |before| self.last_good.store(&before));
            return Err(match restored {
                Ok(()) => reason,
                Err(error) => format!("{reason}; nor could the previous configuration be stored again: {error}"),
            });
        }
        // Addresses that it does not name were emptied by the workers.
        let table = Arc::clone(&state.table);
        state.sockets.keep(&table.listeners);
        Ok((version, workers))
    }

    /// Makes a sound configuration live in every worker, or leaves everything as it was.
    async fn take_up(&self, state: &mut State, config: Config) -> Result<(), String> {
        let table = Arc::new(Table::new(&config, &mut state.registry));
        for upstream in &table.upstreams {
            let limits = crate::health::Limits {
                passes: upstream.probe.passes,
                fails: upstream.probe.fails,
            };
            for (_, entry) in table.targets_of(upstream) {
                entry.state.configure(limits, entry.verified);
            }
        }
        if let Err(reason) = self.broadcast(state, &table).await {
            let before = Arc::clone(&state.table);
            // Back to what every worker had a moment ago, which needs no further sockets.
            self.broadcast(state, &before).await?;
            return Err(reason);
        }
        state.prober.follow(&table);
        state.table = table;
        state.live = Some(config);
        let live = Arc::clone(&state.table);
        state.registry.prune(&live);
        Ok(())
    }

    /// Gives `table` to every worker, with the sockets that they do not have yet, and waits until each has taken it up.
    async fn broadcast(&self, state: &mut State, table: &Arc<Table>) -> Result<(), String> {
        let mut shares: BTreeMap<usize, Vec<(SocketAddr, OwnedFd)>> = BTreeMap::new();
        let held = state.sockets.addresses();
        let fresh: Vec<SocketAddr> = table
            .listeners
            .iter()
            .filter(|a| held.contains(a) && !state.served.contains(a))
            .copied()
            .collect();
        for address in &fresh {
            let of_address = state.sockets.shares(*address, self.workers.len());
            for (worker, socket) in of_address.map_err(|error| format!("{address}: {error}"))? {
                shares.entry(worker).or_default().push((*address, socket));
            }
        }
        let mut answers = Vec::with_capacity(self.workers.len());
        for (number, worker) in self.workers.iter().enumerate() {
            let (done, taken) = oneshot::channel();
            let sockets = shares.remove(&number).unwrap_or_default();
            // A worker that is gone does not answer either, which is seen below.
            let _ = worker.orders.send(Order::Take {
                table: Arc::clone(table),
                sockets,
                done,
            });
            answers.push(taken);
        }
        let mut result = Ok(());
        for (number, answer) in answers.into_iter().enumerate() {
            match answer.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => result = Err(format!("worker {number} cannot use a listening socket: {error}")),
                Err(_) => result = Err(format!("worker {number} is gone")),
            }
        }
        // What workers got of addresses outside the table, or of a table that failed, they have given up again.
        state.served.extend(fresh);
        state.served.retain(|address| table.listeners.contains(address));
        result
    }

    async fn drain(&self, ids: &[String], within: Duration) -> Vec<(String, u64)> {
        let deadline = Instant::now() + within;
        let lives: Vec<(&String, Vec<Arc<TargetState>>)> = {
            let state = self.state.lock().await;
            ids.iter().map(|id| (id, state.registry.lives(id))).collect()
        };
        let mut left = Vec::new();
        for (id, lives) in lives {
            let mut count = 0;
            for target in lives {
                count += drained(&target, deadline).await;
            }
            if count > 0 {
                left.push((id.clone(), count));
            }
        }
        left
    }

    async fn targets(&self) -> Vec<TargetReport> {
        let state = self.state.lock().await;
        let report = |entry: &crate::table::TargetEntry| TargetReport {
            id: entry.state.key.id.to_string(),
            routable: entry.state.routable() && !entry.draining,
            reason: if entry.draining {
                Some("it is draining".to_owned())
            } else {
                entry.state.reason()
            },
            in_flight: entry.state.in_flight(),
        };
        // A target of several upstreams is one target.
        let reports: BTreeMap<_, _> = state
            .table
            .targets
            .iter()
            .map(|entry| (&entry.state.key, report(entry)))
            .collect();
        reports.into_values().collect()
    }
}

/// Waits until a target has nothing in flight; what it has at the deadline otherwise.
async fn drained(target: &TargetState, deadline: Instant) -> u64 {
    target.watch();
    loop {
        let mut news = std::pin::pin!(target.idle.notified());
        news.as_mut().enable();
        if target.in_flight() == 0 {
            return 0;
        }
        if timeout_at(deadline, news).await.is_err() {
            return target.in_flight();
        }
    }
}
