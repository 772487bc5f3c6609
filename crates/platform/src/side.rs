//! What a side is made of: everything a platform needs in order to start one more instance of it.

use std::collections::BTreeMap;

use seaworthy_spec::units::{Cores, Range, Size, Span};
use seaworthy_spec::{CommandLine, Health};
use serde::{Deserialize, Serialize};

use crate::{ArtifactId, ReleaseId, SideId};

/// Everything a platform needs to start instances of a side. Holds no secret value, so it can be stored and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideSpec {
    /// Which side.
    pub id: SideId,
    /// The release that brought this side; given to instances as `$SEAWORTHY_RELEASE`.
    pub release: ReleaseId,
    /// What is run.
    pub artifact: ArtifactId,
    /// How it is run.
    pub command: CommandLine,
    /// Its environment, without `$PORT` and the `$SEAWORTHY_…` variables that the platform adds.
    pub env: BTreeMap<String, EnvValue>,
    /// Whether it takes requests. A worker does not: it is ready when it has stayed up for a second.
    pub listens: bool,
    /// The container's port, where the platform has containers.
    pub port: Option<u16>,
    /// Its probes.
    pub health: Health,
    /// How long existing requests may take to finish when an instance leaves.
    pub drain: Span,
    /// How long after SIGTERM comes SIGKILL.
    pub stop: Span,
    /// Processor time, request..limit.
    pub cpu: Option<Range<Cores>>,
    /// Memory, request..limit.
    pub memory: Option<Range<Size>>,
}

/// One environment variable of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvValue {
    /// Its value.
    Plain(String),
    /// A secret, fetched by the platform at the last moment.
    Secret {
        /// Its name in the secret store.
        name: String,
        /// Its version.
        version: u32,
    },
}

/// How much of a service's traffic a side gets. Weights of the sides of a service are relative to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideWeight {
    /// The side.
    pub side: SideId,
    /// Its weight; 0 keeps the side known but without traffic.
    pub weight: u32,
}

/// What the edge should do for one application: which paths, and how each service's traffic is shared between sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Routing {
    /// Listening addresses asked for, as written (`":80"`).
    pub http: Option<String>,
    /// The routes.
    pub routes: Vec<RouteSpec>,
    /// Each service's sides with their weights.
    pub weights: Vec<SideWeight>,
    /// Services that run elsewhere, with their addresses and probes.
    pub external: BTreeMap<String, External>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSpec {
    /// Its name in the file.
    pub name: String,
    /// Host names; empty: any.
    pub hosts: Vec<String>,
    /// Path prefix on a segment boundary.
    pub path: String,
    /// The service.
    pub service: String,
}

/// A service that runs elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// Its addresses, `http://127.0.0.1:9000`.
    pub addresses: Vec<String>,
    /// Its probes.
    pub health: Health,
}
