//! What this platform needs of the edge, as a trait: the daemon merges the views of all scopes into one configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use seaworthy_edge::config::{Route, Upstream};
use seaworthy_platform::{PlatformError, Routed, Scope};

/// Everything the edge should do for one application and environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScopeView {
    /// The listening address that was asked for, as written (`":80"`). None: the platform's default.
    pub http: Option<String>,
    /// Its routes; their listeners are left empty for the daemon to fill in.
    pub routes: Vec<Route>,
    /// Its upstreams by id (`organisation/app/environment/service`).
    pub upstreams: BTreeMap<String, Upstream>,
}

/// The edge as this platform sees it.
pub trait EdgePort: Send + Sync {
    /// Replaces what the edge does for a scope; an empty view takes the scope away.
    /// Answers when every worker has taken it up.
    fn publish<'a>(&'a self, scope: &'a Scope, view: ScopeView) -> BoxFuture<'a, Result<Routed, PlatformError>>;

    /// Waits until these targets have no request in flight, or for `within`.
    /// Answers with the requests that were left, by target; empty when all have finished.
    fn drain<'a>(&'a self, targets: Vec<String>, within: Duration) -> BoxFuture<'a, Vec<(String, u64)>>;
}
