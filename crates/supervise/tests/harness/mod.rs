//! Instances for tests: real keepers, real processes.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use seaworthy_supervise::client::{self, Keeper, Spawned, Watch};
use seaworthy_supervise::log::{self, Filter, Source};
use seaworthy_supervise::protocol::{KeepSpec, Limits, LogBounds, PROTOCOL, RestartPolicy, State, Status};

/// How long anything may take before a test fails. Generous, because the machine may be busy; nothing waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_seaworthy-keep-test"))
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// An instance in a directory of its own.
pub(crate) struct Instance {
    pub(crate) spec: KeepSpec,
    pub(crate) directory: tempfile::TempDir,
}

impl Instance {
    /// A shell script that is kept, and started again soon when it ends.
    pub(crate) fn shell(script: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let spec = KeepSpec {
            protocol: PROTOCOL,
            instance: "web-1".into(),
            dir: directory.path().to_owned(),
            command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            cwd: "/".into(),
            env: vec![("PATH".into(), std::env::var("PATH").unwrap())],
            user: None,
            limits: Limits {
                open_files: 256,
                processes: 64,
                core: 0,
            },
            log: LogBounds {
                file_bytes: 1 << 20,
                files: 4,
                line_bytes: 16 * 1024,
                bytes_per_second: 0,
            },
            restart: RestartPolicy {
                again: true,
                first_ms: 50,
                most_ms: 400,
                stable_ms: 60_000,
                crash_loop: 3,
            },
            stop_ms: 10_000,
        };
        Self { spec, directory }
    }

    /// The same, run once.
    pub(crate) fn task(script: &str) -> Self {
        let mut instance = Self::shell(script);
        instance.spec.restart.again = false;
        instance
    }

    pub(crate) fn dir(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Starts its keeper; answers with the keeper's process.
    pub(crate) async fn start(&self) -> u32 {
        match client::spawn(binary(), &self.spec).await.unwrap() {
            Spawned::Keeping { pid } => pid,
            Spawned::Ended => panic!("the instance has ended"),
        }
    }

    pub(crate) async fn adopt(&self) -> Spawned {
        client::adopt(binary(), &self.spec).await.unwrap()
    }

    pub(crate) async fn watch(&self) -> Watch {
        Keeper::connect(self.directory.path())
            .await
            .unwrap()
            .watch()
            .await
            .unwrap()
    }

    /// Waits for a status.
    pub(crate) async fn until(&self, wanted: impl Fn(&Status) -> bool) -> Status {
        let mut watch = self.watch().await;
        let mut last = None;
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(status) = watch.next().await.unwrap() {
                if wanted(&status) {
                    return status;
                }
                last = Some(status);
            }
            panic!("the keeper ended; last: {last:?}; log: {:#?}", self.lines());
        });
        found
            .await
            .unwrap_or_else(|_| panic!("not seen in time; log: {:#?}", self.lines()))
    }

    pub(crate) async fn running(&self) -> Status {
        self.until(|status| matches!(status.state, State::Running { .. })).await
    }

    /// Waits until the keeper has ended by itself; answers with what it left written down.
    pub(crate) async fn ended(&self) -> Status {
        if let Ok(keeper) = Keeper::connect(self.directory.path()).await {
            let mut watch = keeper.watch().await.unwrap();
            // A keeper that is just ending may close before it has answered.
            while let Ok(Ok(Some(_))) = tokio::time::timeout(PATIENCE, watch.next()).await {}
        }
        self.last_status()
    }

    pub(crate) fn last_status(&self) -> Status {
        client::read_last_status(self.directory.path()).unwrap().unwrap()
    }

    pub(crate) async fn stop(&self) -> Status {
        let keeper = Keeper::connect(self.directory.path()).await.unwrap();
        tokio::time::timeout(PATIENCE, keeper.stop())
            .await
            .expect("stopped in time")
            .unwrap()
    }

    /// Its log, `out text`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = log::read(self.directory.path(), &Filter::default()).unwrap();
        lines
            .into_iter()
            .map(|line| format!("{} {}", line.source.as_str(), line.text))
            .collect()
    }

    /// What it wrote itself to its standard output.
    pub(crate) fn out(&self) -> Vec<String> {
        let lines = log::read(self.directory.path(), &Filter::default()).unwrap();
        lines
            .into_iter()
            .filter(|line| line.source == Source::Out)
            .map(|line| line.text)
            .collect()
    }

    /// Waits for a line in the log.
    pub(crate) async fn logged(&self, text: &str) -> String {
        let (mut lines, mut follow) = log::Follow::start(self.directory.path(), &Filter::default()).unwrap();
        let wait = async {
            loop {
                if let Some(line) = lines.iter().find(|line| line.text.contains(text)) {
                    return line.text.clone();
                }
                lines = follow.next().await.unwrap();
            }
        };
        let found = tokio::time::timeout(PATIENCE, wait).await;
        found.unwrap_or_else(|_| panic!("{text:?} is not in the log: {:#?}", self.lines()))
    }
}

impl Drop for Instance {
    /// Ends what a failed test has left: its own keeper and process, by their ids.
    fn drop(&mut self) {
        let Ok(Some(status)) = client::read_last_status(self.directory.path()) else {
            return;
        };
        if status.state == State::Ended {
            return;
        }
        kill(status.keeper_pid);
        if let Some(process) = status.process {
            kill_group(process.pid);
        }
    }
}

fn pid(pid: u32) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(pid.cast_signed()).unwrap()
}

/// SIGKILL.
pub(crate) fn kill(process: u32) {
    let _ = rustix::process::kill_process(pid(process), rustix::process::Signal::KILL);
}

/// Any signal.
pub(crate) fn signal(process: u32, signal: rustix::process::Signal) {
    rustix::process::kill_process(pid(process), signal).unwrap();
}

fn kill_group(group: u32) {
    let _ = rustix::process::kill_process_group(pid(group), rustix::process::Signal::KILL);
}

/// Whether a process is there and no zombie.
pub(crate) fn is_alive(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/stat"))
        .is_ok_and(|stat| !stat[stat.rfind(')').unwrap()..].starts_with(") Z"))
}

/// Waits for something that can only be looked at.
pub(crate) async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let looked = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    looked.await.unwrap_or_else(|_| panic!("not in time: {what}"));
}
