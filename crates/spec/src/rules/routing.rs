//! Which paths go where, and that only one route claims each.

use std::collections::BTreeMap;

use super::{Rules, key};
use crate::model::{Route, Spec, Tls};
use crate::suggest;

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    targets(spec, rules);
    claims(spec, rules);
    edge(spec, rules);
    for (name, route) in &spec.routes {
        let (burst, limit) = (key("routes", name, "burst"), key("routes", name, "limit"));
        if route.burst.is_some() && route.limit.is_none() {
            let cause = "there is no limit that could be paced".to_owned();
            rules.tell(
                &burst,
                &[&limit],
                "spec.no_effect",
                cause,
                "write limit = \"100 / 15m per client\" too",
            );
        }
    }
}

fn targets(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let services = rules.names("services");
    for (name, route) in &spec.routes {
        let place = key("routes", name, "to");
        if !services.contains(&route.to) && !rules.may_be_unread() {
            let cause = format!("there is no service {:?}", route.to);
            let remedy = suggest::remedy(&route.to, services.iter().map(String::as_str), "add the service");
            rules.tell(&place, &[], "spec.unknown_name", cause, remedy);
        }
        if spec
            .services
            .get(&route.to)
            .is_some_and(|service| service.schedule.is_some())
        {
            let cause = format!("{} is a job: it runs by schedule and answers nobody", route.to);
            let schedule = key("services", &route.to, "schedule");
            rules.tell(&place, &[&schedule], "spec.not_for_jobs", cause, "route to a service");
        }
    }
}

/// Each host and path is claimed once; who claims it later in the file made the mistake.
fn claims(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let mut routes: Vec<(&String, &Route)> = spec.routes.iter().collect();
    routes.sort_by_key(|(name, _)| rules.offset(&key("routes", name, "")));
    let mut claimed: BTreeMap<(String, &str), &str> = BTreeMap::new();
    for (name, route) in routes {
        let path = if route.path == "/" {
            "/"
        } else {
            route.path.trim_end_matches('/')
        };
        let hosts = if route.hosts.is_empty() {
            &spec.edge.hosts
        } else {
            &route.hosts
        };
        let any = ["any host".to_owned()];
        let hosts = if hosts.is_empty() { &any[..] } else { hosts };
        for host in hosts {
            let Some(other) = claimed.insert((host.to_ascii_lowercase(), path), name) else {
                continue;
            };
            let (mine, theirs) = (key("routes", name, "path"), key("routes", other, "path"));
            if other == name {
                let cause = format!("{host} is listed twice");
                rules.tell(
                    &key("routes", name, "hosts"),
                    &[],
                    "spec.duplicate_route",
                    cause,
                    "keep it once",
                );
                continue;
            }
            let cause = format!("routes.{other} has {path} of {host} too ({})", rules.place(&theirs));
            rules.tell(
                &mine,
                &[&theirs, "edge.hosts"],
                "spec.duplicate_route",
                cause,
                "give one of them another path or host",
            );
            // One message names both routes; further hosts would only repeat it.
            break;
        }
    }
}

fn edge(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let no_host = spec.edge.hosts.is_empty() && spec.routes.values().all(|route| route.hosts.is_empty());
    if spec.edge.tls == Tls::Acme && no_host && rules.said_together("edge.tls", "edge.hosts") {
        let cause = "a certificate needs a host name, and there is none".to_owned();
        rules.tell(
            "edge.tls",
            &["edge.hosts", "routes"],
            "spec.acme_without_hosts",
            cause,
            "write hosts = [\"HOST\"]",
        );
    }
    if spec.edge.https.is_some() && spec.edge.http == spec.edge.https {
        let cause = format!("edge.http listens there too ({})", rules.place("edge.http"));
        rules.tell(
            "edge.https",
            &["edge.http"],
            "spec.same_address",
            cause,
            "choose another port",
        );
    }
}
