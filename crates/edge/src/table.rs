//! A configuration made ready for the hot path: indices in place of names, routes sorted, states attached.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::attempt::Limits;
use crate::config::{Config, Probe};
use crate::metrics::Labels;
use crate::registry::Registry;
use crate::router::{Router, trimmed};
use crate::shadow::Shadowing;
use crate::steer::Steering;
use crate::target::{TargetState, UpstreamState};

/// One configuration, immutable, shared by all workers.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its version; 0 for the empty one.
    pub(crate) version: u64,
    /// Where it listens.
    pub(crate) listeners: Vec<SocketAddr>,
    /// Finds indices of [`Table::routes`].
    pub(crate) router: Router,
    /// The routes.
    pub(crate) routes: Vec<RouteEntry>,
    /// The upstreams.
    pub(crate) upstreams: Vec<UpstreamEntry>,
    /// All targets of all sides.
    pub(crate) targets: Vec<TargetEntry>,
    /// What is counted: index 0 for requests without a route, then for each route its own answers and its sides'.
    pub(crate) labels: Vec<Labels>,
    /// What is counted of shadow requests. Their indices go on where those of [`Table::labels`] end.
    pub(crate) shadows: Vec<Labels>,
}

/// A route.
#[derive(Debug)]
pub(crate) struct RouteEntry {
    /// Index of its upstream.
    pub(crate) upstream: usize,
    /// Index in [`Table::labels`] of its own answers; that of its upstream's side `n` is `n + 1` further.
    pub(crate) labels: usize,
    /// What gives a browser a side, by side; empty while no side is given.
    pub(crate) cookies: Vec<HeaderValue>,
    /// The side that is tried with copies.
    pub(crate) shadow: Option<Shadowing>,
}

/// An upstream.
#[derive(Debug)]
pub(crate) struct UpstreamEntry {
    /// Its id.
    pub(crate) id: Arc<str>,
    /// What outlives this configuration.
    pub(crate) state: Arc<UpstreamState>,
    /// Its sides.
    pub(crate) sides: Vec<SideEntry>,
    /// Which of them a request may ask for; `None` where there is no choice.
    pub(crate) steering: Option<Steering>,
    /// How its targets are probed.
    pub(crate) probe: Probe,
    /// Times of each attempt.
    pub(crate) limits: Limits,
    /// Longest wait for a target.
    pub(crate) hold: Duration,
    /// Most requests waiting at once.
    pub(crate) hold_max: u32,
}

/// A side.
#[derive(Debug)]
pub(crate) struct SideEntry {
    /// The release that brought it.
    pub(crate) release: Arc<str>,
    /// Relative weight.
    pub(crate) weight: u32,
    /// Indices in [`Table::targets`].
    pub(crate) targets: Vec<usize>,
}

/// A target as this configuration has it.
#[derive(Debug)]
pub(crate) struct TargetEntry {
    /// What outlives this configuration.
    pub(crate) state: Arc<TargetState>,
    /// Whether it gets nothing new.
    pub(crate) draining: bool,
    /// Over how long its WebSockets are closed once it is draining.
    pub(crate) drain: Duration,
    /// Whether somebody vouches for it.
    pub(crate) verified: bool,
}

impl Table {
    /// The table of an edge that has no configuration: it answers 404 to everything.
    pub(crate) fn empty() -> Self {
        Self {
            version: 0,
            listeners: Vec::new(),
            router: Router::default(),
            routes: Vec::new(),
            upstreams: Vec::new(),
            targets: Vec::new(),
            labels: vec![(Arc::from(""), Arc::from(""))],
            shadows: Vec::new(),
        }
    }

    /// Prepares `config`, which has no [`crate::validate::faults`], with the states that `registry` knows.
    pub(crate) fn new(config: &Config, registry: &mut Registry) -> Self {
        let mut table = Self::empty();
        table.version = config.version;
        table.listeners = config.listeners.iter().map(|listener| listener.address).collect();
        table.router = Router::new(&table.listeners, &config.routes);
        let mut index = std::collections::HashMap::new();
        for (id, upstream) in &config.upstreams {
            index.insert(id.as_str(), table.upstreams.len());
            let id: Arc<str> = id.as_str().into();
            let mut sides = Vec::with_capacity(upstream.sides.len());
            for side in &upstream.sides {
                let release: Arc<str> = side.release.as_str().into();
                let first = table.targets.len();
                table.targets.extend(side.targets.iter().map(|target| TargetEntry {
                    state: registry.target(&id, &release, target, &upstream.probe),
                    draining: target.draining,
                    drain: Duration::from_millis(target.drain_ms),
                    verified: target.verified,
                }));
                let targets = (first..table.targets.len()).collect();
                sides.push(SideEntry {
                    release,
                    weight: side.weight,
                    targets,
                });
            }
            table.upstreams.push(UpstreamEntry {
                state: registry.upstream(&id),
                steering: Steering::new(&id, upstream),
                id,
                sides,
                probe: upstream.probe.clone(),
                limits: Limits {
                    connect: Duration::from_millis(upstream.connect_timeout_ms),
                    answer: Duration::from_millis(upstream.answer_timeout_ms),
                },
                hold: Duration::from_millis(upstream.hold_ms),
                hold_max: upstream.hold_max,
            });
        }
        for route in &config.routes {
            // Validation has seen to it that every route has its upstream.
            let Some(&upstream) = index.get(route.upstream.as_str()) else {
                continue;
            };
            let id: Arc<str> = route.id.as_str().into();
            let steering = table.upstreams[upstream].steering.as_ref();
            table.routes.push(RouteEntry {
                upstream,
                labels: table.labels.len(),
                cookies: steering.map_or_else(Vec::new, |steering| steering.cookies(trimmed(&route.path))),
                shadow: None,
            });
            table.labels.push((Arc::clone(&id), Arc::from("")));
            let sides = table.upstreams[upstream].sides.iter();
            table
                .labels
                .extend(sides.map(|side| (Arc::clone(&id), Arc::clone(&side.release))));
        }
        table.shadow(config);
        table
    }

    /// Prepares what is tried with copies, when all other labels are known.
    fn shadow(&mut self, config: &Config) {
        for (entry, route) in self.routes.iter_mut().zip(&config.routes) {
            let shadow = config
                .upstreams
                .get(&route.upstream)
                .and_then(|upstream| upstream.shadow.as_ref());
            let Some(shadow) = shadow.filter(|shadow| shadow.percent > 0) else {
                continue;
            };
            let sides = &self.upstreams[entry.upstream].sides;
            // Validation has seen to it that there is such a side.
            let Some(side) = sides.iter().position(|side| *side.release == *shadow.release) else {
                continue;
            };
            entry.shadow = Some(Shadowing {
                side,
                percent: u64::from(shadow.percent),
                series: self.labels.len() + self.shadows.len(),
            });
            self.shadows
                .push((Arc::from(route.id.as_str()), Arc::clone(&sides[side].release)));
        }
    }

    /// The targets of an upstream with the release of their side.
    pub(crate) fn targets_of<'a>(
        &'a self,
        upstream: &'a UpstreamEntry,
    ) -> impl Iterator<Item = (&'a Arc<str>, &'a TargetEntry)> {
        let sides = upstream.sides.iter();
        sides.flat_map(move |side| {
            side.targets
                .iter()
                .map(move |target| (&side.release, &self.targets[*target]))
        })
    }
}
