//! From what was asked and what runs to what the edge should do. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};

use seaworthy_edge::config::{Affinity, Probe, Route, Side, Target, Upstream};
use seaworthy_platform::{InstanceId, ReleaseId, RouteSpec, Routing, Scope, SideId, SideWeight};
use seaworthy_spec::Health;
use seaworthy_spec::units::Span;

use crate::edge_port::ScopeView;

/// Time to open a connection on one machine; longer means the listen queue is full.
const CONNECT: u64 = 2_000;
/// nginx' and most balancers' default (`proxy_read_timeout`).
const ANSWER: u64 = 60_000;
/// How long a request waits while no target is ready: longer than a process needs to start again, shorter than clients give up.
const HOLD: u64 = 10_000;
/// Bounds the memory waiting requests hold.
const HOLD_MAX: u32 = 1_000;

/// An instance as far as the edge is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) id: InstanceId,
    pub(crate) side: SideId,
    pub(crate) release: ReleaseId,
    pub(crate) port: u16,
    pub(crate) life: u32,
    pub(crate) health: Health,
    /// Its probes passed in this life, and its process runs.
    pub(crate) verified: bool,
    /// Its probes passed, and fail now.
    pub(crate) unready: bool,
    /// It is on its way out.
    pub(crate) draining: bool,
    /// How long what it is doing may take to finish then.
    pub(crate) drain: Span,
}

/// The id of a service's upstream.
pub(crate) fn upstream_id(scope: &Scope, service: &str) -> String {
    format!("{scope}/{service}")
}

/// Puts a scope's view together. `candidates` are its instances, oldest first; `external` the resolved addresses of services that run elsewhere.
pub(crate) fn assemble(
    scope: &Scope,
    routing: &Routing,
    candidates: &[Candidate],
    external: &BTreeMap<String, Vec<SocketAddr>>,
) -> ScopeView {
    let mut upstreams = BTreeMap::new();
    let weighed = routing.weights.iter().map(|weight| &weight.side.service);
    // A route to a service without a side gets an upstream that holds its requests: the edge refuses one that leads nowhere.
    let routed = routing.routes.iter().map(|route| &route.service);
    let services: BTreeSet<&String> = weighed
        .chain(routed)
        .filter(|service| !routing.external.contains_key(*service))
        .collect();
    for service in services {
        let weights: Vec<_> = routing
            .weights
            .iter()
            .filter(|weight| weight.side.service == *service)
            .collect();
        upstreams.insert(upstream_id(scope, service), own(&weights, candidates));
    }
    for (service, outside) in &routing.external {
        let addresses = external.get(service).map(Vec::as_slice).unwrap_or_default();
        upstreams.insert(
            upstream_id(scope, service),
            elsewhere(service, &outside.health, addresses),
        );
    }
    ScopeView {
        http: routing.http.clone(),
        routes: routing.routes.iter().map(|spec| route(scope, spec)).collect(),
        upstreams,
    }
}

/// What is stored of a routing that replaces another: a side that is no longer mentioned and still has instances
/// stays known with weight 0, so that the edge goes on counting the requests it has in flight until they are drained.
pub(crate) fn carry_over(before: &Routing, mut wanted: Routing, has_instances: impl Fn(&SideId) -> bool) -> Routing {
    let left: Vec<SideWeight> = before
        .weights
        .iter()
        .filter(|old| !wanted.weights.iter().any(|new| new.side == old.side) && has_instances(&old.side))
        .map(|old| SideWeight {
            side: old.side.clone(),
            weight: 0,
        })
        .collect();
    wanted.weights.extend(left);
    wanted.weights.sort_by(|a, b| a.side.cmp(&b.side));
    wanted
}

fn route(scope: &Scope, spec: &RouteSpec) -> Route {
    Route {
        id: format!("{}/{}/{}", scope.app, scope.environment, spec.name),
        listeners: Vec::new(),
        hosts: spec.hosts.iter().map(|host| host.to_lowercase()).collect(),
        path: spec.path.clone(),
        upstream: upstream_id(scope, &spec.service),
    }
}

fn own(weights: &[&SideWeight], candidates: &[Candidate]) -> Upstream {
    let of = |side: &SideId| candidates.iter().filter(|c| c.side == *side).collect::<Vec<_>>();
    let mut healths: Vec<&Health> = weights
        .iter()
        .flat_map(|weight| of(&weight.side))
        .map(|c| &c.health)
        .collect();
    healths.dedup();
    // The edge probes all targets of an upstream in one way. Where sides want different ways (a release that changes its
    // readiness path), it checks the connection only, and this platform's own probes take an unready instance out.
    let agreed = healths.iter().all(|health| health.ready == healths[0].ready);
    let sides = weights.iter().map(|weight| {
        let members = of(&weight.side);
        Side {
            release: members.last().map(|c| c.release.0.clone()).unwrap_or_default(),
            weight: weight.weight,
            targets: members
                .into_iter()
                .filter(|c| c.verified)
                .map(|c| target(c, agreed))
                .collect(),
        }
    });
    let sides = sides.collect();
    let probe = healths.last().map_or_else(connection_only, |health| Probe {
        path: health.ready.clone().filter(|_| agreed),
        ..probe(health)
    });
    upstream(sides, probe)
}

fn target(candidate: &Candidate, edge_probes_it: bool) -> Target {
    Target {
        id: candidate.id.0.clone(),
        life: candidate.life,
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, candidate.port)),
        verified: true,
        draining: candidate.draining || (candidate.unready && !edge_probes_it),
        drain_ms: candidate.drain.millis,
    }
}

fn elsewhere(service: &str, health: &Health, addresses: &[SocketAddr]) -> Upstream {
    let targets = addresses.iter().map(|address| Target {
        id: format!("{service}-{address}"),
        life: 1,
        address: *address,
        verified: false,
        draining: false,
        drain_ms: 0,
    });
    let side = Side {
        release: "external".to_owned(),
        weight: 100,
        targets: targets.collect(),
    };
    upstream(vec![side], probe(health))
}

fn upstream(sides: Vec<Side>, probe: Probe) -> Upstream {
    Upstream {
        sides,
        probe,
        connect_timeout_ms: CONNECT,
        answer_timeout_ms: ANSWER,
        hold_ms: HOLD,
        hold_max: HOLD_MAX,
        affinity: Affinity::default(),
        shadow: None,
    }
}

fn probe(health: &Health) -> Probe {
    Probe {
        path: health.ready.clone(),
        host: None,
        interval_ms: health.interval.millis.max(1),
        timeout_ms: health.timeout.millis.max(1),
        passes: health.passes.max(1),
        fails: health.fails.max(1),
    }
}

/// For an upstream without instances: there is nothing to probe, but the format wants a way.
fn connection_only() -> Probe {
    Probe {
        path: None,
        host: None,
        interval_ms: 2_000,
        timeout_ms: 1_000,
        passes: 1,
        fails: 3,
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_platform::External;

    use super::*;

    fn health(ready: &str) -> Health {
        Health {
            live: None,
            ready: Some(ready.to_owned()),
            interval: Span::secs(2),
            timeout: Span::secs(1),
            passes: 2,
            fails: 3,
            start: Span::secs(60),
        }
    }

    fn scope() -> Scope {
        Scope::new("shop", "production")
    }

    fn side(revision: &str) -> SideId {
        SideId {
            scope: scope(),
            service: "web".to_owned(),
            revision: revision.into(),
        }
    }

    fn candidate(revision: &str, number: u16) -> Candidate {
        Candidate {
            id: InstanceId(format!("web-{revision}-{number}")),
            side: side(revision),
            release: "r1".into(),
            port: 20000 + number,
            life: 1,
            health: health("/ready"),
            verified: true,
            unready: false,
            draining: false,
            drain: Span::secs(30),
        }
    }

    fn weight(revision: &str, weight: u32) -> SideWeight {
        let side = side(revision);
        SideWeight { side, weight }
    }

    fn routing(weights: Vec<SideWeight>) -> Routing {
        let site = RouteSpec {
            name: "site".to_owned(),
            hosts: vec!["Example.COM".to_owned()],
            path: "/".to_owned(),
            service: "web".to_owned(),
        };
        Routing {
            routes: vec![site],
            weights,
            ..Routing::default()
        }
    }

    fn web(view: &ScopeView) -> &Upstream {
        &view.upstreams["default/shop/production/web"]
    }

    fn targets(side: &Side) -> Vec<&str> {
        side.targets.iter().map(|target| target.id.as_str()).collect()
    }

    #[test]
    fn only_instances_that_passed_in_this_life_are_targets() {
        let waiting = Candidate {
            verified: false,
            ..candidate("a", 2)
        };
        let leaving = Candidate {
            draining: true,
            ..candidate("a", 3)
        };
        let all = [candidate("a", 1), waiting, leaving, candidate("unrouted", 4)];
        let view = assemble(&scope(), &routing(vec![weight("a", 100)]), &all, &BTreeMap::new());
        let [side] = &web(&view).sides[..] else {
            panic!("{view:?}")
        };
        assert_eq!(targets(side), ["web-a-1", "web-a-3"]);
        assert_eq!(
            side.targets.iter().map(|t| t.draining).collect::<Vec<_>>(),
            [false, true]
        );
        assert!(side.targets.iter().all(|target| target.verified));
    }

    #[test]
    fn a_route_names_its_upstream_and_its_hosts_in_lower_case() {
        let view = assemble(&scope(), &routing(vec![weight("a", 1)]), &[], &BTreeMap::new());
        assert_eq!(view.routes[0].id, "shop/production/site");
        assert_eq!(view.routes[0].hosts, ["example.com"]);
        assert!(view.upstreams.contains_key(&view.routes[0].upstream));
    }

    #[test]
    fn a_route_leads_to_an_upstream_even_before_there_is_a_side() {
        let view = assemble(&scope(), &routing(Vec::new()), &[], &BTreeMap::new());
        assert_eq!(web(&view).sides, []);
    }

    #[test]
    fn sides_that_want_different_probes_are_probed_by_connection_and_the_unready_are_taken_out() {
        let unready = Candidate {
            unready: true,
            ..candidate("a", 1)
        };
        let weights = vec![weight("a", 90), weight("b", 10)];
        let same = [unready.clone(), candidate("b", 2)];
        let view = assemble(&scope(), &routing(weights.clone()), &same, &BTreeMap::new());
        assert_eq!(web(&view).probe.path.as_deref(), Some("/ready"));
        assert!(!web(&view).sides[0].targets[0].draining, "the edge sees that itself");

        let other = Candidate {
            health: health("/healthz"),
            ..candidate("b", 2)
        };
        let view = assemble(&scope(), &routing(weights), &[unready, other], &BTreeMap::new());
        assert_eq!(web(&view).probe.path, None);
        assert!(web(&view).sides[0].targets[0].draining);
    }

    #[test]
    fn a_side_that_is_no_longer_mentioned_keeps_its_requests_counted_until_it_is_gone() {
        let before = routing(vec![weight("a", 100)]);
        let wanted = routing(vec![weight("b", 100)]);
        let carried = carry_over(&before, wanted.clone(), |_| true);
        assert_eq!(carried.weights, [weight("a", 0), weight("b", 100)]);
        assert_eq!(carry_over(&before, wanted.clone(), |_| false), wanted);
    }

    #[test]
    fn what_runs_elsewhere_is_probed_by_the_edge_first() {
        let legacy = External {
            addresses: vec!["http://127.0.0.1:9000".to_owned()],
            health: health("/up"),
        };
        let routing = Routing {
            external: BTreeMap::from([("legacy".to_owned(), legacy)]),
            ..Routing::default()
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 9000));
        let resolved = BTreeMap::from([("legacy".to_owned(), vec![address])]);
        let view = assemble(&scope(), &routing, &[], &resolved);
        let target = &view.upstreams["default/shop/production/legacy"].sides[0].targets[0];
        assert_eq!((target.address, target.verified), (address, false));
    }
}
