//! [`HostPlatform`]: what the daemon holds.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use seaworthy_platform::{
    ArtifactId, BuildRequest, Built, EffectKey, Platform, PlatformError, Routed, Routing, Scope, SideId, SideObserved,
    SideSpec, TaskEnded, TaskSpec,
};
use seaworthy_supervise::log::Line;
use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedSender;

use crate::build::{Builder, Machine};
use crate::edge_port::EdgePort;
use crate::host::Host;
use crate::layout::Layout;
use crate::notice::Notice;
use crate::ports::{self, Ports};
use crate::secret_source::SecretSource;
use crate::users::Users;
use crate::{failure, place, task};

/// What a [`HostPlatform`] is made with.
pub struct HostOptions {
    /// The state directory. It belongs to one daemon at a time, which holds its lock.
    pub state: PathBuf,
    /// The program with the subcommands `keep` and `launch`.
    pub binary: PathBuf,
    /// Where secrets are.
    pub secrets: Arc<dyn SecretSource>,
    /// The edge.
    pub edge: Arc<dyn EdgePort>,
    /// What build commands may know of this machine.
    pub machine: Machine,
    /// The loopback ports instances are given; see [`HostOptions::new`] for the default.
    pub ports: RangeInclusive<u16>,
}

impl HostOptions {
    /// Options with the default ports, 20000–29999.
    pub fn new(
        state: PathBuf,
        binary: PathBuf,
        secrets: Arc<dyn SecretSource>,
        edge: Arc<dyn EdgePort>,
        machine: Machine,
    ) -> Self {
        Self {
            state,
            binary,
            secrets,
            edge,
            machine,
            ports: ports::RANGE,
        }
    }
}

/// Native processes on this machine, each under a keeper of its own.
///
/// Dropping it ends this process' watching only: keepers, instances and the edge go on, and the next one adopts them.
pub struct HostPlatform {
    host: Arc<Host>,
    builder: Builder,
}

impl HostPlatform {
    /// Prepares the state directory. Nothing is started or taken over yet; that is [`HostPlatform::adopt`]'s.
    ///
    /// # Errors
    /// When the directories cannot be made, or, as root, when the unprivileged users of applications could not reach them.
    pub fn open(options: HostOptions) -> Result<Self, PlatformError> {
        let as_root = rustix::process::geteuid().is_root();
        place::prepare_state(&Layout::new(options.state.clone()), as_root)?;
        let state = std::fs::canonicalize(&options.state)
            .map_err(|error| failure::disk(&options.state, "find the state directory", &error))?;
        let layout = Layout::new(state.clone());
        let users = as_root.then(|| Users::new(layout.users()));
        let ports = Ports::new(options.ports);
        let builder = Builder::open(&state, options.machine)?;
        let host = Arc::new(Host::new(
            options.binary,
            layout,
            options.secrets,
            options.edge,
            ports,
            users,
        ));
        Ok(Self { host, builder })
    }

    /// Takes over what a previous daemon left: hears the keepers, replaces those that are gone, starts instances again
    /// after a reboot, goes on with what was being stopped. Call it once, before anything else.
    ///
    /// Instances that were routed stay routed; they are observed as ready when this daemon's own probes have passed.
    /// Nothing is published: call [`HostPlatform::republish`] once the edge is there.
    ///
    /// # Errors
    /// When a record cannot be read, or comes from a newer version.
    pub async fn adopt(&self) -> Result<(), PlatformError> {
        let tasks = self.host.layout.tasks();
        task::sweep(&tasks).map_err(|error| failure::disk(&tasks, "clear ended tasks away", &error))?;
        self.host.adopt().await
    }

    /// Tells the edge the state of every scope that was ever routed, whatever it has confirmed before.
    ///
    /// # Errors
    /// The first failure, when the edge refuses, cannot be reached, or an external host has no address. The other scopes are
    /// told all the same, and the one that failed is tried again in the background: a failure need not keep a daemon from starting.
    pub async fn republish(&self) -> Result<(), PlatformError> {
        self.host.publish_all().await
    }

    /// Every change of a side, as it is seen. A listener that lags behind is told how many it missed, and may observe.
    pub fn watch(&self) -> broadcast::Receiver<SideObserved> {
        self.host.observed.subscribe()
    }

    /// What happens by itself and belongs into the history.
    pub fn notices(&self) -> broadcast::Receiver<Notice> {
        self.host.notices.subscribe()
    }

    /// Replaces every instance of a service by one of the same revision, one at a time, without a gap.
    ///
    /// # Errors
    /// When a new instance does not become ready (it is taken away again, and the old ones that are left stay), or the edge refuses.
    pub async fn restart(&self, scope: &Scope, service: &str) -> Result<(), PlatformError> {
        self.host.restart(scope, service).await
    }

    /// [`Platform::run`] with the task's lines as they come; they end when it has ended.
    ///
    /// # Errors
    /// When it cannot be started, or its end cannot be kept.
    pub async fn run_live(
        &self,
        key: &EffectKey,
        task: &TaskSpec,
        lines: UnboundedSender<Line>,
    ) -> Result<TaskEnded, PlatformError> {
        self.host.run(key, task, Some(lines)).await
    }

    /// Ends a running task: SIGTERM, SIGKILL ten seconds later. Its [`Platform::run`] then answers.
    ///
    /// # Errors
    /// When its keeper does not answer.
    pub async fn stop_task(&self, key: &EffectKey, task: &TaskSpec) -> Result<(), PlatformError> {
        self.host.stop_task(key, task).await
    }

    /// The artifacts of the instances there are.
    pub fn artifacts_in_use(&self) -> std::collections::BTreeSet<ArtifactId> {
        self.host
            .instances()
            .iter()
            .map(|instance| instance.record.spec.artifact.clone())
            .collect()
    }

    /// What builds artifacts, for those who ask it about them.
    pub fn builder(&self) -> &Builder {
        &self.builder
    }

    pub(crate) fn host(&self) -> &Host {
        &self.host
    }

    /// The state directory, resolved.
    pub fn state(&self) -> &Path {
        self.host.layout.state()
    }
}

impl Drop for HostPlatform {
    fn drop(&mut self) {
        self.host.shut_down();
    }
}

impl Platform for HostPlatform {
    fn build<'a>(&'a self, request: &'a BuildRequest) -> BoxFuture<'a, Result<Built, PlatformError>> {
        self.builder.build(request).boxed()
    }

    fn ensure<'a>(
        &'a self,
        _key: &'a EffectKey,
        side: &'a SideSpec,
        replicas: u32,
    ) -> BoxFuture<'a, Result<SideObserved, PlatformError>> {
        self.host.ensure(side, replicas).boxed()
    }

    fn observe<'a>(&'a self, scope: Option<&'a Scope>) -> BoxFuture<'a, Vec<SideObserved>> {
        async move { self.host.observe(scope) }.boxed()
    }

    fn route<'a>(
        &'a self,
        _key: &'a EffectKey,
        scope: &'a Scope,
        routing: &'a Routing,
    ) -> BoxFuture<'a, Result<Routed, PlatformError>> {
        self.host.route(scope, routing.clone()).boxed()
    }

    fn run<'a>(&'a self, key: &'a EffectKey, task: &'a TaskSpec) -> BoxFuture<'a, Result<TaskEnded, PlatformError>> {
        self.host.run(key, task, None).boxed()
    }

    fn remove<'a>(&'a self, side: &'a SideId) -> BoxFuture<'a, Result<(), PlatformError>> {
        self.host.remove(side).boxed()
    }
}
