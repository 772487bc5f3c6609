//! One configuration for the edge out of the views of all applications.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use seaworthy_edge::config::{Config, Listener, Route};
use seaworthy_platform::Scope;
use seaworthy_platform_host::ScopeView;

/// Merges the views of all scopes. `listening` says where each scope's routes are served.
///
/// Listeners are the union of what the applications ask for. A host and path that two of them claim on the same listener is refused.
///
/// # Errors
/// One sentence that names both routes.
pub(crate) fn merge(
    version: u64,
    views: &BTreeMap<Scope, ScopeView>,
    listening: &BTreeMap<Scope, SocketAddr>,
) -> Result<Config, String> {
    let mut config = Config {
        format: 1,
        version,
        listeners: Vec::new(),
        routes: Vec::new(),
        upstreams: BTreeMap::new(),
    };
    let mut addresses = BTreeSet::new();
    let mut claimed: BTreeMap<(SocketAddr, String, String), String> = BTreeMap::new();
    for (scope, view) in views {
        config.upstreams.extend(view.upstreams.clone());
        // One that is not listened for has no routes, or cannot be served now; what it has in flight may finish.
        let Some(address) = listening.get(scope) else { continue };
        addresses.insert(*address);
        for route in &view.routes {
            for host in hosts(route) {
                if let Some(other) = claimed.insert((*address, host.clone(), route.path.clone()), route.id.clone()) {
                    let host = if host.is_empty() { "any host" } else { &host };
                    return Err(format!(
                        "routes {other} and {} both claim {host} {} on {address}",
                        route.id, route.path
                    ));
                }
            }
            config.routes.push(Route {
                listeners: vec![*address],
                ..route.clone()
            });
        }
    }
    config.listeners = addresses.into_iter().map(|address| Listener { address }).collect();
    Ok(config)
}

fn hosts(route: &Route) -> Vec<String> {
    if route.hosts.is_empty() {
        vec![String::new()]
    } else {
        route.hosts.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used)]
    use super::*;

    fn view(id: &str, path: &str) -> ScopeView {
        let route = Route {
            id: id.into(),
            listeners: vec![],
            hosts: vec![],
            path: path.into(),
            upstream: "u".into(),
        };
        ScopeView {
            http: None,
            routes: vec![route],
            upstreams: BTreeMap::new(),
        }
    }

    #[test]
    fn two_applications_share_a_listener_and_may_not_claim_the_same_path() {
        let (one, two) = (Scope::new("one", "production"), Scope::new("two", "production"));
        let address: SocketAddr = ([127, 0, 0, 1], 8080).into();
        let listening = BTreeMap::from([(one.clone(), address), (two.clone(), address)]);
        let mut views = BTreeMap::from([(one, view("one/site", "/")), (two.clone(), view("two/site", "/two"))]);

        let config = merge(7, &views, &listening).expect("different paths");
        assert_eq!((config.version, config.listeners.len(), config.routes.len()), (7, 1, 2));

        views.insert(two, view("two/site", "/"));
        let refused = merge(8, &views, &listening).expect_err("the same path");
        assert_eq!(
            refused,
            "routes one/site and two/site both claim any host / on 127.0.0.1:8080"
        );
    }
}
