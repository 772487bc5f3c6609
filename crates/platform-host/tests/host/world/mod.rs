//! A state directory of its own, an application in many moods, a fake edge, and ways to wait for what happens.

mod app;
mod edge;
mod http;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use seaworthy_platform::{
    ArtifactId, BuildRequest, EffectKey, EnvValue, InstanceObserved, InstanceState, Platform, PlatformError, RouteSpec,
    Routing, Scope, Secret, SideId, SideObserved, SideSpec, SideWeight,
};
use seaworthy_platform_host::{HostOptions, HostPlatform, Notice, SecretSource};
use seaworthy_spec::units::Span;
use seaworthy_spec::{CommandLine, Health};
use seaworthy_supervise::client;
use seaworthy_supervise::protocol::Status;
use tempfile::TempDir;
use tokio::sync::broadcast::Receiver;

pub use edge::{Edge, Told};
pub use http::get;

/// Longer than anything here takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(15);

struct Secrets(BTreeMap<String, String>);

impl SecretSource for Secrets {
    fn fetch(&self, _scope: &Scope, name: &str, _version: u32) -> Result<Secret, PlatformError> {
        self.0
            .get(name)
            .cloned()
            .map(Secret::new)
            .ok_or_else(|| PlatformError::Machine {
                place: format!("secret {name}"),
                cause: "there is none".to_owned(),
                remedy: format!("`seaworthy secret set {name}`"),
            })
    }
}

/// Everything a test needs. Instances that are left are stopped at the end.
pub struct World {
    dir: TempDir,
    pub edge: Arc<Edge>,
    pub platform: Option<HostPlatform>,
    pub artifact: ArtifactId,
}

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // As root the application's own user must be able to pass.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let edge = Arc::new(Edge::default());
        let mut world = Self {
            dir,
            edge,
            platform: None,
            artifact: ArtifactId::from(""),
        };
        world.start();
        world.artifact = world.build().await;
        world
    }

    /// A daemon starts.
    pub fn start(&mut self) {
        let secrets = BTreeMap::from([("token".to_owned(), "s3cr3t-v4lue".to_owned())]);
        let binary = PathBuf::from(env!("CARGO_BIN_EXE_platform-host-keeper"));
        let options = HostOptions::new(
            self.state(),
            binary,
            Arc::new(Secrets(secrets)),
            Arc::clone(&self.edge) as _,
            Default::default(),
        );
        self.platform = Some(HostPlatform::open(options).unwrap());
    }

    /// The daemon is gone, and another one starts and takes over.
    pub async fn start_again(&mut self) {
        self.platform = None;
        self.start();
        self.platform().adopt().await.unwrap();
    }

    async fn build(&self) -> ArtifactId {
        let source = self.dir.path().join("source");
        fs::create_dir(&source).unwrap();
        fs::write(source.join("app.py"), app::SOURCE).unwrap();
        let request = BuildRequest {
            scope: scope(),
            service: "web".to_owned(),
            source,
            command: None,
            stack: "none".to_owned(),
        };
        self.platform().build(&request).await.unwrap().artifact
    }

    pub fn platform(&self) -> &HostPlatform {
        self.platform.as_ref().unwrap()
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// A directory that every user may write to.
    pub fn shared(&self) -> PathBuf {
        let dir = self.dir.path().join("shared");
        fs::create_dir_all(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
        dir
    }

    /// A side of the application in one of its moods.
    pub fn side(&self, mood: &str) -> SideSpec {
        let mut side = self.command(CommandLine::Exec(vec!["python3".to_owned(), "app.py".to_owned()]));
        side.env.insert("MOOD".to_owned(), EnvValue::Plain(mood.to_owned()));
        side
    }

    /// A side that runs a line of shell.
    pub fn shell(&self, line: &str) -> SideSpec {
        self.command(CommandLine::Shell(line.to_owned()))
    }

    pub fn command(&self, command: CommandLine) -> SideSpec {
        SideSpec {
            id: side_id("aaaaaaaaaaaa"),
            release: "r1".into(),
            artifact: self.artifact.clone(),
            command,
            env: BTreeMap::new(),
            listens: true,
            port: None,
            health: Health {
                live: None,
                ready: Some("/ready".to_owned()),
                interval: Span::millis(200),
                timeout: Span::secs(1),
                passes: 2,
                fails: 3,
                start: Span::secs(20),
            },
            drain: Span::secs(2),
            stop: Span::secs(5),
            cpu: None,
            memory: None,
        }
    }

    pub async fn ensure(&self, side: &SideSpec, replicas: u32) -> Result<SideObserved, PlatformError> {
        let key = key(1);
        let done = self.platform().ensure(&key, side, replicas);
        tokio::time::timeout(PATIENCE, done)
            .await
            .expect("ensure takes too long")
    }

    /// Routes everything of the service to one side.
    pub async fn route_to(&self, side: &SideId) -> Result<(), PlatformError> {
        let routing = routing(&[(side, 100)]);
        self.platform().route(&key(1), &scope(), &routing).await.map(|_| ())
    }

    pub async fn instances(&self) -> Vec<InstanceObserved> {
        let sides = self.platform().observe(Some(&scope())).await;
        sides.into_iter().flat_map(|side| side.instances).collect()
    }

    /// Waits until the instances satisfy this, woken by the platform's own changes.
    pub async fn until(&self, what: &str, wanted: impl Fn(&[InstanceObserved]) -> bool) -> Vec<InstanceObserved> {
        let mut changes = self.platform().watch();
        let waiting = async {
            loop {
                let now = self.instances().await;
                if wanted(&now) {
                    return now;
                }
                let _lagging = changes.recv().await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(now) => now,
            Err(_) => panic!("{what} did not happen: {:#?}", self.instances().await),
        }
    }

    pub fn instance_dir(&self, id: &str) -> PathBuf {
        self.state().join("instances").join(id)
    }

    /// What the keeper of an instance wrote down.
    pub fn keeper(&self, id: &str) -> Status {
        client::read_last_status(&self.instance_dir(id)).unwrap().unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.platform = None;
        for place in ["instances", "tasks"] {
            let Ok(entries) = fs::read_dir(self.state().join(place)) else {
                continue;
            };
            for entry in entries.flatten() {
                kill_all_of(&entry.path());
            }
        }
        // Artifacts are read-only, and an ordinary user cannot remove what lies in such a directory.
        make_writable(&self.state().join("artifacts"));
    }
}

fn make_writable(dir: &Path) {
    let _gone = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            make_writable(&entry.path());
        }
    }
}

/// Ends a keeper and its instance, both of which this test has started.
fn kill_all_of(dir: &Path) {
    let Ok(Some(status)) = client::read_last_status(dir) else {
        return;
    };
    kill(status.keeper_pid);
    if let Some(process) = status.process {
        let pid = rustix::process::Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap();
        let _gone = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
    }
}

/// The next thing that goes into the history.
pub async fn next(notices: &mut Receiver<Notice>) -> String {
    let notice = tokio::time::timeout(PATIENCE, notices.recv()).await;
    notice.expect("nothing was noted").unwrap().text
}

/// SIGKILL to one process.
pub fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
}

/// Whether a process runs (a zombie does not).
pub fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

pub fn scope() -> Scope {
    Scope::new("shop", "test")
}

pub fn side_id(revision: &str) -> SideId {
    SideId {
        scope: scope(),
        service: "web".to_owned(),
        revision: revision.into(),
    }
}

pub fn key(step: u32) -> EffectKey {
    EffectKey {
        release: "r1".into(),
        step,
        attempt: 1,
    }
}

pub fn routing(weights: &[(&SideId, u32)]) -> Routing {
    let site = RouteSpec {
        name: "site".to_owned(),
        hosts: Vec::new(),
        path: "/".to_owned(),
        service: "web".to_owned(),
    };
    let weights = weights.iter().map(|(side, weight)| SideWeight {
        side: (*side).clone(),
        weight: *weight,
    });
    Routing {
        routes: vec![site],
        weights: weights.collect(),
        ..Routing::default()
    }
}

pub fn all_ready(instances: &[InstanceObserved]) -> bool {
    instances.iter().all(|instance| instance.state == InstanceState::Ready)
}
