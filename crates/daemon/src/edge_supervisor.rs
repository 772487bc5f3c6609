//! Keeps an edge running, holds its listening sockets too, and gives it one configuration for all applications.
//!
//! Whoever dies, the other holds the sockets: a new edge gets them from the daemon, a new daemon gets them from the edge.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seaworthy_edge::client::{Client, Uptake};
use seaworthy_edge::config::Route;
use seaworthy_edge::listeners::BindError;
use seaworthy_edge::protocol::TargetReport;
use seaworthy_platform::{PlatformError, RouteSpec, Routed, Scope};
use seaworthy_platform_host::{EdgePort, ScopeView};
use tokio::sync::{Mutex, MutexGuard};

use crate::{clock, edge_view, listen_address, process};

/// How long a new edge may take until its socket answers. It takes a few milliseconds; the rest is for a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(10);

/// How long the edge may take to answer. It takes milliseconds; one that hangs must not hang whoever asks.
const PATIENCE: Duration = Duration::from_secs(10);

/// The first pause before a new edge is tried again.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// And the longest.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Keeps the edge.
pub(crate) struct EdgeSupervisor {
    dir: PathBuf,
    binary: PathBuf,
    workers: usize,
    state: Mutex<Edge>,
}

#[derive(Default)]
struct Edge {
    views: BTreeMap<Scope, ScopeView>,
    listening: BTreeMap<Scope, SocketAddr>,
    /// Listening sockets, for each address as many as the edge has workers.
    sockets: Vec<(SocketAddr, OwnedFd)>,
    version: u64,
    pid: Option<u32>,
    /// Before all applications were adopted a configuration would lack the routes of those that come later.
    settled: bool,
    stopping: bool,
}

/// What is known of the edge.
#[derive(Debug, Clone)]
pub(crate) struct EdgeSeen {
    pub(crate) pid: Option<u32>,
    pub(crate) version: u64,
    pub(crate) listeners: Vec<SocketAddr>,
    pub(crate) listening: BTreeMap<Scope, SocketAddr>,
}

impl EdgeSupervisor {
    pub(crate) fn new(state: &std::path::Path, binary: PathBuf) -> Self {
        let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            dir: state.join("edge"),
            binary,
            workers,
            state: Mutex::new(Edge::default()),
        }
    }

    /// Finds the edge that runs, with its sockets, or starts one. Then watches over it for as long as the daemon lives.
    pub(crate) async fn start(self: &Arc<Self>) -> Result<(), PlatformError> {
        let mut edge = self.state.lock().await;
        match Client::connect(&self.dir).await {
            Ok(client) => {
                let hello = client.hello().await.map_err(failed)?;
                edge.version = hello.version;
                edge.pid = Some(hello.pid);
                edge.sockets = client.listeners().await.map_err(failed)?;
            }
            Err(_) => self.spawn(&mut edge).await?,
        }
        drop(edge);
        tokio::spawn(Arc::clone(self).watch());
        Ok(())
    }

    /// All applications were adopted: from now on every publication goes to the edge, this first one for all of them.
    pub(crate) async fn settle(&self) -> Result<(), PlatformError> {
        let mut edge = self.state.lock().await;
        edge.settled = true;
        if edge.views.is_empty() {
            Ok(())
        } else {
            self.configure(&mut edge, None).await.map(|_| ())
        }
    }

    pub(crate) async fn seen(&self) -> EdgeSeen {
        let edge = self.state.lock().await;
        EdgeSeen {
            pid: edge.pid,
            version: edge.version,
            listeners: edge
                .sockets
                .iter()
                .map(|(address, _)| *address)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            listening: edge.listening.clone(),
        }
    }

    /// Why the edge could not serve these routes beside those of the other applications, if so. Nothing is changed.
    pub(crate) async fn clash(&self, scope: &Scope, http: Option<&str>, routes: &[RouteSpec]) -> Option<String> {
        let edge = self.state.lock().await;
        let address = edge.listening.get(scope).copied();
        let address = address.or_else(|| listen_address::candidates(http).first().copied())?;
        let wanted = routes.iter().map(|route| Route {
            id: format!("{}/{}/{}", scope.app, scope.environment, route.name),
            listeners: Vec::new(),
            hosts: route.hosts.clone(),
            path: route.path.clone(),
            upstream: String::new(),
        });
        let view = ScopeView {
            routes: wanted.collect(),
            ..ScopeView::default()
        };
        let (mut views, mut listening) = (edge.views.clone(), edge.listening.clone());
        views.insert(scope.clone(), view);
        listening.insert(scope.clone(), address);
        edge_view::merge(edge.version, &views, &listening).err()
    }

    pub(crate) async fn metrics(&self) -> Result<String, PlatformError> {
        patiently(async {
            let client = Client::connect(&self.dir).await.map_err(failed)?;
            client.metrics().await.map_err(failed)
        })
        .await
    }

    pub(crate) async fn targets(&self) -> Vec<TargetReport> {
        let asked = patiently(async {
            let client = Client::connect(&self.dir).await.map_err(failed)?;
            client.targets().await.map_err(failed)
        });
        asked.await.unwrap_or_default()
    }

    /// Stops the edge for good.
    pub(crate) async fn stop(&self, within: Duration) {
        let mut edge = self.state.lock().await;
        edge.stopping = true;
        let asked = patiently(async {
            let client = Client::connect(&self.dir).await.map_err(failed)?;
            client.stop(within).await.map_err(failed)
        });
        // An edge that does not answer is ended below; there is nothing else to do about it here.
        let _ = asked.await;
        if let Some(pid) = edge.pid.take()
            && !process::ended_within(pid, within + Duration::from_secs(1)).await
        {
            process::kill(pid);
        }
        edge.sockets.clear();
    }

    /// Starts the edge again whenever it is gone.
    async fn watch(self: Arc<Self>) {
        let mut wait = FIRST_WAIT;
        loop {
            let pid = self.state.lock().await.pid;
            match pid {
                Some(pid) => process::ended(pid).await,
                None => {
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            }
            let mut edge = self.state.lock().await;
            if edge.stopping {
                return;
            }
            if edge.pid != pid {
                continue;
            }
            edge.pid = None;
            match self.revive(&mut edge).await {
                Ok(()) => wait = FIRST_WAIT,
                Err(error) => {
                    process::log_line(&format!("the edge could not be started again: {error}"));
                    // One without its sockets or routes serves nobody: the next try begins anew.
                    if let Some(pid) = edge.pid.take() {
                        process::kill(pid);
                    }
                }
            }
        }
    }

    async fn revive(&self, edge: &mut MutexGuard<'_, Edge>) -> Result<(), PlatformError> {
        self.spawn(edge).await?;
        let client = Client::connect(&self.dir).await.map_err(failed)?;
        // Sockets first: the edge serves its last good configuration as soon as it has them.
        client.listen(&edge.sockets).await.map_err(failed)?;
        if edge.views.is_empty() {
            Ok(())
        } else {
            self.configure(edge, None).await.map(|_| ())
        }
    }

    async fn spawn(&self, edge: &mut MutexGuard<'_, Edge>) -> Result<(), PlatformError> {
        let machine = |cause: std::io::Error| PlatformError::Edge {
            cause: format!("it could not be started: {cause}"),
            remedy: "look at log/edge.log in the state directory".to_owned(),
        };
        let child = process::spawn_detached(
            &self.binary,
            &["edge".as_ref(), "--dir".as_ref(), self.dir.as_os_str()],
            &self.dir.join("../log/edge.log"),
        )
        .map_err(machine)?;
        edge.pid = Some(child);
        let deadline = tokio::time::Instant::now() + START_LIMIT;
        loop {
            if let Ok(client) = Client::connect(&self.dir).await
                && let Ok(hello) = client.hello().await
                && hello.pid == child
            {
                edge.version = edge.version.max(hello.version);
                return Ok(());
            }
            if tokio::time::Instant::now() >= deadline || !process::is_alive(child) {
                return Err(machine(std::io::Error::other("it does not answer on its socket")));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Binds what is missing and gives the edge the configuration for all views.
    ///
    /// The address of the scope that is published must be had. One that another scope cannot have (any more) takes only that
    /// scope out, with a line in the log; the next publication tries again.
    async fn configure(
        &self,
        edge: &mut MutexGuard<'_, Edge>,
        published: Option<&Scope>,
    ) -> Result<Routed, PlatformError> {
        patiently(self.converse(edge, published)).await
    }

    async fn converse(
        &self,
        edge: &mut MutexGuard<'_, Edge>,
        published: Option<&Scope>,
    ) -> Result<Routed, PlatformError> {
        let client = Client::connect(&self.dir).await.map_err(failed)?;
        let asked: Vec<(Scope, Option<String>)> = edge
            .views
            .iter()
            // What only finishes its requests needs no address.
            .filter(|(_, view)| !view.routes.is_empty())
            .map(|(scope, view)| (scope.clone(), view.http.clone()))
            .collect();
        edge.listening
            .retain(|scope, _| asked.iter().any(|(other, _)| other == scope));
        for (scope, http) in asked {
            match self.listen(edge, &client, http.as_deref()).await {
                Ok(address) => {
                    edge.listening.insert(scope, address);
                }
                Err(error) if published == Some(&scope) => return Err(error),
                Err(error) => {
                    process::log_line(&format!("{scope} is not served: {error}"));
                    edge.listening.remove(&scope);
                }
            }
        }
        let version = edge.version + 1;
        let config = edge_view::merge(version, &edge.views, &edge.listening).map_err(|cause| PlatformError::Edge {
            cause,
            remedy: "give one of them another host or path".to_owned(),
        })?;
        let wanted: Vec<SocketAddr> = config.listeners.iter().map(|listener| listener.address).collect();
        match client.configure(config).await.map_err(failed)? {
            Uptake::Configured { .. } => {}
            Uptake::Refused { reason, .. } => return Err(failed(format!("it refused the configuration: {reason}"))),
        }
        edge.version = version;
        // The edge closes what is no longer listed; a socket held here would keep its queue open with nobody to answer.
        edge.sockets.retain(|(address, _)| wanted.contains(address));
        Ok(Routed {
            version,
            at: clock::timestamp(),
        })
    }

    async fn listen(
        &self,
        edge: &mut MutexGuard<'_, Edge>,
        client: &Client,
        http: Option<&str>,
    ) -> Result<SocketAddr, PlatformError> {
        let mut refused = None;
        for address in listen_address::candidates(http) {
            if edge.sockets.iter().any(|(held, _)| *held == address) {
                return Ok(address);
            }
            match seaworthy_edge::listeners::bind(address, self.workers) {
                Ok(sockets) => {
                    let sockets: Vec<(SocketAddr, OwnedFd)> =
                        sockets.into_iter().map(|socket| (address, socket)).collect();
                    client.listen(&sockets).await.map_err(failed)?;
                    edge.sockets.extend(sockets);
                    return Ok(address);
                }
                // Only without the right to the usual port is there another one; a port that is taken is said to be.
                Err(error @ BindError::Privileged { .. }) => refused = Some(error),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        Err(PlatformError::Edge {
            cause: refused.map_or_else(
                || format!("\"{}\" is no address", http.unwrap_or_default()),
                |error| error.to_string(),
            ),
            remedy: "free the address, or set edge.http to another one".to_owned(),
        })
    }
}

impl EdgePort for EdgeSupervisor {
    fn publish<'a>(&'a self, scope: &'a Scope, view: ScopeView) -> BoxFuture<'a, Result<Routed, PlatformError>> {
        Box::pin(async move {
            let mut edge = self.state.lock().await;
            let before = if view.routes.is_empty() && view.upstreams.is_empty() {
                edge.views.remove(scope)
            } else {
                edge.views.insert(scope.clone(), view)
            };
            if !edge.settled {
                return Ok(Routed {
                    version: edge.version,
                    at: clock::timestamp(),
                });
            }
            let configured = self.configure(&mut edge, Some(scope)).await;
            if configured.is_err() {
                // The edge goes on with the last good configuration, and so does what is published next.
                match before {
                    Some(view) => edge.views.insert(scope.clone(), view),
                    None => edge.views.remove(scope),
                };
            }
            configured
        })
    }

    fn drain<'a>(&'a self, targets: Vec<String>, within: Duration) -> BoxFuture<'a, Vec<(String, u64)>> {
        Box::pin(async move {
            // An edge that is gone has nothing in flight.
            let Ok(client) = Client::connect(&self.dir).await else {
                return Vec::new();
            };
            let drained = tokio::time::timeout(within + PATIENCE, client.drain(targets, within));
            drained.await.ok().and_then(Result::ok).unwrap_or_default()
        })
    }
}

fn failed(error: impl std::fmt::Display) -> PlatformError {
    PlatformError::Edge {
        cause: error.to_string(),
        remedy: "look at log/edge.log in the state directory".to_owned(),
    }
}

async fn patiently<T>(asked: impl Future<Output = Result<T, PlatformError>>) -> Result<T, PlatformError> {
    let silent = |_| PlatformError::Edge {
        cause: format!("it does not answer within {} s", PATIENCE.as_secs()),
        remedy: "look at log/edge.log in the state directory; if its process hangs, end it: it is started again"
            .to_owned(),
    };
    tokio::time::timeout(PATIENCE, asked).await.map_err(silent)?
}
