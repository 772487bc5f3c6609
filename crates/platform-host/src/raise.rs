//! More instances of a side: started, followed, waited for.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use futures_util::future::try_join_all;
use seaworthy_platform::{InstanceId, PlatformError, SideSpec};
use seaworthy_supervise::protocol::KeepSpec;

use crate::artifact::remove_tree;
use crate::blocking::blocking;
use crate::failure::{disk, machine};
use crate::follow::follow;
use crate::host::{Host, now};
use crate::instance::{Instance, Leaving, View};
use crate::keep_spec::Process;
use crate::monitor::watch_over;
use crate::place;
use crate::record::{FORMAT, Record};

/// How much of the revision stands in an instance's name: enough to tell revisions apart, short enough for a socket's path.
const REVISION: usize = 6;

impl Host {
    /// Starts one more instance of a side and answers before it is ready. The side must be locked, so that two do not get one number.
    pub(crate) async fn start_one(self: &Arc<Self>, spec: &SideSpec) -> Result<Arc<Instance>, PlatformError> {
        let (host, spec) = (Arc::clone(self), spec.clone());
        let (record, keep) = blocking(move || host.prepare(&spec)).await?;
        let dir = self.layout.instance(&record.id);
        let (instance, wanted) = Instance::new(record, dir, View::fresh());
        let instance = Arc::new(instance);
        self.register(Arc::clone(&instance));
        self.spawn(follow(Arc::clone(self), Arc::clone(&instance), wanted, Some(keep)));
        self.spawn(watch_over(Arc::clone(self), Arc::clone(&instance)));
        Ok(instance)
    }

    /// Everything on disk that an instance needs before its keeper starts. The record comes last: a directory without one was never started.
    fn prepare(&self, spec: &SideSpec) -> Result<(Record, KeepSpec), PlatformError> {
        let user = self.users.as_ref().map(|users| users.of(&spec.id.scope)).transpose()?;
        let port = spec.listens.then(|| self.ports.take()).transpose()?;
        let (number, id, dir) = self.claim(spec).inspect_err(|_| self.give_back(port))?;
        let record = Record {
            format: FORMAT,
            id,
            number,
            spec: spec.clone(),
            port,
            user,
            created: now(),
        };
        let written = self.keep_spec(&Process::of(&record, &dir)).and_then(|keep| {
            place::prepare(&dir, user).map_err(|error| disk(&dir, "make the instance's directory", &error))?;
            record
                .write(&dir)
                .map_err(|error| disk(&dir, "write the instance's record", &error))?;
            Ok(keep)
        });
        match written {
            Ok(keep) => Ok((record, keep)),
            Err(error) => {
                self.give_back(port);
                // Whatever is left of it has no record, and the next daemon removes it.
                let _leftovers = remove_tree(&dir);
                Err(error)
            }
        }
    }

    /// Takes the next number of a side by making its directory, which fails for whoever comes second.
    ///
    /// Numbers go up and are not used again while a log still bears them, so that a name means one instance in every log and metric.
    fn claim(&self, spec: &SideSpec) -> Result<(u32, InstanceId, PathBuf), PlatformError> {
        let short: String = spec.id.revision.as_str().chars().take(REVISION).collect();
        let prefix = format!("{}-{short}-", spec.id.service);
        let logs = self.layout.logs(&spec.id.scope, &spec.id.service);
        let places = [logs, self.layout.instances()];
        let names = places
            .iter()
            .filter_map(|dir| fs::read_dir(dir).ok())
            .flatten()
            .flatten();
        let numbers = names.filter_map(|entry| entry.file_name().to_str()?.strip_prefix(&prefix)?.parse::<u32>().ok());
        let mut number = numbers.max().unwrap_or(0) + 1;
        loop {
            let id = InstanceId(format!("{prefix}{number}"));
            let dir = self.layout.instance(&id);
            match fs::create_dir(&dir) {
                Ok(()) => return Ok((number, id, dir)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(disk(&dir, "make the instance's directory", &error)),
            }
        }
    }

    /// Gives back what [`Host::start_one`] took.
    pub(crate) fn give_back(&self, port: Option<u16>) {
        if let Some(port) = port {
            self.ports.give_back(port);
        }
    }

    /// Waits until all of these are ready, or the first has a trouble that does not heal by itself.
    pub(crate) async fn all_ready(&self, instances: &[Arc<Instance>]) -> Result<(), PlatformError> {
        try_join_all(instances.iter().map(|instance| ready(instance))).await?;
        Ok(())
    }
}

async fn ready(instance: &Instance) -> Result<(), PlatformError> {
    let settled = |view: &View| view.is_ready() || view.trouble.is_some() || view.leaving != Leaving::No;
    let view = instance.until(settled).await;
    if view.is_ready() {
        return Ok(());
    }
    if let Some(trouble) = view.trouble {
        return Err(PlatformError::Trouble {
            side: instance.side().to_string(),
            trouble,
        });
    }
    Err(machine(
        &instance.record.id,
        "it was taken away while it started",
        "ask again if it should run",
    ))
}

impl<'a> Process<'a> {
    /// The process of an instance.
    pub(crate) fn of(record: &'a Record, dir: &'a Path) -> Self {
        let spec = &record.spec;
        Self {
            scope: &spec.id.scope,
            id: record.id.as_str(),
            dir,
            release: spec.release.as_str(),
            artifact: &spec.artifact,
            command: &spec.command,
            env: &spec.env,
            port: record.port,
            user: record.user,
            stop_ms: Some(spec.stop.millis),
        }
    }
}
