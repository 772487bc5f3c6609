//! One revision of an application, complete: all that is needed to run it again later.

use std::collections::BTreeMap;

use seaworthy_platform::{
    ArtifactId, BuildRequest, EnvValue, External, ReleaseId, Revision, RouteSpec, Scope, ServiceRevision, SideId,
    SideSpec,
};
use seaworthy_spec::units::{Cores, Range, Size, Span};
use seaworthy_spec::{CommandLine, Health, OldCode};
use serde::{Deserialize, Serialize};

use crate::digest;

/// One revision of an application. Holds no secret value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Version of this stored format; this code writes 1.
    pub format: u32,
    /// Whose.
    pub scope: Scope,
    /// Its services.
    pub services: BTreeMap<String, ServiceSnapshot>,
    /// Services that run elsewhere.
    pub external: BTreeMap<String, External>,
    /// The routes.
    pub routes: Vec<RouteSpec>,
    /// The listening address asked for.
    pub http: Option<String>,
}

/// One service of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSnapshot {
    /// The digest of everything that its build depends on.
    pub input: String,
    /// How its artifact is made.
    pub build: BuildRequest,
    /// Its artifact, known once it was built.
    pub artifact: Option<ArtifactId>,
    /// The release that brought this side, known once that has begun.
    pub brought_by: Option<ReleaseId>,
    /// What must be ready before it.
    pub needs: Vec<String>,
    /// How many instances.
    pub replicas: u32,
    /// How an instance is run.
    pub command: CommandLine,
    /// Its environment.
    pub env: BTreeMap<String, EnvValue>,
    /// Whether it takes requests.
    pub listens: bool,
    /// Its port in a container.
    pub port: Option<u16>,
    /// Its probes.
    pub health: Health,
    /// How long existing requests may take to finish.
    pub drain: Span,
    /// How long after SIGTERM comes SIGKILL.
    pub stop: Span,
    /// Processor time.
    pub cpu: Option<Range<Cores>>,
    /// Memory.
    pub memory: Option<Range<Size>>,
    /// `false`: never two instances at once.
    pub overlap: bool,
    /// Its schema migration.
    pub migrate: Option<Migration>,
}

/// A schema migration of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// What is run, in the new artifact with the new environment.
    pub run: CommandLine,
    /// Whether the old code works with the new schema.
    pub old_code: OldCode,
}

/// What decides the behaviour of one instance, its beginning and end included. How many there are does not.
#[derive(Serialize)]
struct Behaviour<'a> {
    input: &'a str,
    command: &'a CommandLine,
    env: &'a BTreeMap<String, EnvValue>,
    listens: bool,
    port: Option<u16>,
    health: &'a Health,
    drain: Span,
    stop: Span,
    migrate: &'a Option<Migration>,
    cpu: &'a Option<Range<Cores>>,
    memory: &'a Option<Range<Size>>,
}

/// What decides the behaviour of an application.
#[derive(Serialize)]
struct Whole<'a> {
    services: BTreeMap<&'a str, (String, u32)>,
    external: &'a BTreeMap<String, External>,
    routes: &'a [RouteSpec],
    http: &'a Option<String>,
}

impl ServiceSnapshot {
    /// The digest of everything that decides one instance's behaviour, 12 hex characters.
    pub fn revision(&self) -> ServiceRevision {
        let behaviour = Behaviour {
            input: &self.input,
            command: &self.command,
            env: &self.env,
            listens: self.listens,
            port: self.port,
            health: &self.health,
            drain: self.drain,
            stop: self.stop,
            migrate: &self.migrate,
            cpu: &self.cpu,
            memory: &self.memory,
        };
        ServiceRevision(digest(&behaviour).chars().take(12).collect())
    }

    /// The side that this service is in this revision.
    pub fn side_id(&self, scope: &Scope, service: &str) -> SideId {
        SideId {
            scope: scope.clone(),
            service: service.to_owned(),
            revision: self.revision(),
        }
    }

    /// What a platform needs to start instances of it from `artifact`.
    pub fn side_spec(&self, scope: &Scope, service: &str, release: &ReleaseId, artifact: &ArtifactId) -> SideSpec {
        SideSpec {
            id: self.side_id(scope, service),
            release: release.clone(),
            artifact: artifact.clone(),
            command: self.command.clone(),
            env: self.env.clone(),
            listens: self.listens,
            port: self.port,
            health: self.health.clone(),
            drain: self.drain,
            stop: self.stop,
            cpu: self.cpu,
            memory: self.memory,
        }
    }
}

impl Snapshot {
    /// The digest of everything that decides the application's behaviour, 12 hex characters.
    pub fn revision(&self) -> Revision {
        let whole = Whole {
            services: self
                .services
                .iter()
                .map(|(name, service)| (name.as_str(), (service.revision().0, service.replicas)))
                .collect(),
            external: &self.external,
            routes: &self.routes,
            http: &self.http,
        };
        Revision(digest(&whole).chars().take(12).collect())
    }

    /// Whether both run the same sides behind the same routes, in whatever numbers.
    pub fn behaves_like(&self, other: &Self) -> bool {
        let sides = |snapshot: &Self| -> Vec<SideId> {
            snapshot
                .services
                .keys()
                .filter_map(|name| snapshot.side_id(name))
                .collect()
        };
        sides(self) == sides(other)
            && (&self.routes, &self.http, &self.external) == (&other.routes, &other.http, &other.external)
    }

    /// The side of one of its services.
    pub fn side_id(&self, service: &str) -> Option<SideId> {
        self.services
            .get(service)
            .map(|found| found.side_id(&self.scope, service))
    }

    /// The artifacts it needs, those already known.
    pub fn artifacts(&self) -> impl Iterator<Item = &ArtifactId> {
        self.services.values().filter_map(|service| service.artifact.as_ref())
    }

    /// The same revision with the newest version of every secret: an old password must not come back with old code.
    pub fn with_newest_secrets(mut self, newest: impl Fn(&str) -> Option<u32>) -> Self {
        for service in self.services.values_mut() {
            for value in service.env.values_mut() {
                if let EnvValue::Secret { name, version } = value
                    && let Some(now) = newest(name)
                {
                    *version = now;
                }
            }
        }
        self
    }
}
