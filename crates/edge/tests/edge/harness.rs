//! An edge in a directory of its own, and configurations in few words.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use seaworthy_edge::client::{Client, Uptake};
use seaworthy_edge::config::{Affinity, Config, Listener, Probe, Route, Side, Target, Upstream};
use seaworthy_edge::{EdgeOptions, listeners};
use tempfile::TempDir;

use crate::http::Connection;

/// Longest wait for anything in these tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A running edge with one listening address.
pub(crate) struct Edge {
    pub(crate) dir: TempDir,
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
    pub(crate) sockets: Vec<(SocketAddr, OwnedFd)>,
}

/// Runs an edge on a thread of this process.
pub(crate) fn run_in_thread(dir: &Path, workers: usize) -> std::thread::JoinHandle<()> {
    let options = EdgeOptions {
        dir: dir.to_owned(),
        workers: Some(workers),
    };
    std::thread::spawn(move || seaworthy_edge::run(&options).unwrap())
}

/// Connects to an edge that is about to start.
pub(crate) async fn connect(dir: &Path) -> Client {
    eventually("the edge answers", || async { Client::connect(dir).await.ok() }).await
}

/// Binds a set of sockets to a free port.
pub(crate) fn bind(workers: usize) -> Vec<(SocketAddr, OwnedFd)> {
    let sockets = listeners::bind("127.0.0.1:0".parse().unwrap(), workers).unwrap();
    sockets
        .into_iter()
        .map(|socket| (listeners::address(&socket).unwrap(), socket))
        .collect()
}

impl Edge {
    /// Two workers and a socket for each.
    pub(crate) async fn start() -> Self {
        Self::with_workers(2).await
    }

    pub(crate) async fn with_workers(workers: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        run_in_thread(dir.path(), workers);
        let client = connect(dir.path()).await;
        let sockets = bind(workers);
        client.listen(&sockets).await.unwrap();
        Self {
            dir,
            client,
            address: sockets[0].0,
            sockets,
        }
    }

    /// An edge that routes everything to one upstream.
    pub(crate) async fn serving(upstream: Upstream) -> Self {
        let edge = Self::start().await;
        edge.take(edge.config(1).route("/", "u").upstream("u", upstream)).await;
        edge
    }

    /// A configuration with this edge's listener.
    pub(crate) fn config(&self, version: u64) -> Plan {
        Plan::new(self.address, version)
    }

    /// Makes a configuration live.
    pub(crate) async fn take(&self, plan: Plan) {
        let version = plan.0.version;
        match self.client.configure(plan.0).await.unwrap() {
            Uptake::Configured { version: live, .. } => assert_eq!(live, version),
            Uptake::Refused { reason, .. } => panic!("refused: {reason}"),
        }
    }

    /// A client's connection.
    pub(crate) async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    /// The value of a metric whose line begins with `series` (name and labels), or 0.
    pub(crate) async fn metric(&self, series: &str) -> f64 {
        let text = self.client.metrics().await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with(series));
        lines
            .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
            .sum()
    }

    /// Requests in flight at a target.
    pub(crate) async fn in_flight(&self, target: &str) -> u64 {
        let targets = self.client.targets().await.unwrap();
        targets.iter().find(|report| report.id == target).unwrap().in_flight
    }

    /// Whether a target is routable.
    pub(crate) async fn routable(&self, target: &str) -> bool {
        let targets = self.client.targets().await.unwrap();
        targets.iter().find(|report| report.id == target).unwrap().routable
    }
}

/// Asks until the answer is there.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Fails the test instead of waiting for ever.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"))
}

/// A configuration in the making.
#[derive(Clone)]
pub(crate) struct Plan(pub(crate) Config);

impl Plan {
    pub(crate) fn new(listener: SocketAddr, version: u64) -> Self {
        let listeners = vec![Listener { address: listener }];
        Self(Config {
            format: 1,
            version,
            listeners,
            routes: Vec::new(),
            upstreams: [].into(),
        })
    }

    pub(crate) fn route(self, path: &str, upstream: &str) -> Self {
        self.route_for(&[], path, upstream)
    }

    pub(crate) fn route_for(mut self, hosts: &[&str], path: &str, upstream: &str) -> Self {
        self.0.routes.push(Route {
            id: format!("shop/test/{upstream}"),
            listeners: Vec::new(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            path: path.to_owned(),
            upstream: upstream.to_owned(),
        });
        self
    }

    pub(crate) fn upstream(mut self, id: &str, upstream: Upstream) -> Self {
        self.0.upstreams.insert(id.to_owned(), upstream);
        self
    }
}

/// An upstream without sides: patient, but quick to probe.
pub(crate) fn upstream() -> Upstream {
    Upstream {
        sides: Vec::new(),
        probe: Probe {
            path: Some("/ready".into()),
            host: None,
            interval_ms: 50,
            timeout_ms: 1000,
            passes: 2,
            fails: 3,
        },
        connect_timeout_ms: 2000,
        answer_timeout_ms: 5000,
        hold_ms: 5000,
        hold_max: 100,
        affinity: Affinity::Client,
        shadow: None,
    }
}

/// Adds a side whose targets are named after it: `r1-0`, `r1-1`.
pub(crate) trait WithSides {
    fn side(self, release: &str, weight: u32, addresses: &[SocketAddr]) -> Self;
    fn change(self, change: impl FnOnce(&mut Upstream)) -> Self;
}

impl WithSides for Upstream {
    fn side(mut self, release: &str, weight: u32, addresses: &[SocketAddr]) -> Self {
        let target = |(number, address): (usize, &SocketAddr)| Target {
            id: format!("{release}-{number}"),
            life: 1,
            address: *address,
            verified: true,
            draining: false,
            drain_ms: 0,
        };
        let targets = addresses.iter().enumerate().map(target).collect();
        self.sides.push(Side {
            release: release.to_owned(),
            weight,
            targets,
        });
        self
    }

    fn change(mut self, change: impl FnOnce(&mut Upstream)) -> Self {
        change(&mut self);
        self
    }
}
