//! What the file asks for and this version does not act on yet, and what it cannot guarantee.
//!
//! Every structure of the model is taken apart here without `..`, so that a key added to the language does not compile until it is
//! sorted into one of the two.

use seaworthy_spec::{
    Alerts, Edge, EnvVar, Environment, Health, Migrate, Platform, Release, Route, Service, Spec, Strategy, Tls,
};
use serde::Serialize;

use crate::places::Places;

/// Something the file asks for that this version refuses to pretend to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NotAvailable {
    /// The key.
    pub key: String,
    /// Where it stands.
    pub place: Option<String>,
    /// What is not available, `rate limits`.
    pub what: String,
}

struct List<'a> {
    places: &'a dyn Places,
    found: Vec<NotAvailable>,
}

impl List<'_> {
    fn add(&mut self, asked: bool, key: &str, what: &str) {
        if asked {
            self.found.push(NotAvailable {
                key: key.to_owned(),
                place: self.places.place(key),
                what: what.to_owned(),
            });
        }
    }

    /// For a value that always has one: only somebody who wrote it asks for it.
    fn add_if_written(&mut self, key: &str, what: &str) {
        self.add(self.places.place(key).is_some(), key, what);
    }
}

/// Everything the file asks for that this version does not act on yet, in the order of the file's reference. `up` refuses it.
pub fn not_available(spec: &Spec, places: &dyn Places) -> Vec<NotAvailable> {
    let Spec {
        app: _,
        timezone,
        services,
        databases,
        volumes,
        edge,
        routes,
        release,
        alerts,
        notify,
        backups,
        environment,
    } = spec;
    let mut list = List {
        places,
        found: Vec::new(),
    };
    list.add(timezone != "UTC", "timezone", "schedules in a time zone");
    for (name, service) in services {
        of_service(name, service, &mut list);
    }
    for name in databases.keys() {
        list.add(true, &format!("databases.{name}"), "databases");
    }
    for name in volumes.keys() {
        list.add(true, &format!("volumes.{name}"), "volumes");
    }
    of_edge(edge, &mut list);
    for (name, route) in routes {
        of_route(name, route, &mut list);
    }
    of_release(release, &mut list);
    of_alerts(alerts, &mut list);
    for name in notify.keys() {
        list.add(true, &format!("notify.{name}"), "notifications");
    }
    list.add(backups.is_some(), "backups", "backups");
    of_environment(environment, &mut list);
    list.found
}

fn of_service(name: &str, service: &Service, list: &mut List<'_>) {
    let Service {
        source: _,
        image,
        external: _,
        build: _,
        command: _,
        port: _,
        needs: _,
        replicas,
        // Used for the fit check; that they are not enforced is said by `not_guaranteed`.
        cpu: _,
        memory: _,
        health,
        migrate,
        drain: _,
        stop: _,
        metrics,
        egress,
        autoscale,
        env,
        schedule,
        overlap: _,
    } = service;
    let key = |field: &str| format!("services.{name}.{field}");
    list.add(image.is_some(), &key("image"), "container images");
    list.add(
        replicas.low != replicas.high,
        &key("replicas"),
        "a range of replicas, which is autoscaling",
    );
    list.add(metrics.is_some(), &key("metrics"), "the application's own metrics");
    list.add(egress.is_some(), &key("egress"), "limits on what a service may reach");
    list.add(autoscale.is_some(), &key("autoscale"), "autoscaling");
    list.add(schedule.is_some(), &key("schedule"), "scheduled jobs");
    of_health(health);
    if let Some(migrate) = migrate {
        of_migrate(migrate);
    }
    env.values().for_each(of_variable);
}

/// All of it is acted on.
fn of_health(health: &Health) {
    let Health {
        live: _,
        ready: _,
        interval: _,
        timeout: _,
        passes: _,
        fails: _,
        start: _,
    } = health;
}

/// All of it is acted on.
fn of_migrate(migrate: &Migrate) {
    let Migrate { run: _, old_code: _ } = migrate;
}

/// All of it is acted on.
fn of_variable(variable: &EnvVar) {
    let EnvVar {
        source: _,
        one_of: _,
        matches: _,
        min_length: _,
        kind: _,
    } = variable;
}

fn of_edge(edge: &Edge, list: &mut List<'_>) {
    let Edge {
        hosts: _,
        http: _,
        https,
        tls,
        email,
        admin,
    } = edge;
    list.add(https.is_some(), "edge.https", "TLS");
    match tls {
        Tls::Off => {}
        // A default that nobody wrote asks for nothing; that there is no TLS is said by `not_guaranteed`.
        Tls::Acme => list.add_if_written("edge.tls", "TLS"),
        Tls::SelfSigned | Tls::Files { .. } => list.add(true, "edge.tls", "TLS"),
    }
    list.add(email.is_some(), "edge.email", "certificates from an ACME authority");
    list.add(!admin.is_empty(), "edge.admin", "Seaworthy's own pages from outside");
}

fn of_route(name: &str, route: &Route, list: &mut List<'_>) {
    let Route {
        hosts: _,
        path: _,
        to: _,
        cache,
        limit,
        burst,
        body,
        cors,
        tenant,
    } = route;
    let key = |field: &str| format!("routes.{name}.{field}");
    list.add(cache.is_some(), &key("cache"), "caching at the edge");
    list.add(limit.is_some(), &key("limit"), "rate limits");
    list.add(burst.is_some(), &key("burst"), "rate limits");
    list.add(body.is_some(), &key("body"), "limits on request bodies");
    list.add(cors.is_some(), &key("cors"), "cross-origin rules");
    list.add(tenant.is_some(), &key("tenant"), "tenants");
}

fn of_release(release: &Release, list: &mut List<'_>) {
    let Release {
        strategy: _,
        max_unavailable: _,
        max_surge: _,
        steps: _,
        before,
        gates,
        sample: _,
        window: _,
        tick: _,
        warm_up: _,
        no_data: _,
        bake: _,
        deadline: _,
        approve: _,
        downtime: _,
    } = release;
    list.add(!before.is_empty(), "release.before", "work before a release");
    let queried = gates.iter().flatten().any(|gate| gate.promql.is_some());
    list.add(queried, "release.gates", "gates on PromQL queries");
}

fn of_alerts(alerts: &Alerts, list: &mut List<'_>) {
    let Alerts { defaults, rules } = alerts;
    // `defaults = false` asks for nothing.
    list.add(*defaults == Some(true), "alerts.defaults", "alerts");
    list.add(!rules.is_empty(), "alerts.rules", "alerts");
}

fn of_environment(environment: &Environment, list: &mut List<'_>) {
    let Environment {
        name,
        host,
        platform,
        kubernetes,
        registry,
    } = environment;
    let key = |field: &str| format!("environments.{name}.{field}");
    list.add(host.is_some(), &key("host"), "another machine over ssh");
    match platform {
        Platform::Host => {}
        Platform::Docker => list.add(true, &key("platform"), "Docker"),
        Platform::Kubernetes => list.add(true, &key("platform"), "Kubernetes"),
    }
    list.add(kubernetes.is_some(), &key("kubernetes"), "Kubernetes");
    list.add(registry.is_some(), &key("registry"), "a container registry");
}

/// What this version cannot guarantee for this file on this machine, one sentence each. `plan` says it before anything happens.
pub fn not_guaranteed(spec: &Spec) -> Vec<String> {
    let mut said = Vec::new();
    let own: Vec<_> = spec
        .services
        .values()
        .filter(|service| service.external.is_empty())
        .collect();
    if own
        .iter()
        .any(|service| service.memory.is_some() || service.cpu.is_some())
    {
        said.push(
            "cpu and memory are used to check that a release fits; the limits are not enforced on running instances."
                .to_owned(),
        );
    }
    if !own.is_empty() {
        said.push(
            "Instances are separated by an unprivileged user (when the daemon runs as root), no new privileges and resource limits; \
             they share the file system, the network and the process table of this machine."
                .to_owned(),
        );
        said.push("Builds run as the daemon's own user, with its rights and its network.".to_owned());
        said.push("What a service may reach outside is not limited.".to_owned());
        if spec.release.gates.is_none() && spec.release.strategy == Strategy::Rolling {
            said.push(format!(
                "The default gate ({}) takes a rolling release back on errors; with fewer than {} requests it cannot pass and does not \
                 stand in the way either. Gates that the file names must pass.",
                Release::DEFAULT_GATE,
                spec.release.sample
            ));
        }
    }
    let called: std::collections::BTreeSet<&str> = spec
        .services
        .values()
        .flat_map(|service| &service.needs)
        .map(String::as_str)
        .filter(|need| spec.services.contains_key(*need))
        .collect();
    if !called.is_empty() {
        let names: Vec<String> = called
            .iter()
            .map(|name| format!("{}_URL", name.to_uppercase().replace('-', "_")))
            .collect();
        said.push(format!(
            "`needs` orders starts and waits for readiness; {} is not given to who needs it yet.",
            names.join(", ")
        ));
    }
    said.push("The edge speaks HTTP only: no TLS.".to_owned());
    if spec.services.values().any(|service| service.migrate.is_some()) {
        said.push("What a migration changed is not undone by a rollback.".to_owned());
    }
    said
}
