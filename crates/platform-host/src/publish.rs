//! What an application asked of the edge, kept on disk, and told to the edge again whenever its instances change.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seaworthy_platform::{PlatformError, Routed, Routing, Scope};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::assemble::{assemble, carry_over};
use crate::durable::{self, Survives};
use crate::edge_port::ScopeView;
use crate::external;
use crate::failure::disk;
use crate::host::{Host, locked, now};
use crate::layout::Layout;
use crate::notice::Notice;
use crate::record::{self, FORMAT};

/// Between two tries to reach an edge that does not answer.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// The routing of a scope as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    format: u32,
    scope: Scope,
    routing: Routing,
}

/// A scope's routing, and what the edge has last confirmed of it.
#[derive(Debug)]
pub(crate) struct ScopeRoutes {
    pub(crate) scope: Scope,
    routing: Mutex<Routing>,
    /// Held while publishing, so that what the edge hears last is what is true last.
    published: tokio::sync::Mutex<Option<Published>>,
    /// Addresses of external services, looked up once per routing.
    resolved: Mutex<Option<BTreeMap<String, Vec<SocketAddr>>>>,
    stale: Notify,
}

/// What the edge confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Published {
    pub(crate) view: ScopeView,
    pub(crate) routed: Routed,
}

impl Published {
    /// Whether an instance is a target in it.
    pub(crate) fn has_target(&self, id: &str) -> bool {
        let sides = self.view.upstreams.values().flat_map(|upstream| &upstream.sides);
        sides.flat_map(|side| &side.targets).any(|target| target.id == id)
    }
}

impl ScopeRoutes {
    fn new(scope: Scope, routing: Routing) -> Self {
        Self {
            scope,
            routing: Mutex::new(routing),
            published: tokio::sync::Mutex::default(),
            resolved: Mutex::default(),
            stale: Notify::new(),
        }
    }

    /// Something changed that the edge must hear of.
    pub(crate) fn is_stale(&self) {
        self.stale.notify_one();
    }
}

impl Host {
    /// Takes a new routing for a scope, on disk first, and has the edge take it up.
    pub(crate) async fn route(self: &Arc<Self>, scope: &Scope, wanted: Routing) -> Result<Routed, PlatformError> {
        let routes = self.routes_of(scope);
        let before = locked(&routes.routing).clone();
        let instances = self.of_scope(scope);
        let has_instances = |side: &_| instances.iter().any(|instance| instance.side() == side);
        let wanted = carry_over(&before, wanted, has_instances);
        self.set_routing(&routes, wanted.clone())?;
        match self.publish_routes(&routes).await {
            Ok(published) => Ok(published.routed),
            Err(error) => {
                // A call that failed has changed nothing: the next change of an instance must not send a refused routing again.
                if *locked(&routes.routing) == wanted {
                    self.set_routing(&routes, before)?;
                    routes.is_stale();
                }
                Err(error)
            }
        }
    }

    /// On disk first: a daemon that starts again must not tell the edge something older than it has confirmed.
    fn set_routing(&self, routes: &ScopeRoutes, wanted: Routing) -> Result<(), PlatformError> {
        let mut routing = locked(&routes.routing);
        store(&self.layout, &routes.scope, &wanted)?;
        if routing.external != wanted.external {
            *locked(&routes.resolved) = None;
        }
        *routing = wanted;
        Ok(())
    }

    /// Tells the edge what is true now; at once when it has already confirmed that. None when the scope was never routed.
    pub(crate) async fn publish(&self, scope: &Scope) -> Result<Option<Published>, PlatformError> {
        let Some(routes) = locked(&self.scopes).get(scope).cloned() else {
            return Ok(None);
        };
        self.publish_routes(&routes).await.map(Some)
    }

    /// Tells the edge everything again, whatever it has confirmed before. One scope that fails does not keep the others from
    /// it; it is tried again in the background, and the first failure is answered.
    pub(crate) async fn publish_all(&self) -> Result<(), PlatformError> {
        let all: Vec<_> = locked(&self.scopes).values().cloned().collect();
        let mut told = Ok(());
        for routes in all {
            *routes.published.lock().await = None;
            if let Err(error) = self.publish_routes(&routes).await {
                routes.is_stale();
                told = told.and(Err(error));
            }
        }
        told
    }

    async fn publish_routes(&self, routes: &ScopeRoutes) -> Result<Published, PlatformError> {
        let mut published = routes.published.lock().await;
        let routing = locked(&routes.routing).clone();
        let known = locked(&routes.resolved).clone();
        let external = match known {
            Some(external) => external,
            None => {
                let external = external::resolve(&routing).await?;
                *locked(&routes.resolved) = Some(external.clone());
                external
            }
        };
        let instances = self.of_scope(&routes.scope);
        let candidates: Vec<_> = instances.iter().filter_map(|instance| instance.candidate()).collect();
        let view = assemble(&routes.scope, &routing, &candidates, &external);
        // Taken out while the edge is asked: if this future is dropped or fails, nobody knows what the edge has.
        if let Some(before) = published.take()
            && before.view == view
        {
            return Ok(published.insert(before).clone());
        }
        let routed = self.edge.publish(&routes.scope, view.clone()).await?;
        Ok(published.insert(Published { view, routed }).clone())
    }

    /// Has a scope published again in the background.
    pub(crate) fn scope_is_stale(&self, scope: &Scope) {
        if let Some(routes) = locked(&self.scopes).get(scope) {
            routes.is_stale();
        }
    }

    /// Takes sides that have no instance left out of the stored routing of a scope.
    pub(crate) fn forget_sides(
        &self,
        scope: &Scope,
        gone: impl Fn(&seaworthy_platform::SideId) -> bool,
    ) -> Result<(), PlatformError> {
        let Some(routes) = locked(&self.scopes).get(scope).cloned() else {
            return Ok(());
        };
        let before = locked(&routes.routing).clone();
        let mut left = before.clone();
        left.weights.retain(|weight| weight.weight > 0 || !gone(&weight.side));
        if left != before {
            self.set_routing(&routes, left)?;
            routes.is_stale();
        }
        Ok(())
    }

    /// What the edge was told last of a scope; none when it was never routed.
    pub(crate) fn routing_of(&self, scope: &Scope) -> Option<Routing> {
        let routes = locked(&self.scopes).get(scope).cloned()?;
        let routing = locked(&routes.routing).clone();
        Some(routing)
    }

    /// Forgets that a scope was ever routed. The edge must have been told that it has no routes.
    pub(crate) fn forget_routing(&self, scope: &Scope) {
        locked(&self.scopes).remove(scope);
    }

    /// Reads the routings a previous daemon stored. Nothing is published yet.
    pub(crate) fn read_routings(self: &Arc<Self>) -> Result<(), PlatformError> {
        let dir = self.layout.routings();
        let listing = std::fs::read_dir(&dir).map_err(|error| disk(&dir, "list the routings", &error))?;
        for entry in listing.flatten() {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let stored = record::versioned::<Stored>(&path).map_err(|error| disk(&path, "read a routing", &error))?;
            if let Some(stored) = stored {
                *locked(&self.routes_of(&stored.scope).routing) = stored.routing;
            }
        }
        Ok(())
    }

    fn routes_of(self: &Arc<Self>, scope: &Scope) -> Arc<ScopeRoutes> {
        let mut scopes = locked(&self.scopes);
        if let Some(routes) = scopes.get(scope) {
            return Arc::clone(routes);
        }
        let routes = Arc::new(ScopeRoutes::new(scope.clone(), Routing::default()));
        scopes.insert(scope.clone(), Arc::clone(&routes));
        self.spawn(keep_published(Arc::clone(self), Arc::clone(&routes)));
        routes
    }
}

fn store(layout: &Layout, scope: &Scope, routing: &Routing) -> Result<(), PlatformError> {
    let path = layout.routing(scope);
    if *routing == Routing::default() {
        return match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(disk(&path, "remove the routing", &error))
            }
            _ => Ok(()),
        };
    }
    let stored = Stored {
        format: FORMAT,
        scope: scope.clone(),
        routing: routing.clone(),
    };
    durable::write(&path, &stored, Survives::PowerLoss).map_err(|error| disk(&path, "store the routing", &error))
}

/// Publishes a scope whenever it has become stale, and goes on trying while the edge does not answer.
async fn keep_published(host: Arc<Host>, routes: Arc<ScopeRoutes>) {
    loop {
        routes.stale.notified().await;
        let mut wait = FIRST_RETRY;
        while let Err(error) = host.publish_routes(&routes).await {
            if wait == FIRST_RETRY {
                let _listeners = host.notices.send(Notice {
                    at: now(),
                    scope: routes.scope.clone(),
                    instance: None,
                    text: format!("the edge does not know the latest state yet: {error}"),
                });
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_RETRY);
        }
    }
}
