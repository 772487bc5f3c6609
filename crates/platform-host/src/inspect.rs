//! Questions about what there is, for status, logs and checks.

use std::path::PathBuf;

use seaworthy_platform::{PlatformError, Scope, SideWeight};

use crate::HostPlatform;
use crate::failure::disk;

/// Where a log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// The service, or the name of a task.
    pub service: String,
    /// The instance, or the run of a task.
    pub instance: String,
    /// The directory that `seaworthy_supervise::log` reads.
    pub directory: PathBuf,
    /// Whether more may come.
    pub running: bool,
}

/// What is free on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Free {
    /// Memory that can be had without swapping, bytes (`MemAvailable`); `u64::MAX` where the kernel does not say.
    pub memory: u64,
    /// Space on the file system of the state directory for this user, bytes.
    pub disk: u64,
}

impl HostPlatform {
    /// All logs of a scope: of instances and tasks that have ended, oldest first, then of those that run.
    pub fn log_places(&self, scope: &Scope) -> Vec<LogPlace> {
        let mut places = Vec::new();
        for service in names(&self.host().layout.scope_logs(scope)) {
            let directory = self.host().layout.logs(scope, &service);
            places.extend(names(&directory).into_iter().map(|instance| LogPlace {
                service: service.clone(),
                directory: directory.join(&instance),
                instance,
                running: false,
            }));
        }
        places.extend(self.host().of_scope(scope).into_iter().map(|instance| LogPlace {
            service: instance.side().service.clone(),
            instance: instance.record.id.0.clone(),
            directory: instance.dir.clone(),
            running: true,
        }));
        places
    }

    /// The weights of a scope's sides as the edge was told last.
    pub fn weights(&self, scope: &Scope) -> Vec<SideWeight> {
        self.host()
            .routing_of(scope)
            .map(|routing| routing.weights)
            .unwrap_or_default()
    }

    /// What is free on this machine.
    ///
    /// # Errors
    /// When the state directory's file system cannot be asked.
    pub fn free(&self) -> Result<Free, PlatformError> {
        let state = self.state();
        let space = rustix::fs::statvfs(state).map_err(|error| disk(state, "ask for its free space", &error.into()))?;
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let available = memory.lines().find_map(|line| {
            let kibibytes = line.strip_prefix("MemAvailable:")?.trim().strip_suffix("kB")?;
            kibibytes.trim().parse::<u64>().ok()
        });
        Ok(Free {
            memory: available.map_or(u64::MAX, |kibibytes| kibibytes << 10),
            disk: space.f_bavail.saturating_mul(space.f_frsize),
        })
    }
}

/// The directories in a directory, sorted; none when it is not there. Logs of builds are files and are not among them.
fn names(directory: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let mut names: Vec<String> = directories
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
