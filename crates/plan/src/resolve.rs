//! Spec plus what was detected: the revision that is wanted, complete.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use seaworthy_platform::{BuildRequest, EnvValue, External, RouteSpec, Scope};
use seaworthy_spec::{CommandLine, EnvSource, Service, Spec};
use serde::{Deserialize, Serialize};

use crate::detect::{Detected, Stack};
use crate::{Migration, ServiceSnapshot, Snapshot};

/// What is known about the services' sources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What was detected in it.
    pub detected: Detected,
    /// The digest of its content together with how it is built.
    pub input: String,
}

/// Something that the file does not say and that could not be found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{key}: {cause}")]
pub struct Unresolved {
    /// The key of the file that would say it.
    pub key: String,
    /// What is missing.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

/// How a service is built: what the file says, else what was detected.
pub fn build_request(scope: &Scope, root: &Path, name: &str, service: &Service, detected: &Detected) -> BuildRequest {
    let written = service
        .build
        .as_ref()
        .map(|command| (!command.trim().is_empty()).then(|| command.clone()));
    BuildRequest {
        scope: scope.clone(),
        service: name.to_owned(),
        source: source_dir(root, service),
        command: written.unwrap_or_else(|| detected.build.clone()),
        stack: detected.stack.as_str().to_owned(),
    }
}

/// The directory of a service's source.
pub fn source_dir(root: &Path, service: &Service) -> PathBuf {
    let relative = service.source.as_deref().unwrap_or(".");
    if relative == "." {
        root.to_owned()
    } else {
        root.join(relative)
    }
}

/// Whether a service takes requests.
///
/// It does when the file says so in any way: a port, a readiness path, a route to it, somebody who needs it. A lone service
/// about which the file says nothing does when its source looks like a server.
pub fn listens(spec: &Spec, name: &str, service: &Service, detected: &Detected) -> bool {
    let routed = spec.routes.values().any(|route| route.to == name);
    let needed = spec
        .services
        .values()
        .any(|other| other.needs.iter().any(|need| need == name));
    let said = service.port.is_some() || service.health.ready.is_some() || routed || needed;
    said || (spec.routes.is_empty() && servers(spec) == 1 && detected.listens)
}

/// How many services could take requests: jobs and services that run elsewhere cannot be the lone one.
fn servers(spec: &Spec) -> usize {
    spec.services
        .values()
        .filter(|service| service.schedule.is_none() && service.external.is_empty())
        .count()
}

/// Completes the spec into a revision. `newest` gives the newest version of a secret.
///
/// # Errors
/// Everything that is missing, at once.
pub fn resolve(
    spec: &Spec,
    scope: &Scope,
    root: &Path,
    sources: &BTreeMap<String, Source>,
    newest: &dyn Fn(&str) -> Option<u32>,
) -> Result<Snapshot, Vec<Unresolved>> {
    let mut missing = Vec::new();
    let mut services = BTreeMap::new();
    let mut external = BTreeMap::new();
    for (name, service) in &spec.services {
        if !service.external.is_empty() {
            external.insert(
                name.clone(),
                External {
                    addresses: service.external.clone(),
                    health: service.health.clone(),
                },
            );
            continue;
        }
        let Some(source) = sources.get(name) else { continue };
        match resolve_service(spec, scope, root, (name, service), source, newest) {
            Ok(resolved) => {
                services.insert(name.clone(), resolved);
            }
            Err(unresolved) => missing.extend(unresolved),
        }
    }
    let routes = routes(spec, &services);
    let served: BTreeSet<&str> = routes.iter().map(|route| route.service.as_str()).collect();
    for name in served {
        if services.get(name).is_some_and(|service| !service.listens) {
            missing.push(Unresolved {
                key: format!("services.{name}.port"),
                cause: "a route leads to it and it takes no requests".to_owned(),
                remedy: "give it a port, or route elsewhere".to_owned(),
            });
        }
    }
    if missing.is_empty() {
        Ok(Snapshot {
            format: 1,
            scope: scope.clone(),
            services,
            external,
            routes,
            http: spec.edge.http.clone(),
        })
    } else {
        Err(missing)
    }
}

fn resolve_service(
    spec: &Spec,
    scope: &Scope,
    root: &Path,
    (name, service): (&str, &Service),
    source: &Source,
    newest: &dyn Fn(&str) -> Option<u32>,
) -> Result<ServiceSnapshot, Vec<Unresolved>> {
    let Source { detected, input } = source;
    let mut missing = Vec::new();
    let command = service.command.clone().or_else(|| detected.command.clone());
    if command.is_none() {
        let (cause, remedy) = match &detected.missing {
            Some(why) => (why.to_string(), why.remedy.clone()),
            None => (
                "no command is known".to_owned(),
                format!("say how it starts: services.{name}.command = [\"…\"]"),
            ),
        };
        missing.push(Unresolved {
            key: format!("services.{name}.command"),
            cause,
            remedy,
        });
    }
    let env = environment(name, service, newest, &mut missing);
    let listens = listens(spec, name, service, detected);
    let mut health = service.health.clone();
    if listens && health.ready.is_none() {
        health.ready.clone_from(&detected.health_path);
    }
    match command {
        Some(command) if missing.is_empty() => Ok(ServiceSnapshot {
            input: input.clone(),
            build: build_request(scope, root, name, service, detected),
            artifact: None,
            brought_by: None,
            needs: service.needs.clone(),
            replicas: service.replicas.low,
            command,
            env,
            listens,
            port: service.port.or(detected.port),
            health,
            drain: service.drain,
            stop: service.stop,
            cpu: service.cpu,
            memory: service.memory,
            overlap: service.overlap,
            migrate: service.migrate.as_ref().map(|migrate| Migration {
                run: migrate.run.clone(),
                old_code: migrate.old_code,
            }),
        }),
        _ => Err(missing),
    }
}

fn environment(
    name: &str,
    service: &Service,
    newest: &dyn Fn(&str) -> Option<u32>,
    missing: &mut Vec<Unresolved>,
) -> BTreeMap<String, EnvValue> {
    let mut env = BTreeMap::new();
    for (variable, declared) in &service.env {
        let key = format!("services.{name}.env.{variable}");
        let mut unresolved = |cause: String, remedy: String| {
            missing.push(Unresolved {
                key: key.clone(),
                cause,
                remedy,
            })
        };
        match &declared.source {
            EnvSource::Value(value) => {
                env.insert(variable.clone(), EnvValue::Plain(value.clone()));
            }
            EnvSource::Secret(secret) => match newest(secret) {
                Some(version) => {
                    env.insert(
                        variable.clone(),
                        EnvValue::Secret {
                            name: secret.clone(),
                            version,
                        },
                    );
                }
                None => unresolved(
                    format!("the secret \"{secret}\" is not in the store"),
                    format!("seaworthy secret set {secret}, or seaworthy secret generate {secret}"),
                ),
            },
            EnvSource::From(other) => unresolved(
                format!("{{ from = \"{other}\" }} is not available yet"),
                "write the value, for example a route's address".to_owned(),
            ),
            EnvSource::Missing => {
                unresolved(
                    "it has constraints and no value".to_owned(),
                    "give it a value here or in the environment".to_owned(),
                );
            }
        }
    }
    env
}

/// The routes of the file; a lone service that takes requests receives `/` without one.
fn routes(spec: &Spec, services: &BTreeMap<String, ServiceSnapshot>) -> Vec<RouteSpec> {
    let hosts = |own: &[String]| {
        if own.is_empty() {
            spec.edge.hosts.clone()
        } else {
            own.to_vec()
        }
    };
    if !spec.routes.is_empty() {
        return spec
            .routes
            .iter()
            .map(|(name, route)| RouteSpec {
                name: name.clone(),
                hosts: hosts(&route.hosts),
                path: route.path.clone(),
                service: route.to.clone(),
            })
            .collect();
    }
    let mut servers = services.iter().filter(|(_, service)| service.listens);
    match (servers.next(), servers.next()) {
        (Some((name, _)), None) => {
            vec![RouteSpec {
                name: name.clone(),
                hosts: hosts(&[]),
                path: "/".to_owned(),
                service: name.clone(),
            }]
        }
        _ => Vec::new(),
    }
}

/// What was detected, told with its evidence: `web: node, because of package.json`.
pub fn tell_detected(service: &Service, name: &str, detected: &Detected) -> Vec<String> {
    if service.command.is_some() && (service.build.is_some() || detected.stack == Stack::None) {
        return Vec::new();
    }
    let mut lines = vec![format!("{name}: {}", detected.stack)];
    lines.extend(
        detected
            .because
            .iter()
            .map(|because| format!("{name}: {} ({})", because.what, because.file)),
    );
    if service.command.is_none()
        && let Some(command) = &detected.command
    {
        let shown = match command {
            CommandLine::Exec(words) => words.join(" "),
            CommandLine::Shell(line) => line.clone(),
        };
        lines.push(format!("{name}: starts with `{shown}`"));
    }
    lines
}
