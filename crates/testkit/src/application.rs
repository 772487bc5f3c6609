//! Builds revisions for tests in a line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use seaworthy_plan::{
    Gate, Judging, Kind, Migration, Plan, Refusal, Request, ServiceSnapshot, Settings, Snapshot, plan,
};
use seaworthy_platform::{ArtifactId, BuildRequest, ReleaseId, RouteSpec, Scope, SideId};
use seaworthy_spec::units::{Bound, Comparison, Expression, Metric, Span};
use seaworthy_spec::{CommandLine, Health, NoData, OldCode, Step, Strategy};

/// A revision under construction.
#[derive(Debug, Clone)]
pub struct Application {
    snapshot: Snapshot,
}

/// Settings as the file's defaults give them: surge 1, nothing unavailable, a minute of bake, an hour in all.
pub fn settings() -> Settings {
    Settings {
        bake: Span::secs(60),
        downtime_allowed: false,
        ..Settings::known_good(Strategy::Rolling)
    }
}

/// Settings of a canary through 10, 50 and 100 %, a minute each, judged by `error_rate < 5%`.
pub fn canary() -> Settings {
    let step = |percent, seconds| Step {
        percent,
        hold: Span::secs(seconds),
    };
    let expression = Expression {
        metric: Metric::ErrorRate,
        comparison: Comparison::Below,
        bound: Bound::Percent(5.0),
    };
    let gate = Gate {
        name: "error_rate < 5%".to_owned(),
        expression,
        consecutive: 1,
        no_data: NoData::Wait,
    };
    Settings {
        strategy: Strategy::Canary,
        steps: vec![step(10, 60), step(50, 60), step(100, 0)],
        judging: Judging {
            gates: vec![gate],
            lenient: false,
            ..Judging::none()
        },
        ..settings()
    }
}

impl Default for Application {
    fn default() -> Self {
        Self::new()
    }
}

impl Application {
    /// An application `shop` in production without services.
    pub fn new() -> Self {
        let snapshot = Snapshot {
            format: 1,
            scope: Scope::new("shop", "production"),
            services: BTreeMap::new(),
            external: BTreeMap::new(),
            routes: Vec::new(),
            http: None,
        };
        Self { snapshot }
    }

    /// A service that takes requests, from a source of this version.
    #[must_use]
    pub fn service(mut self, name: &str, version: &str, replicas: u32) -> Self {
        self.snapshot
            .services
            .insert(name.to_owned(), service(&self.snapshot.scope, name, version, replicas));
        let path = if self.snapshot.routes.is_empty() {
            "/".to_owned()
        } else {
            format!("/{name}")
        };
        self.snapshot.routes.push(RouteSpec {
            name: name.to_owned(),
            hosts: Vec::new(),
            path,
            service: name.to_owned(),
        });
        self
    }

    /// A service that takes none.
    #[must_use]
    pub fn worker(mut self, name: &str, version: &str, replicas: u32) -> Self {
        let mut worker = service(&self.snapshot.scope, name, version, replicas);
        worker.listens = false;
        self.snapshot.services.insert(name.to_owned(), worker);
        self
    }

    /// The service `name` needs the service `other`.
    #[must_use]
    pub fn needs(mut self, name: &str, other: &str) -> Self {
        self.edit(name, |service| service.needs.push(other.to_owned()));
        self
    }

    /// Never two instances of `name` at once.
    #[must_use]
    pub fn singleton(mut self, name: &str) -> Self {
        self.edit(name, |service| service.overlap = false);
        self
    }

    /// `name` has a migration that old code survives.
    #[must_use]
    pub fn migrates(mut self, name: &str) -> Self {
        let migration = Migration {
            run: CommandLine::Shell("migrate".to_owned()),
            old_code: OldCode::Works,
        };
        self.edit(name, |service| service.migrate = Some(migration));
        self
    }

    /// The revision.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The revision as it is stored after its release `r1`: built.
    pub fn released(&self) -> Snapshot {
        let mut snapshot = self.snapshot.clone();
        for service in snapshot.services.values_mut() {
            service.artifact = Some(ArtifactId(service.input.clone()));
            service.brought_by = Some(ReleaseId::from("r1"));
        }
        snapshot
    }

    /// The plan of the first release of this revision.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn first(&self, settings: Settings) -> Result<Plan, Refusal> {
        self.plan(Kind::Release, None, settings, &BTreeMap::new())
    }

    /// The plan from `before`, which runs as it should, to this revision.
    ///
    /// # Errors
    /// As [`plan`].
    pub fn after(&self, before: &Self, kind: Kind, settings: Settings) -> Result<Plan, Refusal> {
        let from = before.released();
        let running = from
            .services
            .iter()
            .map(|(name, service)| (service.side_id(&from.scope, name), service.replicas))
            .collect();
        self.plan(kind, Some(&from), settings, &running)
    }

    fn plan(
        &self,
        kind: Kind,
        from: Option<&Snapshot>,
        settings: Settings,
        running: &BTreeMap<SideId, u32>,
    ) -> Result<Plan, Refusal> {
        let restart: BTreeSet<String> = match kind {
            Kind::Restart => self.snapshot.services.keys().cloned().collect(),
            _ => BTreeSet::new(),
        };
        plan(&Request {
            kind,
            from,
            to: &self.snapshot,
            running,
            settings,
            restart: &restart,
        })
    }

    fn edit(&mut self, name: &str, edit: impl FnOnce(&mut ServiceSnapshot)) {
        if let Some(service) = self.snapshot.services.get_mut(name) {
            edit(service);
        }
    }
}

fn service(scope: &Scope, name: &str, version: &str, replicas: u32) -> ServiceSnapshot {
    let build = BuildRequest {
        scope: scope.clone(),
        service: name.to_owned(),
        source: PathBuf::from(format!("/src/{name}")),
        command: None,
        stack: "none".to_owned(),
    };
    let health = Health {
        live: None,
        ready: Some("/ready".to_owned()),
        interval: Span::secs(2),
        timeout: Span::secs(1),
        passes: 2,
        fails: 3,
        start: Span::secs(60),
    };
    ServiceSnapshot {
        input: format!("{name}-{version}"),
        build,
        artifact: None,
        brought_by: None,
        needs: Vec::new(),
        replicas,
        command: CommandLine::Exec(vec![name.to_owned()]),
        env: BTreeMap::new(),
        listens: true,
        port: None,
        health,
        drain: Span::secs(30),
        stop: Span::secs(10),
        cpu: None,
        memory: None,
        overlap: true,
        migrate: None,
    }
}
