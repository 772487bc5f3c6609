//! The types of the file. Their documentation is the reference page.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::units::{Cores, Range, Size, Span};

/// The whole file, overlays merged and defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// The application's name: lower-case letters, digits and `-`, at most 40 characters.
    pub app: String,
    /// The time zone in which schedules are read (an IANA name).
    pub timezone: String,
    /// What runs.
    pub services: BTreeMap<String, Service>,
    /// What it remembers: databases and caches.
    pub databases: BTreeMap<String, Database>,
    /// Directories that outlive releases.
    pub volumes: BTreeMap<String, Volume>,
    /// How the world reaches it.
    pub edge: Edge,
    /// Which paths go to which service.
    pub routes: BTreeMap<String, Route>,
    /// How it changes.
    pub release: Release,
    /// How it is watched.
    pub alerts: Alerts,
    /// Who is told.
    pub notify: BTreeMap<String, Notify>,
    /// How it is recovered.
    pub backups: Option<Backups>,
    /// The environment this spec was merged for.
    pub environment: Environment,
}

/// A process (or several of the same kind) that the application is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The directory that holds the source, relative to the file.
    pub source: Option<String>,
    /// A container image instead of a source (Docker and Kubernetes).
    pub image: Option<String>,
    /// Addresses of a service that runs elsewhere: routed, probed and measured, not started or released.
    pub external: Vec<String>,
    /// The shell command that builds the source. Detected where absent; `""` builds nothing.
    pub build: Option<String>,
    /// The command of each instance. Detected where absent.
    pub command: Option<CommandLine>,
    /// The port the application listens on in a container; natively it must listen on `$PORT`.
    pub port: Option<u16>,
    /// Services and databases that must be ready first; injects `NAME_URL`.
    pub needs: Vec<String>,
    /// How many instances: a number, or a range that is autoscaled.
    pub replicas: Range<u32>,
    /// Processor time, request..limit.
    pub cpu: Option<Range<Cores>>,
    /// Memory, request..limit.
    pub memory: Option<Range<Size>>,
    /// How an instance shows that it is alive and ready.
    pub health: Health,
    /// A task that changes the database schema, run once in a release.
    pub migrate: Option<Migrate>,
    /// How long existing requests may take to finish when an instance leaves.
    pub drain: Span,
    /// How long an instance may take after SIGTERM before SIGKILL.
    pub stop: Span,
    /// The path of the application's own Prometheus metrics.
    pub metrics: Option<String>,
    /// What it may reach outside, `host:port`.
    pub egress: Option<Vec<String>>,
    /// How it follows its load, when `replicas` is a range.
    pub autoscale: Option<Autoscale>,
    /// Environment variables.
    pub env: BTreeMap<String, EnvVar>,
    /// A cron expression: this is a job, not a service.
    pub schedule: Option<String>,
    /// `false`: never two instances at once, so a release stops the old one first (a gap).
    pub overlap: bool,
}

/// A command: an array is executed as it is, a string is given to `sh -c`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandLine {
    /// Executed as it is.
    Exec(Vec<String>),
    /// Given to `/bin/sh -c`.
    Shell(String),
}

/// How an instance shows that it is alive and ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Path of the liveness probe: failing it restarts the instance. None: the process being there is enough.
    pub live: Option<String>,
    /// Path of the readiness probe. None: accepting a connection is enough.
    pub ready: Option<String>,
    /// Time between two probes.
    pub interval: Span,
    /// Time one probe may take.
    pub timeout: Span,
    /// Consecutive good probes before an instance gets traffic.
    pub passes: u32,
    /// Consecutive bad probes before it loses it.
    pub fails: u32,
    /// How long a new instance may take until it is ready.
    pub start: Span,
}

/// A schema migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrate {
    /// The command, in the new artifact with the new environment.
    pub run: CommandLine,
    /// Whether the old code works with the new schema.
    pub old_code: OldCode,
}

/// Whether old code works with the schema after a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OldCode {
    /// Expand/contract: both versions may run.
    Works,
    /// The old version must not run any more.
    Breaks,
}

/// Bounds and targets of autoscaling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autoscale {
    /// Target processor use, percent of the request.
    pub cpu: Option<u32>,
    /// Target memory use, percent of the request.
    pub memory: Option<u32>,
    /// Largest growth, `"50% / 30s"`.
    pub up: Option<String>,
    /// Largest shrinkage, `"10% / 60s"`.
    pub down: Option<String>,
}

/// One environment variable and what it must look like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvVar {
    /// Where the value comes from.
    pub source: EnvSource,
    /// The allowed values.
    pub one_of: Vec<String>,
    /// A regular expression the whole value must match.
    pub matches: Option<String>,
    /// The least number of characters.
    pub min_length: Option<u32>,
    /// What the value must be.
    pub kind: EnvKind,
}

/// Where a variable's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvSource {
    /// Written in the file.
    Value(String),
    /// In the secret store, by name.
    Secret(String),
    /// Another part of the file, for example `services.api.url`.
    From(String),
    /// Constraints without a value: an overlay must give one.
    Missing,
}

/// What a variable's value must be (`type = "integer"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvKind {
    /// Any text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An absolute URL.
    Url,
    /// A port, 1–65535.
    Port,
}

/// A database or cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Which engine.
    pub engine: Engine,
    /// Its version.
    pub version: Option<String>,
    /// Disk it may use.
    pub storage: Option<Size>,
    /// Memory it may use.
    pub memory: Option<Size>,
    /// Connections kept by the pooler.
    pub pool: Option<Range<u32>>,
    /// The longest time of one query.
    pub query_timeout: Option<Span>,
    /// What a full cache forgets.
    pub eviction: Option<String>,
    /// Where an external one is.
    pub url: Option<EnvSource>,
}

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// SQLite.
    Sqlite,
    /// One that runs elsewhere.
    External,
}

/// A directory that outlives releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Where each service sees it.
    pub mount: BTreeMap<String, String>,
}

/// How the world reaches the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// Host names. None: any host.
    pub hosts: Vec<String>,
    /// Listening address for HTTP, `":80"` or `"127.0.0.1:8080"`. None: `:80`, or `:8080` without the right to bind it.
    pub http: Option<String>,
    /// Listening address for HTTPS.
    pub https: Option<String>,
    /// Where certificates come from.
    pub tls: Tls,
    /// The ACME account's address.
    pub email: Option<String>,
    /// Who may reach Seaworthy's own pages from outside.
    pub admin: Vec<String>,
}

/// Where certificates come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tls {
    /// No TLS.
    Off,
    /// An ACME authority.
    Acme,
    /// A development authority of this installation.
    SelfSigned,
    /// Files of your own.
    Files {
        /// Path of the certificate chain.
        certificate: String,
        /// Name of the secret that holds the key.
        key: String,
    },
}

/// Which paths go to which service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Host names of this route; those of `edge` where empty.
    pub hosts: Vec<String>,
    /// The path prefix, on a segment boundary; the longest wins.
    pub path: String,
    /// The service.
    pub to: String,
    /// How long answers of a path may be kept.
    pub cache: Option<Cache>,
    /// Rate limit, `"100 / 15m per client"`.
    pub limit: Option<String>,
    /// Requests a client may make at once: makes `limit` a paced bucket instead of a sliding window.
    pub burst: Option<u32>,
    /// The largest request body.
    pub body: Option<Size>,
    /// Cross-origin rules.
    pub cors: Option<Cors>,
    /// Where the tenant stands.
    pub tenant: Option<Tenant>,
}

/// Cache rule of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cache {
    /// Path prefix of static files.
    pub r#static: Option<String>,
    /// How long.
    pub r#for: Option<Span>,
    /// Never revalidated.
    pub immutable: bool,
}

/// Cross-origin rules of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// Allowed origins.
    pub origins: Vec<String>,
}

/// Where the tenant of a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The header's name.
    pub header: String,
}

/// How the application changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Release {
    /// Rolling, blue-green or canary.
    pub strategy: Strategy,
    /// Rolling: how many ready instances may be missing.
    pub max_unavailable: u32,
    /// Rolling: how many instances more than `replicas` may run.
    pub max_surge: u32,
    /// Canary: `"10% for 30m"`.
    pub steps: Vec<Step>,
    /// What runs before, `"backup db"`.
    pub before: Vec<String>,
    /// What is judged. None: the default gate.
    pub gates: Option<Vec<Gate>>,
    /// Least number of requests per hold.
    pub sample: u32,
    /// The time over which a gate looks.
    pub window: Span,
    /// The time between two judgements.
    pub tick: Span,
    /// How long a new side is not judged.
    pub warm_up: Span,
    /// What no data means.
    pub no_data: NoData,
    /// How long the new side is watched after it has all traffic.
    pub bake: Span,
    /// The longest a release may take.
    pub deadline: Span,
    /// Where a person must agree, `"before 100%"`.
    pub approve: Option<String>,
    /// `"allow"`: a gap is consented to.
    pub downtime: Downtime,
}

/// Release strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    /// Instances replaced a few at a time.
    Rolling,
    /// The whole new side, then one step.
    BlueGreen,
    /// Weights through steps, each judged.
    Canary,
}

/// One canary step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Percent of traffic for the new side.
    pub percent: u32,
    /// How long it is held.
    pub hold: Span,
}

/// A judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// The expression as written, `"error_rate < 1%"`, or the comparison `is` of a query.
    pub expression: String,
    /// A PromQL query.
    pub promql: Option<String>,
    /// What no data means for this gate.
    pub no_data: Option<NoData>,
    /// Failing ticks in a row that make it fail. None: 1 for errors, 3 for latency.
    pub consecutive: Option<u32>,
}

/// What no data means to a gate. It never passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoData {
    /// The gate fails.
    Fail,
    /// The gate waits until the deadline, which reverts.
    Wait,
}

/// Consent to a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Downtime {
    /// A release with a gap is refused unless `--allow-downtime`.
    Refuse,
    /// Consented to.
    Allow,
}

/// How the application is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alerts {
    /// The shipped rules. None: not said.
    pub defaults: Option<bool>,
    /// Prometheus rule files.
    pub rules: Vec<String>,
}

/// Where notifications of some severities go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// Channel name (`slack`, `teams`, `pagerduty`, `email`, `sms`, `webhook`) to its address.
    pub channels: BTreeMap<String, EnvSource>,
    /// Which severities, `P0`–`P3`.
    pub severity: Vec<String>,
    /// How often an open alert is told again.
    pub repeat: Option<Span>,
}

/// How the application is recovered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    /// Repositories.
    pub to: Vec<String>,
    /// Time of the daily backup, UTC, `"02:00"`.
    pub daily: Option<String>,
    /// Day and time of the weekly backup.
    pub weekly: Option<String>,
    /// How many of each are kept.
    pub keep: BTreeMap<String, u32>,
    /// The most data that may be lost.
    pub rpo: Option<Span>,
    /// The longest a recovery may take.
    pub rto: Option<Span>,
    /// How often a restore is drilled.
    pub drill: Option<String>,
}

/// Settings of one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Another machine, `"ssh://user@server"`. None: this one.
    pub host: Option<String>,
    /// Where it runs.
    pub platform: Platform,
    /// The Kubernetes context and namespace.
    pub kubernetes: Option<Kubernetes>,
    /// The container registry.
    pub registry: Option<String>,
}

/// Where an environment runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// Native processes.
    Host,
    /// A Docker engine.
    Docker,
    /// Kubernetes.
    Kubernetes,
}

/// A Kubernetes context and namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kubernetes {
    /// The kubeconfig context.
    pub context: String,
    /// The namespace.
    pub namespace: Option<String>,
}
