//! Which route a request takes: listener, host, longest path prefix.

use std::collections::HashMap;
use std::net::SocketAddr;

use crate::config::Route;

/// Routes prepared for look-up. Built once per configuration, shared by all workers.
#[derive(Debug, Default)]
pub(crate) struct Router {
    /// Few listeners, so a scan beats a hash.
    listeners: Vec<(SocketAddr, Hosts)>,
}

#[derive(Debug, Default)]
struct Hosts {
    exact: HashMap<Box<str>, Paths>,
    /// Keyed by what follows `*.`.
    wildcard: HashMap<Box<str>, Paths>,
    any: Paths,
}

/// Prefixes with the route they lead to, longest first.
#[derive(Debug, Default)]
struct Paths(Vec<(Box<str>, usize)>);

impl Router {
    /// Prepares `routes` (looked up later by their index) for `listeners`.
    pub(crate) fn new(listeners: &[SocketAddr], routes: &[Route]) -> Self {
        let listeners = listeners
            .iter()
            .map(|address| (*address, Hosts::new(*address, routes)))
            .collect();
        Self { listeners }
    }

    /// The index of the route for a request, or `None`.
    ///
    /// `host` is in lower case and without port, as [`crate::host::name`] gives it. A more specific host wins over a
    /// longer path; where its routes do not cover the path, the less specific hosts are asked.
    pub(crate) fn find(&self, listener: SocketAddr, host: &str, path: &str) -> Option<usize> {
        let (_, hosts) = self.listeners.iter().find(|(address, _)| *address == listener)?;
        hosts.find(host, path)
    }
}

impl Hosts {
    fn new(listener: SocketAddr, routes: &[Route]) -> Self {
        let mut hosts = Self::default();
        for (index, route) in routes.iter().enumerate() {
            if !route.listeners.is_empty() && !route.listeners.contains(&listener) {
                continue;
            }
            let prefix = trimmed(&route.path);
            if route.hosts.is_empty() {
                hosts.any.0.push((prefix.into(), index));
            }
            for host in &route.hosts {
                let paths = match host.strip_prefix("*.") {
                    Some(suffix) => hosts.wildcard.entry(suffix.into()).or_default(),
                    None => hosts.exact.entry(host.as_str().into()).or_default(),
                };
                paths.0.push((prefix.into(), index));
            }
        }
        let all = hosts
            .exact
            .values_mut()
            .chain(hosts.wildcard.values_mut())
            .chain([&mut hosts.any]);
        for paths in all {
            paths.0.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        }
        hosts
    }

    fn find(&self, host: &str, path: &str) -> Option<usize> {
        let exact = || self.exact.get(host)?.find(path);
        let wildcard = || {
            // With no wildcard routes, which is most of the time, the name is not taken apart at all.
            if self.wildcard.is_empty() {
                return None;
            }
            let (label, suffix) = host.split_once('.')?;
            if label.is_empty() {
                None
            } else {
                self.wildcard.get(suffix)?.find(path)
            }
        };
        exact().or_else(wildcard).or_else(|| self.any.find(path))
    }
}

impl Paths {
    fn find(&self, path: &str) -> Option<usize> {
        self.0
            .iter()
            .find(|(prefix, _)| covers(prefix, path))
            .map(|(_, index)| *index)
    }
}

/// A prefix without its trailing slash; `/` becomes empty and covers everything.
pub(crate) fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// Whether `prefix` covers `path` on a segment boundary: `/api` covers `/api` and `/api/x`, not `/apix`.
fn covers(prefix: &str, path: &str) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => prefix.is_empty() || rest.is_empty() || rest.starts_with('/'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn route(hosts: &[&str], path: &str) -> Route {
        Route {
            id: path.to_owned(),
            listeners: Vec::new(),
            hosts: hosts.iter().map(|h| (*h).to_owned()).collect(),
            path: path.to_owned(),
            upstream: "u".to_owned(),
        }
    }

    fn find(routes: &[Route], host: &str, path: &str) -> Option<usize> {
        let listener = "127.0.0.1:80".parse().unwrap();
        Router::new(&[listener], routes).find(listener, host, path)
    }

    #[test]
    fn the_longest_prefix_on_a_segment_boundary_wins() {
        let routes = [route(&[], "/"), route(&[], "/api"), route(&[], "/api/v2/")];
        assert_eq!(find(&routes, "x", "/"), Some(0));
        assert_eq!(find(&routes, "x", "/apix"), Some(0));
        assert_eq!(find(&routes, "x", "/api"), Some(1));
        assert_eq!(find(&routes, "x", "/api/v1"), Some(1));
        assert_eq!(find(&routes, "x", "/api/v2"), Some(2));
        assert_eq!(find(&routes, "x", "/api/v2/users"), Some(2));
        assert_eq!(find(&routes, "x", "*"), Some(0));
    }

    #[test]
    fn exact_host_then_one_label_wildcard_then_any() {
        let routes = [
            route(&[], "/"),
            route(&["*.example.com"], "/"),
            route(&["www.example.com"], "/"),
        ];
        assert_eq!(find(&routes, "www.example.com", "/a"), Some(2));
        assert_eq!(find(&routes, "api.example.com", "/a"), Some(1));
        assert_eq!(find(&routes, "a.b.example.com", "/a"), Some(0));
        assert_eq!(find(&routes, "example.com", "/a"), Some(0));
        assert_eq!(find(&routes, ".example.com", "/a"), Some(0));
    }

    #[test]
    fn a_host_without_the_path_falls_back_to_less_specific_ones() {
        let routes = [route(&[], "/"), route(&["a.example.com"], "/only")];
        assert_eq!(find(&routes, "a.example.com", "/other"), Some(0));
        assert_eq!(find(&routes[1..], "a.example.com", "/other"), None);
        assert_eq!(find(&routes[1..], "b.example.com", "/only"), None);
    }

    #[test]
    fn a_route_bound_to_a_listener_is_not_seen_on_another() {
        let (one, two) = ("127.0.0.1:80".parse().unwrap(), "127.0.0.1:81".parse().unwrap());
        let mut bound = route(&[], "/");
        bound.listeners = vec![one];
        let router = Router::new(&[one, two], &[bound]);
        assert_eq!(router.find(one, "x", "/"), Some(0));
        assert_eq!(router.find(two, "x", "/"), None);
    }
}
