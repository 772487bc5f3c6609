//! One worker: a thread with its own runtime, listening sockets, connections and pools.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::balance::Dice;
use crate::connection::{self, Watched};
use crate::dispatch::Dispatch;
use crate::idle::Verdict;
use crate::metrics::WorkerMetrics;
use crate::pool::Pool;
use crate::shadow::Places;
use crate::table::Table;
use crate::target::TargetKey;

/// How long to wait before accepting again when the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// While stopping, how long idle connections are left open: their client's next request may be under way already, is
/// answered, and learns from `Connection: close` that it was the last.
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// What the control thread wants of a worker.
pub(crate) enum Order {
    /// Take up a table, and these further sockets for addresses in it. Sockets for other addresses are given up.
    Take {
        /// The table.
        table: Arc<Table>,
        /// The sockets.
        sockets: Vec<(SocketAddr, OwnedFd)>,
        /// Told when it is live and given-up sockets were emptied, or that a socket cannot be used and nothing changed.
        done: oneshot::Sender<io::Result<()>>,
    },
    /// Accept nothing more, finish what is in flight within this time.
    Stop {
        /// Longest time.
        within: Duration,
        /// Told when it is over.
        done: oneshot::Sender<()>,
    },
}

/// One worker's own state. Never leaves its thread.
pub(crate) struct Worker {
    /// What it counts.
    pub(crate) metrics: Arc<WorkerMetrics>,
    /// Draws sides.
    pub(crate) dice: RefCell<Dice>,
    turn: Cell<usize>,
    tick: Rc<Cell<u32>>,
    dispatch: RefCell<Rc<Dispatch>>,
    pools: RefCell<HashMap<TargetKey, Rc<Pool>>>,
    accepting: RefCell<Vec<Accepting>>,
    connections: RefCell<HashMap<u64, Rc<Watched>>>,
    next_seat: Cell<u64>,
    tunnels: Cell<usize>,
    /// Bounds the copies under way.
    pub(crate) shadows: Places,
    /// Told when the last connection or tunnel has ended.
    empty: Notify,
    stopping: Cell<bool>,
}

/// A listening socket being accepted from.
struct Accepting {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A connection's or tunnel's place in the count of its worker.
pub(crate) struct Seat {
    worker: Rc<Worker>,
    /// `None`: a tunnel.
    number: Option<u64>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let worker = &self.worker;
        match self.number {
            Some(number) => {
                worker.connections.borrow_mut().remove(&number);
                worker.metrics.ended.add(1);
            }
            None => worker.tunnels.set(worker.tunnels.get() - 1),
        }
        if worker.is_empty() {
            worker.empty.notify_waiters();
        }
    }
}

/// Runs a worker until it is told to stop, or its control thread is gone.
pub(crate) async fn run(metrics: Arc<WorkerMetrics>, seed: u64, mut orders: mpsc::UnboundedReceiver<Order>) {
    let worker = Rc::new(Worker::new(metrics, seed));
    tokio::task::spawn_local(second_hand(Rc::clone(&worker)));
    while let Some(order) = orders.recv().await {
        match order {
            Order::Take { table, sockets, done } => {
                let taken = worker.take(table, sockets).await;
                // Nobody waiting for the news is no reason not to have done it.
                let _ = done.send(taken);
            }
            Order::Stop { within, done } => {
                worker.stop(within).await;
                let _ = done.send(());
                return;
            }
        }
    }
}

/// Counts seconds: closes idle connections on both sides.
async fn second_hand(worker: Rc<Worker>) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let tick = worker.tick.get().wrapping_add(1);
        worker.tick.set(tick);
        for pool in worker.pools.borrow().values() {
            pool.sweep(tick);
        }
        for watched in worker.connections.borrow().values() {
            watched.tick();
        }
    }
}

impl Worker {
    fn new(metrics: Arc<WorkerMetrics>, seed: u64) -> Self {
        let tick = Rc::new(Cell::new(0));
        let table = Arc::new(Table::empty());
        let series = metrics.series(&table.labels, Instant::now());
        let dispatch = Dispatch {
            table,
            pools: Vec::new(),
            series,
            tick: Rc::clone(&tick),
        };
        Self {
            metrics,
            dice: RefCell::new(Dice::new(seed)),
            turn: Cell::new(0),
            tick,
            dispatch: RefCell::new(Rc::new(dispatch)),
            pools: RefCell::default(),
            accepting: RefCell::default(),
            connections: RefCell::default(),
            next_seat: Cell::new(0),
            tunnels: Cell::new(0),
            shadows: Places::default(),
            empty: Notify::new(),
            stopping: Cell::new(false),
        }
    }

    /// The live configuration.
    pub(crate) fn dispatch(&self) -> Rc<Dispatch> {
        Rc::clone(&self.dispatch.borrow())
    }

    /// A number that is another one each time.
    pub(crate) fn turn(&self) -> usize {
        self.turn.replace(self.turn.get().wrapping_add(1))
    }

    /// Whether every answer is the last on its connection.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Counts a connection, and watches over it, until the seat is dropped.
    pub(crate) fn seat(self: &Rc<Self>, watched: Rc<Watched>) -> Seat {
        let number = self.next_seat.replace(self.next_seat.get().wrapping_add(1));
        self.connections.borrow_mut().insert(number, watched);
        self.metrics.accepted.add(1);
        Seat {
            worker: Rc::clone(self),
            number: Some(number),
        }
    }

    /// Counts a tunnel until the seat is dropped.
    pub(crate) fn tunnel(self: &Rc<Self>) -> Seat {
        self.tunnels.set(self.tunnels.get() + 1);
        Seat {
            worker: Rc::clone(self),
            number: None,
        }
    }

    fn is_empty(&self) -> bool {
        self.connections.borrow().is_empty() && self.tunnels.get() == 0
    }

    /// Takes up a table. The swap itself is one assignment: a request sees the old one or the new one.
    async fn take(self: &Rc<Self>, table: Arc<Table>, sockets: Vec<(SocketAddr, OwnedFd)>) -> io::Result<()> {
        let ready = |(address, socket)| {
            let listener = std::net::TcpListener::from(socket);
            listener.set_nonblocking(true)?;
            Ok((address, TcpListener::from_std(listener)?))
        };
        let listeners = sockets.into_iter().map(ready).collect::<io::Result<Vec<_>>>()?;
        let old = self.swap(&table);
        // Whoever waits for a target looks again: the new table may have one, or no such route.
        for upstream in &old.table.upstreams {
            upstream.state.ready.notify_waiters();
        }
        for (address, listener) in listeners {
            let (stop, stopped) = oneshot::channel();
            let task = tokio::task::spawn_local(accept(Rc::clone(self), address, listener, stopped));
            self.accepting.borrow_mut().push(Accepting { address, stop, task });
        }
        let given_up = self
            .accepting
            .borrow_mut()
            .extract_if(.., |a| !table.listeners.contains(&a.address))
            .collect();
        emptied(given_up).await;
        Ok(())
    }

    fn swap(&self, table: &Arc<Table>) -> Rc<Dispatch> {
        let mut pools = self.pools.borrow_mut();
        let mut live = HashMap::with_capacity(table.targets.len());
        let now = tokio::time::Instant::now();
        let of_target = |entry: &crate::table::TargetEntry| {
            let key = &entry.state.key;
            let known = live.get(key).or_else(|| pools.get(key)).map(Rc::clone);
            let pool = known.unwrap_or_else(|| Rc::new(Pool::new(Arc::clone(&entry.state))));
            pool.set_closed(entry.draining);
            pool.departure.set(entry.draining.then_some(entry.drain), now);
            live.insert(key.clone(), Rc::clone(&pool));
            pool
        };
        let in_order = table.targets.iter().map(of_target).collect();
        for (key, pool) in pools.iter() {
            if !live.contains_key(key) {
                pool.set_closed(true);
            }
        }
        *pools = live;
        let mut series = self.metrics.series(&table.labels, Instant::now());
        series.extend(self.metrics.shadows(&table.shadows, Instant::now()));
        let dispatch = Dispatch {
            table: Arc::clone(table),
            pools: in_order,
            series,
            tick: Rc::clone(&self.tick),
        };
        self.dispatch.replace(Rc::new(dispatch))
    }

    fn serve(self: &Rc<Self>, address: SocketAddr, stream: TcpStream, peer: SocketAddr) {
        tokio::task::spawn_local(connection::serve(Rc::clone(self), address, stream, peer));
    }

    async fn stop(self: &Rc<Self>, within: Duration) {
        let deadline = tokio::time::Instant::now() + within;
        self.stopping.set(true);
        let given_up = self.accepting.take();
        emptied(given_up).await;
        let grace = tokio::time::Instant::now() + LAST_REQUEST.min(within / 2);
        if self.ended_by(grace).await {
            return;
        }
        for watched in self.connections.borrow().values() {
            watched.ask(Verdict::Close);
        }
        self.ended_by(deadline).await;
    }

    /// Whether the last connection ended before `deadline`.
    async fn ended_by(&self, deadline: tokio::time::Instant) -> bool {
        loop {
            let news = self.empty.notified();
            if self.is_empty() {
                return true;
            }
            if tokio::time::timeout_at(deadline, news).await.is_err() {
                return self.is_empty();
            }
        }
    }
}

/// Ends accepting from these sockets after what waits in their queues was accepted: closing a listening socket that
/// nobody else holds resets what waits in it.
async fn emptied(given_up: Vec<Accepting>) {
    let mut tasks = Vec::with_capacity(given_up.len());
    for Accepting { stop, task, .. } in given_up {
        let _ = stop.send(());
        tasks.push(task);
    }
    for task in tasks {
        // A task that panicked accepts nothing more either.
        let _ = task.await;
    }
}

async fn accept(worker: Rc<Worker>, address: SocketAddr, listener: TcpListener, stopped: oneshot::Receiver<()>) {
    let mut stopped = stopped.fuse();
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => worker.serve(address, stream, peer),
                Err(error) => {
                    if !is_of_one_connection(&error) {
                        worker.metrics.accept_errors.add(1);
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            },
        }
    }
    // Asked of the kernel itself: the runtime may not have heard yet of what waits.
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, peer)) = listener.accept() {
        if stream.set_nonblocking(true).is_ok()
            && let Ok(stream) = TcpStream::from_std(stream)
        {
            worker.serve(address, stream, peer);
        }
    }
}

/// Whether an error of accept(2) concerns the one connection that was to be accepted and no further one.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted | ErrorKind::WouldBlock
    )
}
