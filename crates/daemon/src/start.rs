//! Start of the control process: lock, journal, edge, platform, what was under way, API.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use seaworthy_platform_host::build::Machine;
use seaworthy_platform_host::{EdgePort, HostOptions, HostPlatform, Notice};
use seaworthy_store::Store;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast;

use crate::app::App;
use crate::edge_supervisor::EdgeSupervisor;
use crate::error::DaemonError;
use crate::lock::StateLock;
use crate::process::log_line;
use crate::secrets::Secrets;
use crate::{api, history};

/// Where the daemon works, and what it starts.
#[derive(Debug, Clone)]
pub struct DaemonOptions {
    /// The state directory.
    pub state: PathBuf,
    /// The binary that edge, keepers and launchers are started from.
    pub binary: PathBuf,
}

/// Runs the daemon until it is asked to end.
///
/// # Errors
/// [`DaemonError`] when it cannot start; nothing was changed then.
pub fn run(options: &DaemonOptions) -> Result<(), DaemonError> {
    let machine = |cause| DaemonError::Machine {
        place: "runtime".to_owned(),
        cause,
    };
    // Two threads are enough for what a control process does, and keep it small.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(16)
        .thread_name("daemon")
        .enable_all()
        .build()
        .map_err(machine)?;
    let ended = runtime.block_on(serve(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended
}

async fn serve(options: &DaemonOptions) -> Result<(), DaemonError> {
    let state = make_state(&options.state)?;
    let _lock = StateLock::take(&state)?;
    let listener = api::bind(&state.join("daemon.sock"))?;
    let store = Store::open(&state)?;
    let secrets = Secrets::new(state.clone());
    let edge = Arc::new(EdgeSupervisor::new(&state, options.binary.clone()));
    edge.start().await?;
    let platform = HostPlatform::open(HostOptions::new(
        state.clone(),
        options.binary.clone(),
        Arc::new(secrets.clone()),
        Arc::clone(&edge) as Arc<dyn EdgePort>,
        Machine::of_this_process(),
    ))?;
    let notices = platform.notices();
    platform.adopt().await?;
    if let Err(error) = platform.republish().await {
        // What failed is tried again in the background; meanwhile the edge goes on with what it has.
        log_line(&format!("not every route could be told to the edge: {error}"));
    }
    tokio::spawn(note(notices));
    let app = Arc::new(App::new(
        state.clone(),
        store,
        Arc::new(platform),
        Arc::clone(&edge),
        secrets,
    ));
    if let Err(error) = edge.settle().await {
        // The edge goes on with its last good configuration; the next release says what is wrong.
        log_line(&format!("the edge did not take the adopted routes up: {error}"));
    }
    resume(&app).await?;
    watch_signals(&app);
    log_line(&format!("serving {}", state.display()));
    api::serve(app, listener).await?;
    log_line("ended");
    Ok(())
}

/// Writes down what happened by itself: keepers replaced, requests cut off at the end of a drain.
async fn note(mut notices: broadcast::Receiver<Notice>) {
    loop {
        match notices.recv().await {
            Ok(notice) => {
                let instance = notice.instance.map(|id| format!("{id}: ")).unwrap_or_default();
                log_line(&format!("{}: {instance}{}", notice.scope, notice.text));
            }
            Err(broadcast::error::RecvError::Lagged(missed)) => log_line(&format!("{missed} notices were missed")),
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Makes the state directory: others may pass through it (instances run as other users) and list nothing.
fn make_state(state: &Path) -> Result<PathBuf, DaemonError> {
    let failed = |cause| DaemonError::Machine {
        place: state.display().to_string(),
        cause,
    };
    if !state.exists() {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(state)
            .map_err(failed)?;
        std::fs::set_permissions(state, std::fs::Permissions::from_mode(0o711)).map_err(failed)?;
    }
    state.canonicalize().map_err(failed)
}

/// Takes up what an earlier daemon left unfinished.
async fn resume(app: &Arc<App>) -> Result<(), DaemonError> {
    for row in app.store.unfinished()? {
        log_line(&format!("{} of {} was under way", row.id, row.scope));
        if matches!(row.kind.as_str(), "down" | "destroy") {
            // Stopping is asked for again by whoever wants it; half of it done is a stopped half.
            let reason =
                seaworthy_release::Reason::new("interrupted", "the daemon ended in the middle of it", "ask again");
            history::write_end(app, &row.id, seaworthy_release::Outcome::Aborted, Some(reason))?;
            continue;
        }
        app.conductor(&row.scope).resume(row.id).await;
    }
    Ok(())
}

/// SIGTERM and SIGINT end the daemon alone: edge, keepers and instances go on.
fn watch_signals(app: &Arc<App>) {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let app = Arc::clone(app);
        match signal(kind) {
            Ok(mut signal) => drop(tokio::spawn(async move {
                if signal.recv().await.is_some() {
                    app.shut_down();
                }
            })),
            Err(error) => log_line(&format!("signals are not watched: {error}")),
        }
    }
}
