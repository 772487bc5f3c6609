//! Whether a configuration can be taken up. Everything that is wrong is said at once.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use crate::config::{Config, Probe, Route, Shadow, Upstream};
use crate::router::trimmed;

/// Version of the configuration format that this code writes and understands.
pub(crate) const FORMAT: u32 = 1;

/// A day, milliseconds. Whatever is longer is a mistake.
const LONGEST_DRAIN: u64 = 24 * 60 * 60 * 1000;

/// What is wrong with `config`; empty if nothing is.
///
/// `live` is the version that is live now (0: none) and `sockets` the addresses that there are sockets for;
/// `None` for a configuration that waits for its sockets.
pub(crate) fn faults(config: &Config, live: u64, sockets: Option<&BTreeSet<SocketAddr>>) -> Vec<String> {
    let mut faults = Vec::new();
    if config.format != FORMAT {
        faults.push(format!(
            "its format is {}; this edge understands {FORMAT}",
            config.format
        ));
    }
    if config.version <= live {
        faults.push(format!(
            "its version is {}, but {live} is live already and versions grow",
            config.version
        ));
    }
    let mut listeners = BTreeSet::new();
    for listener in &config.listeners {
        if !listeners.insert(listener.address) {
            faults.push(format!("listener {} is there twice", listener.address));
        }
        if sockets.is_some_and(|sockets| !sockets.contains(&listener.address)) {
            faults.push(format!(
                "listener {} has no socket here; pass one with `listen` first",
                listener.address
            ));
        }
    }
    routes(config, &listeners, &mut faults);
    let mut places = HashMap::new();
    for (id, upstream) in &config.upstreams {
        self::upstream(id, upstream, &mut places, &mut faults);
    }
    faults
}

fn routes(config: &Config, listeners: &BTreeSet<SocketAddr>, faults: &mut Vec<String>) {
    let mut taken: HashMap<(SocketAddr, &str, &str), &str> = HashMap::new();
    for route in &config.routes {
        let id = &route.id;
        if !config.upstreams.contains_key(&route.upstream) {
            faults.push(format!("route {id} leads to {}, which is not there", route.upstream));
        }
        if !route.path.starts_with('/')
            || route
                .path
                .bytes()
                .any(|b| b <= b' ' || b == b'?' || b == b'#' || b == 0x7f)
        {
            faults.push(format!("route {id}: {:?} is not a path", route.path));
        }
        for host in &route.hosts {
            if !is_host_pattern(host) {
                faults.push(format!(
                    "route {id}: {host:?} is not a lower-case host name or `*.` with one"
                ));
            }
        }
        for listener in &route.listeners {
            if !listeners.contains(listener) {
                faults.push(format!("route {id} is for listener {listener}, which is not there"));
            }
        }
        for (listener, host) in served(route, listeners) {
            let path = trimmed(&route.path);
            if let Some(other) = taken.insert((listener, host, path), id) {
                let host = if host.is_empty() { "any host" } else { host };
                faults.push(format!(
                    "routes {other} and {id} both claim {host} {} on {listener}",
                    route.path
                ));
            }
        }
    }
}

/// Where a route is found; the empty host stands for any.
fn served<'a>(route: &'a Route, listeners: &'a BTreeSet<SocketAddr>) -> impl Iterator<Item = (SocketAddr, &'a str)> {
    let on = listeners
        .iter()
        .filter(|address| route.listeners.is_empty() || route.listeners.contains(address));
    on.flat_map(|address| {
        let any = route.hosts.is_empty().then_some("");
        route
            .hosts
            .iter()
            .map(String::as_str)
            .chain(any)
            .map(|host| (*address, host))
    })
}

fn is_host_pattern(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._[]:".contains(&byte);
    !name.is_empty() && name.bytes().all(sound) && crate::host::name(name.as_bytes()).is_some_and(|read| read == name)
}

/// A target's place (life and address) by its id, to find ids that mean two things.
type Places<'a> = HashMap<&'a str, (u32, SocketAddr)>;

fn upstream<'a>(id: &str, upstream: &'a Upstream, places: &mut Places<'a>, faults: &mut Vec<String>) {
    let mut here = BTreeSet::new();
    for target in upstream.sides.iter().flat_map(|side| &side.targets) {
        if target.drain_ms > LONGEST_DRAIN {
            faults.push(format!(
                "upstream {id}: drain_ms of target {} is {}, more than a day",
                target.id, target.drain_ms
            ));
        }
        if !here.insert(&target.id) {
            faults.push(format!("upstream {id}: target {} is there twice", target.id));
        }
        let place = (target.life, target.address);
        if places.insert(&target.id, place).is_some_and(|before| before != place) {
            faults.push(format!(
                "upstream {id}: target {} stands for another address or life elsewhere",
                target.id
            ));
        }
    }
    for (name, value) in [
        ("connect_timeout_ms", upstream.connect_timeout_ms),
        ("answer_timeout_ms", upstream.answer_timeout_ms),
    ] {
        if value == 0 {
            faults.push(format!("upstream {id}: {name} is 0"));
        }
    }
    if let Some(Shadow { release, percent }) = &upstream.shadow {
        if *percent > 100 {
            faults.push(format!("upstream {id}: shadow.percent is {percent}, more than 100"));
        }
        if !upstream.sides.iter().any(|side| side.release == *release) {
            faults.push(format!(
                "upstream {id}: shadow.release {release:?} is none of its sides"
            ));
        }
    }
    probe(id, &upstream.probe, faults);
}

fn probe(id: &str, probe: &Probe, faults: &mut Vec<String>) {
    for (name, value) in [
        ("interval_ms", probe.interval_ms),
        ("timeout_ms", probe.timeout_ms),
        ("passes", u64::from(probe.passes)),
        ("fails", u64::from(probe.fails)),
    ] {
        if value == 0 {
            faults.push(format!("upstream {id}: probe.{name} is 0"));
        }
    }
    if let Some(path) = &probe.path
        && (!path.starts_with('/') || path.parse::<http::uri::PathAndQuery>().is_err())
    {
        faults.push(format!("upstream {id}: probe.path {path:?} is not a path"));
    }
    if let Some(host) = &probe.host
        && crate::host::name(host.as_bytes()).is_none()
    {
        faults.push(format!("upstream {id}: probe.host {host:?} is not a host"));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Affinity, Listener, Side, Target};

    fn sound() -> Config {
        let address: SocketAddr = "127.0.0.1:80".parse().unwrap();
        let target = Target {
            id: "t".into(),
            life: 1,
            address,
            verified: true,
            draining: false,
            drain_ms: 0,
        };
        let upstream = Upstream {
            sides: vec![Side {
                release: "r1".into(),
                weight: 1,
                targets: vec![target],
            }],
            probe: Probe {
                path: Some("/ready".into()),
                host: None,
                interval_ms: 1,
                timeout_ms: 1,
                passes: 1,
                fails: 1,
            },
            connect_timeout_ms: 1,
            answer_timeout_ms: 1,
            hold_ms: 0,
            hold_max: 0,
            affinity: Affinity::Client,
            shadow: None,
        };
        let route = Route {
            id: "a".into(),
            listeners: vec![],
            hosts: vec![],
            path: "/".into(),
            upstream: "u".into(),
        };
        Config {
            format: FORMAT,
            version: 2,
            listeners: vec![Listener { address }],
            routes: vec![route],
            upstreams: [("u".to_owned(), upstream)].into(),
        }
    }

    fn found(change: impl FnOnce(&mut Config)) -> String {
        let mut config = sound();
        let sockets = config.listeners.iter().map(|l| l.address).collect();
        change(&mut config);
        faults(&config, 1, Some(&sockets)).join("; ")
    }

    #[test]
    fn a_sound_one_has_no_faults() {
        assert_eq!(found(|_| {}), "");
    }

    #[test]
    fn each_fault_is_named() {
        assert!(found(|c| c.format = 2).contains("format is 2"));
        assert!(found(|c| c.version = 1).contains("versions grow"));
        assert!(found(|c| c.routes[0].upstream = "x".into()).contains("leads to x"));
        assert!(found(|c| c.routes[0].path = "api".into()).contains("not a path"));
        assert!(found(|c| c.routes[0].hosts = vec!["A.example".into()]).contains("lower-case"));
        assert!(found(|c| c.routes[0].hosts = vec!["a.*.example".into()]).contains("lower-case"));
        assert!(found(|c| c.routes[0].listeners = vec!["127.0.0.1:9".parse().unwrap()]).contains("127.0.0.1:9"));
        assert!(
            found(|c| c.listeners.push(Listener {
                address: "127.0.0.1:81".parse().unwrap()
            }))
            .contains("no socket")
        );
        assert!(found(|c| c.listeners.push(c.listeners[0].clone())).contains("twice"));
        let upstream = |c: &mut Config, change: fn(&mut Upstream)| change(c.upstreams.get_mut("u").unwrap());
        assert!(found(|c| upstream(c, |u| u.probe.passes = 0)).contains("probe.passes"));
        assert!(found(|c| upstream(c, |u| u.probe.path = Some("ready".into()))).contains("probe.path"));
        assert!(found(|c| upstream(c, |u| u.sides[0].targets[0].drain_ms = u64::MAX)).contains("more than a day"));
        let shadow = |release: &str, percent| {
            let release = release.to_owned();
            found(|c| c.upstreams.get_mut("u").unwrap().shadow = Some(Shadow { release, percent }))
        };
        assert_eq!(shadow("r1", 100), "");
        assert!(shadow("r1", 101).contains("shadow.percent"));
        assert!(shadow("r2", 1).contains("none of its sides"));
        assert!(found(|c| upstream(c, |u| u.connect_timeout_ms = 0)).contains("connect_timeout_ms"));
        assert!(found(|c| upstream(c, |u| u.sides.push(u.sides[0].clone()))).contains("twice"));
    }

    #[test]
    fn two_routes_for_the_same_host_and_path_name_both() {
        let text = found(|c| {
            let again = Route {
                id: "b".into(),
                ..c.routes[0].clone()
            };
            c.routes.push(again);
        });
        assert!(
            text.contains("routes a and b both claim any host / on 127.0.0.1:80"),
            "{text}"
        );
    }
}
