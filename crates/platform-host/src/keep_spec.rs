//! What a keeper is told about an instance or a task. The only place where secrets meet an environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_plan::detect::STATIC_SERVER;
use seaworthy_platform::{ArtifactId, EnvValue, PlatformError, Scope, Secret};
use seaworthy_spec::CommandLine;
use seaworthy_supervise::protocol::{KeepSpec, Limits, LogBounds, PROTOCOL, RestartPolicy, User};

use crate::artifact::artifact_dir;
use crate::environment::{BIN_DIRS, Given, argv, environment};
use crate::failure::machine;
use crate::host::Host;
use crate::layout::file;

/// Core files are off: they would hold secrets. The rest is generous for a server and far below what exhausts a machine.
const LIMITS: Limits = Limits {
    open_files: 65_536,
    processes: 4_096,
    core: 0,
};

/// 40 MiB at most per instance.
const LOG: LogBounds = LogBounds {
    file_bytes: 8 << 20,
    files: 5,
    line_bytes: 64 << 10,
    bytes_per_second: 4 << 20,
};

/// A single crash heals in a tenth of a second; one that goes on costs a start every half minute.
const SERVICE: RestartPolicy = RestartPolicy {
    again: true,
    first_ms: 100,
    most_ms: 30_000,
    stable_ms: 30_000,
    crash_loop: 5,
};

const TASK: RestartPolicy = RestartPolicy {
    again: false,
    ..SERVICE
};

/// A task has no requests to finish; it gets the usual time to clean up when it is stopped.
const TASK_STOP_MS: u64 = 10_000;

/// What there is to know about a process that is to be kept.
pub(crate) struct Process<'a> {
    pub(crate) scope: &'a Scope,
    /// Its name to the keeper and in `$SEAWORTHY_INSTANCE`.
    pub(crate) id: &'a str,
    pub(crate) dir: &'a Path,
    pub(crate) release: &'a str,
    pub(crate) artifact: &'a ArtifactId,
    pub(crate) command: &'a CommandLine,
    pub(crate) env: &'a BTreeMap<String, EnvValue>,
    pub(crate) port: Option<u16>,
    pub(crate) user: Option<User>,
    /// SIGKILL so long after SIGTERM, milliseconds; none for a task.
    pub(crate) stop_ms: Option<u64>,
}

impl Host {
    /// Puts together what a keeper needs, secrets included. Reads the secret store, so call it where blocking is allowed.
    pub(crate) fn keep_spec(&self, process: &Process<'_>) -> Result<KeepSpec, PlatformError> {
        let cwd = artifact_dir(self.layout.state(), process.artifact);
        if !cwd.is_dir() {
            return Err(machine(
                cwd.display(),
                format_args!("the artifact {} of {} is not there", process.artifact, process.id),
                "release again: the artifact is then built again",
            ));
        }
        let secrets = self.fetch(process)?;
        let bin_dirs: Vec<PathBuf> = BIN_DIRS
            .iter()
            .map(|dir| cwd.join(dir))
            .filter(|dir| dir.is_dir())
            .collect();
        let given = Given {
            port: process.port,
            release: process.release,
            instance: process.id,
            home: &process.dir.join(file::HOME),
            tmp: &process.dir.join(file::TMP),
            bin_dirs: &bin_dirs,
        };
        let env = environment(&given, process.env, &secrets).map_err(|name| {
            machine(
                format_args!("secret {name}"),
                "it was not fetched",
                "report this: every secret of an environment is fetched before",
            )
        })?;
        let mut spec = KeepSpec {
            env,
            ..bare(process, cwd)
        };
        // A static site is served by this program itself, which need not be on anybody's search path.
        if let Some(program) = spec.command.first_mut().filter(|word| *word == STATIC_SERVER) {
            *program = self.binary.display().to_string();
        }
        Ok(spec)
    }

    /// Enough to take a running process over and stop it: no environment, so no secrets.
    pub(crate) fn bare_keep_spec(&self, process: &Process<'_>) -> KeepSpec {
        bare(process, artifact_dir(self.layout.state(), process.artifact))
    }

    fn fetch(&self, process: &Process<'_>) -> Result<BTreeMap<(String, u32), Secret>, PlatformError> {
        let wanted = process.env.values().filter_map(|value| match value {
            EnvValue::Secret { name, version } => Some((name.clone(), *version)),
            EnvValue::Plain(_) => None,
        });
        wanted
            .map(|(name, version)| {
                let secret = self.secrets.fetch(process.scope, &name, version)?;
                Ok(((name, version), secret))
            })
            .collect()
    }
}

fn bare(process: &Process<'_>, cwd: PathBuf) -> KeepSpec {
    KeepSpec {
        protocol: PROTOCOL,
        instance: process.id.to_owned(),
        dir: process.dir.to_owned(),
        command: argv(process.command),
        cwd,
        env: Vec::new(),
        user: process.user,
        limits: LIMITS,
        log: LOG,
        restart: if process.stop_ms.is_some() { SERVICE } else { TASK },
        stop_ms: process.stop_ms.unwrap_or(TASK_STOP_MS),
    }
}
