//! The keeper: the process behind `seaworthy keep`.
//!
//! It ends when its instance has ended for good, and only then. SIGTERM, SIGINT, SIGHUP and SIGQUIT it ignores (and says so
//! in the log): whoever wants the instance stopped asks over the socket, and a daemon that is stopped leaves it running.
//!
//! When it is killed all the same, the instance goes on and its output waits in the FIFOs. The next keeper for the same
//! directory goes on with the process if boot, id and start time are those in `keeper.json`.

mod adopt;
mod family;
pub(crate) mod fifo;
mod keeper;
mod output;
pub(crate) mod record;
mod seen;
pub(crate) mod server;
mod start;
mod table;
mod tell;

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::ExitCode;

use rustix::fs::Mode as Permissions;
use zeroize::Zeroizing;

use crate::inherited;
use crate::protocol::{KeepSpec, PROTOCOL};

/// Locked by the keeper for as long as it lives.
const LOCK: &str = "keeper.lock";

/// The first line a keeper writes to its standard output: it listens on its socket, and what it keeps is written down.
pub(crate) const READY: &str = "ready";

/// The same, from a keeper that found nothing to keep.
pub(crate) const ENDED: &str = "ended";

/// What a keeper is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `seaworthy keep`: to start the instance, or go on with it where it runs.
    Start,
    /// `seaworthy keep adopt`: to go on with an instance whose keeper was killed. One that has ended is left at that.
    Adopt,
}

impl Mode {
    /// The mode named by the words after `keep`; none if they name none.
    pub fn parse(words: &[String]) -> Option<Self> {
        match words {
            [] => Some(Self::Start),
            [word] if word == "adopt" => Some(Self::Adopt),
            _ => None,
        }
    }
}

/// Why a keeper could not begin.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error("what to keep cannot be read from the standard input: {0}")]
    Input(io::Error),
    #[error("what to keep is not understood: {0}")]
    NotUnderstood(serde_json::Error),
    #[error("what to keep is in version {0} of the protocol, and this keeper knows versions up to {PROTOCOL}")]
    Newer(u32),
    #[error("{directory}: another keeper has this directory")]
    Taken { directory: String },
    #[error("{place}: {source}")]
    System { place: String, source: io::Error },
}

/// The subcommand `seaworthy keep`. Reads a [`KeepSpec`] from standard input to its end, writes one line to standard output
/// (`ready`, `ended`, or why not) and keeps the instance until it has ended.
///
/// Call it before any thread is started.
pub fn run(mode: Mode) -> ExitCode {
    match keep(mode) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            answer(&error.to_string());
            // Where it had been ready already, whoever started it listens no more.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn keep(mode: Mode) -> Result<(), KeepError> {
    inherited::close();
    // It fails only for the leader of a group: a keeper started by hand from a shell, which then stays in its session.
    let _ = rustix::process::setsid();
    rustix::process::umask(Permissions::RWXG | Permissions::RWXO);
    let spec = read_spec()?;
    let directory = spec.dir.clone();
    let place = |place: &str| {
        let place = directory.join(place).display().to_string();
        move |source: io::Error| KeepError::System { place, source }
    };
    rustix::process::chdir(&spec.dir).map_err(|error| place("")(error.into()))?;
    let _lock = lock(&spec)?;
    let errors = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open("keeper.err");
    let errors = errors.map_err(place("keeper.err"))?;
    rustix::stdio::dup2_stderr(errors).map_err(|error| place("keeper.err")(error.into()))?;
    let Some(mut keeper) = keeper::Keeper::new(spec, mode).map_err(place(""))? else {
        answer(ENDED);
        return Ok(());
    };
    keeper.run(|| answer(READY)).map_err(place(""))?;
    keeper.close();
    Ok(())
}

fn read_spec() -> Result<KeepSpec, KeepError> {
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    io::stdin().lock().read_to_end(&mut text).map_err(KeepError::Input)?;
    // The instance and all that the keeper starts get an input that is empty.
    let _ = File::open("/dev/null").map(rustix::stdio::dup2_stdin);
    let spec: KeepSpec = serde_json::from_slice(&text).map_err(KeepError::NotUnderstood)?;
    if spec.protocol > PROTOCOL {
        return Err(KeepError::Newer(spec.protocol));
    }
    Ok(spec)
}

fn lock(spec: &KeepSpec) -> Result<File, KeepError> {
    let directory = || spec.dir.display().to_string();
    let system = |source| KeepError::System {
        place: spec.dir.join(LOCK).display().to_string(),
        source,
    };
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(LOCK)
        .map_err(system)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(KeepError::Taken { directory: directory() }),
        Err(std::fs::TryLockError::Error(source)) => Err(system(source)),
    }
}

/// Says one line to whoever started this, and closes the connection: nothing of the daemon's is held on to.
fn answer(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
    let _ = OpenOptions::new()
        .write(true)
        .open("/dev/null")
        .map(rustix::stdio::dup2_stdout);
}
