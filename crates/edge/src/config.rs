//! A whole, versioned configuration. The edge takes it as one or refuses it as one.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Everything the edge does. Stored with its format version, so that the next release's edge can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Version of this format; this code writes 1.
    pub format: u32,
    /// Grows with every configuration; one with a lower version than the live one is refused.
    pub version: u64,
    /// Where it listens.
    pub listeners: Vec<Listener>,
    /// Which requests go where.
    pub routes: Vec<Route>,
    /// Where requests can go, by id (`organisation/app/environment/service`).
    pub upstreams: BTreeMap<String, Upstream>,
}

/// A listening address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Listener {
    /// The address.
    pub address: SocketAddr,
}

/// Which requests go to an upstream: host, then the longest path prefix on a segment boundary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The label of this route in metrics (`app/environment/route`).
    pub id: String,
    /// The listeners it is served on; empty: all.
    pub listeners: Vec<SocketAddr>,
    /// Lower-case host names; empty: any host. `*.example.com` matches one label.
    pub hosts: Vec<String>,
    /// Path prefix on a segment boundary, `/` or `/api`.
    pub path: String,
    /// The upstream's id.
    pub upstream: String,
}

/// A service as the edge sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its sides with their weights. Several sides exist during a release.
    pub sides: Vec<Side>,
    /// How targets are probed.
    pub probe: Probe,
    /// Time to open a connection to a target, milliseconds.
    pub connect_timeout_ms: u64,
    /// Time from the end of a request until the first byte of its answer, milliseconds.
    pub answer_timeout_ms: u64,
    /// Longest time a request waits while no target is ready, milliseconds.
    pub hold_ms: u64,
    /// Most requests waiting at once; further ones get 503 at once.
    pub hold_max: u32,
    /// Whether a browser keeps the side it was given.
    #[serde(default)]
    pub affinity: Affinity,
    /// Whether a side is tried with copies of requests, for whose answers nobody waits.
    #[serde(default)]
    pub shadow: Option<Shadow>,
}

/// Copies of requests without a body go to a side, and its answers are thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shadow {
    /// The side, which may have no weight.
    pub release: String,
    /// How many of a hundred GET and HEAD requests that go to another side.
    pub percent: u32,
}

/// Who keeps the side that it was given while an upstream has several with a weight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affinity {
    /// Nobody: each request is drawn by weight.
    None,
    /// A browser, by a cookie that it is given with its first HTML answer.
    #[default]
    Client,
}

/// All targets of one revision of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// The label of this side in metrics: the release that brought it.
    pub release: String,
    /// Relative weight; 0 gets nothing.
    pub weight: u32,
    /// Where its instances are.
    pub targets: Vec<Target>,
}

/// One instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The instance's id.
    pub id: String,
    /// Which life of its process: a restart counts one up, and what was known of the previous life is forgotten.
    pub life: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// `true`: its probes passed in this life before it was put here. `false`: the edge's own probes must pass first.
    pub verified: bool,
    /// `true`: it finishes what it has and gets nothing new.
    pub draining: bool,
    /// Once draining: over how long its WebSockets are closed, milliseconds; 0: at once.
    #[serde(default)]
    pub drain_ms: u64,
}

/// How a target is probed. Mirrors `health` of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Path of a GET that must answer 2xx or 3xx; none: a connection is enough.
    pub path: Option<String>,
    /// The Host header of the probe.
    pub host: Option<String>,
    /// Between two probes, milliseconds.
    pub interval_ms: u64,
    /// For one probe, milliseconds.
    pub timeout_ms: u64,
    /// Consecutive good probes until an ejected target returns.
    pub passes: u32,
    /// Consecutive bad probes until it is ejected.
    pub fails: u32,
}
