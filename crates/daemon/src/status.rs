//! One honest picture of an application.

use std::collections::BTreeMap;

use seaworthy_api as api;
use seaworthy_edge::protocol::TargetReport;
use seaworthy_plan::Snapshot;
use seaworthy_platform::{InstanceObserved, InstanceState, Platform as _, Scope, SideObserved, SideWeight};

use crate::app::App;
use crate::edge_supervisor::EdgeSeen;
use crate::refusal::{Refused, word};
use crate::{clock, history, planning};

/// Everything that is known of an application now.
pub(crate) async fn status(app: &App, scope: &Scope) -> Result<api::AppStatus, Refused> {
    let newest = match app.store.under_way(scope)? {
        Some(under_way) => Some(under_way),
        None => app.store.releases(scope, 1)?.pop(),
    };
    let Some(newest) = newest else {
        let known: Vec<String> = app
            .store
            .scopes()?
            .iter()
            .map(|scope| format!("{}/{}", scope.app, scope.environment))
            .collect();
        let remedy = if known.is_empty() {
            "seaworthy up starts it".to_owned()
        } else {
            format!("known here: {}", known.join(", "))
        };
        let cause = format!("{} was never released in {} here", scope.app, scope.environment);
        return Err(Refused::unknown("unknown_app", cause, remedy));
    };
    let stable = planning::stable(app, scope)?;
    let sides = app.platform.observe(Some(scope)).await;
    let weights = app.platform.weights(scope);
    let (edge, targets) = (app.edge.seen().await, app.edge.targets().await);
    let snapshot = stable.as_ref().map(|(_, snapshot)| snapshot);
    let observed_ms = clock::timestamp().0;
    let waits_for = history::waits_for(app, &newest, observed_ms)?;
    Ok(api::AppStatus {
        version: api::VERSION,
        app: scope.app.clone(),
        environment: scope.environment.clone(),
        observed_ms,
        release: Some(api::ReleaseStatus {
            id: newest.id.0,
            phase: newest.phase,
            outcome: newest.outcome,
            waits_for,
        }),
        revision: snapshot.map(|snapshot| snapshot.revision().0),
        services: services(snapshot, &sides, &weights, &targets),
        urls: urls(snapshot, &edge, scope),
        edge: told_edge(&edge),
    })
}

/// The edge in the API's words.
fn told_edge(edge: &EdgeSeen) -> api::EdgeStatus {
    api::EdgeStatus {
        state: if edge.pid.is_some() { "serving" } else { "down" }.to_owned(),
        pid: edge.pid,
        version: edge.version,
        listeners: edge.listeners.iter().map(ToString::to_string).collect(),
    }
}

fn services(
    snapshot: Option<&Snapshot>,
    sides: &[SideObserved],
    weights: &[SideWeight],
    targets: &[TargetReport],
) -> Vec<api::ServiceStatus> {
    let mut names: std::collections::BTreeSet<&str> = sides.iter().map(|side| side.side.service.as_str()).collect();
    if let Some(snapshot) = snapshot {
        names.extend(snapshot.services.keys().map(String::as_str));
        names.extend(snapshot.external.keys().map(String::as_str));
    }
    names
        .into_iter()
        .map(|name| {
            let mine: Vec<&SideObserved> = sides.iter().filter(|side| side.side.service == name).collect();
            let wanted = snapshot.and_then(|snapshot| snapshot.services.get(name));
            let external = snapshot.is_some_and(|snapshot| snapshot.external.contains_key(name));
            let ready: u32 = mine.iter().map(|side| side.ready()).sum();
            let replicas = wanted.map_or(0, |service| service.replicas);
            api::ServiceStatus {
                name: name.to_owned(),
                state: service_state(external, wanted.is_some_and(|service| service.listens), ready, replicas)
                    .to_owned(),
                replicas,
                instances: mine
                    .iter()
                    .flat_map(|side| side.instances.iter().map(|instance| told(instance, side.at.0, targets)))
                    .collect(),
                weights: shares(&mine, weights),
            }
        })
        .collect()
}

fn service_state(external: bool, listens: bool, ready: u32, replicas: u32) -> &'static str {
    match (external, ready, replicas) {
        (true, _, _) => "external",
        (_, 0, 0) => "stopped",
        (_, 0, _) => "down",
        (_, ready, replicas) if ready < replicas => "degraded",
        _ if listens => "serving",
        _ => "running",
    }
}

/// Percent of a service's traffic by the release that brought each side.
fn shares(sides: &[&SideObserved], weights: &[SideWeight]) -> BTreeMap<String, u32> {
    let weight = |side: &SideObserved| {
        weights
            .iter()
            .find(|weight| weight.side == side.side)
            .map_or(0, |weight| weight.weight)
    };
    let whole: u32 = sides.iter().map(|side| weight(side)).sum();
    let mut shares = BTreeMap::new();
    for side in sides {
        if let Some(instance) = side.instances.first()
            && whole > 0
        {
            *shares.entry(instance.release.0.clone()).or_insert(0) += weight(side) * 100 / whole;
        }
    }
    shares
}

fn told(instance: &InstanceObserved, observed_ms: u64, targets: &[TargetReport]) -> api::InstanceStatus {
    let ejected = targets
        .iter()
        .find(|target| target.id == instance.id.0 && !target.routable)
        .and_then(|target| target.reason.as_ref())
        .map(|reason| format!("the edge sends it nothing: {reason}"));
    api::InstanceStatus {
        id: instance.id.0.clone(),
        release: instance.release.0.clone(),
        state: word(instance.state),
        pid: instance.pid.filter(|_| instance.state != InstanceState::Stopped),
        port: instance.port,
        started_ms: instance.started.map(|started| started.0),
        restarts: instance.restarts,
        trouble: instance
            .trouble
            .as_ref()
            .map(|trouble| trouble.cause.clone())
            .or(ejected),
        observed_ms,
    }
}

fn urls(snapshot: Option<&Snapshot>, edge: &EdgeSeen, scope: &Scope) -> Vec<String> {
    let (Some(snapshot), Some(address)) = (snapshot, edge.listening.get(scope)) else {
        return Vec::new();
    };
    let host = if address.ip().is_unspecified() {
        "localhost".to_owned()
    } else {
        address.ip().to_string()
    };
    let mut urls: Vec<String> = snapshot
        .routes
        .iter()
        .flat_map(|route| {
            let hosts = if route.hosts.is_empty() {
                vec![host.clone()]
            } else {
                route.hosts.clone()
            };
            let port = if address.port() == 80 {
                String::new()
            } else {
                format!(":{}", address.port())
            };
            hosts
                .into_iter()
                .map(move |host| format!("http://{host}{port}{}", route.path))
                .collect::<Vec<_>>()
        })
        .collect();
    urls.sort_by_key(String::len);
    urls
}
