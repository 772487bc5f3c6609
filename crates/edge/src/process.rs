//! The edge process from its start to its end.

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::control::{Control, Handle};
use crate::error::EdgeError;
use crate::last_good::LastGood;
use crate::lock::Lock;
use crate::metrics::WorkerMetrics;
use crate::worker;

/// How long SIGTERM leaves for what is in flight.
const TERM: Duration = Duration::from_secs(10);

/// More workers than this would not share the descriptors of one message.
const MAX_WORKERS: usize = 128;

/// What the edge process is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeOptions {
    /// Its directory: `edge.sock`, `edge.lock` and `last-good.json` lie there. Created with mode 0700 if missing.
    pub dir: PathBuf,
    /// How many workers; `None`: one per core that this process may use.
    pub workers: Option<usize>,
}

/// Runs the edge until it is stopped, by [`crate::client::Client::stop`] or by SIGTERM (which leaves 10 s for what is in
/// flight). SIGHUP and SIGINT are ignored: the edge outlives the terminal it was started from.
///
/// # Errors
///
/// If another edge owns the directory, if a file, thread or runtime cannot be set up, or if a worker ends unexpectedly.
pub fn run(options: &EdgeOptions) -> Result<(), EdgeError> {
    let dir = &options.dir;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.map_err(|source| EdgeError::File {
        path: dir.clone(),
        action: "create the directory",
        source,
    })?;
    let lock = Lock::take(dir)?;
    raise_descriptor_limit();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let count = options.workers.unwrap_or(cores).clamp(1, MAX_WORKERS);
    let runtime = runtime().map_err(|source| EdgeError::Start {
        action: "build a runtime",
        source,
    })?;
    let mut threads = Vec::with_capacity(count);
    let mut handles = Vec::with_capacity(count);
    let mut ends = Vec::with_capacity(count);
    for number in 0..count {
        let (handle, thread, end) = spawn(number).map_err(|source| EdgeError::Start {
            action: "start a worker",
            source,
        })?;
        handles.push(handle);
        threads.push(thread);
        ends.push(end);
    }
    let result = runtime.block_on(live(dir, lock, handles, ends));
    // The handles are gone with the control's state, so that the workers end by themselves.
    drop(runtime);
    for thread in threads {
        // A panic was reported as a lost worker.
        let _ = thread.join();
    }
    result
}

async fn live(dir: &Path, lock: Lock, handles: Vec<Handle>, ends: Vec<oneshot::Receiver<()>>) -> Result<(), EdgeError> {
    let start = |action| move |source| EdgeError::Start { action, source };
    // Installed before the socket can be reached: whoever has said hello may send signals.
    let mut term = signal(SignalKind::terminate()).map_err(start("handle SIGTERM"))?;
    // Handlers that nobody looks at: the signals lose their effect.
    let _hangup = signal(SignalKind::hangup()).map_err(start("ignore SIGHUP"))?;
    let _interrupt = signal(SignalKind::interrupt()).map_err(start("ignore SIGINT"))?;
    let path = dir.join("edge.sock");
    let control = Rc::new(Control::start(handles, LastGood::new(dir), lock, path.clone()).await);
    let listener = bind_control(&path).map_err(|source| EdgeError::File {
        path,
        action: "listen",
        source,
    })?;
    tokio::task::spawn_local(Rc::clone(&control).serve(listener));
    let lost = futures_util::future::select_all(ends);
    let within = tokio::select! {
        (_, worker, _) = lost => return Err(EdgeError::WorkerLost { worker }),
        within = control.asked_to_end() => within,
        _ = term.recv() => TERM,
    };
    control.stop(within).await;
    Ok(())
}

/// Binds the control socket so that it is never reachable by others, not even between two calls.
fn bind_control(path: &Path) -> io::Result<UnixListener> {
    let fresh = path.with_extension("sock.new");
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&fresh)?;
    std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

/// A worker's thread. The receiver ends when the thread does, for whatever reason.
fn spawn(number: usize) -> io::Result<(Handle, JoinHandle<()>, oneshot::Receiver<()>)> {
    let (orders, received) = mpsc::unbounded_channel();
    let metrics = Arc::new(WorkerMetrics::default());
    let (ready, begun) = std::sync::mpsc::channel();
    let (alive, end) = oneshot::channel::<()>();
    let counted = Arc::clone(&metrics);
    let work = move || {
        let _alive = alive;
        // A runtime of this kind belongs to the thread that builds it.
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = ready.send(Err(error));
                return;
            }
        };
        let _ = ready.send(Ok(()));
        runtime.block_on(worker::run(counted, seed(number), received));
    };
    let thread = std::thread::Builder::new().name(format!("edge-{number}")).spawn(work)?;
    begun
        .recv()
        .map_err(|_| io::Error::other("its thread ended at once"))??;
    Ok((Handle { orders, metrics }, thread, end))
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
}

/// Differs between workers and starts, so that they do not draw sides in step.
fn seed(number: usize) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(number)
}

/// Every connection of a client may need one to a target: take all descriptors that this user may have.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // Up to its own hard limit a process may always raise it; a failure shows as accept errors in the metrics.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
}
