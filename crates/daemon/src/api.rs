//! The HTTP/JSON API on the daemon's Unix socket.
//!
//! The socket is the boundary: it belongs to its owner alone (0600), and the kernel says who calls.

mod apps;
mod logs;
mod machine;
mod openapi;
mod releases;
mod task;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::Stream;
use serde::Serialize;
use tokio::net::UnixListener;

use crate::app::App;
use crate::caller::Caller;
use crate::error::DaemonError;

pub use openapi::openapi;

/// Every path of the API, with what answers it.
fn router(app: Arc<App>) -> Router {
    let of_app = |rest: &str| format!("/v1/apps/{{app}}/{{environment}}{rest}");
    Router::new()
        .route("/v1/daemon", get(machine::daemon))
        .route("/v1/shutdown", post(machine::shutdown))
        .route("/metrics", get(machine::metrics))
        .route("/v1/openapi.json", get(machine::description))
        .route("/v1/apps", get(apps::list))
        .route(&of_app(""), get(apps::status))
        .route(&of_app("/releases"), post(releases::submit).get(releases::list))
        .route(&of_app("/rollback"), post(releases::rollback))
        .route(&of_app("/restart"), post(releases::restart))
        .route(&of_app("/scale"), post(releases::scale))
        .route(&of_app("/run"), post(task::run))
        .route(&of_app("/down"), post(apps::down))
        .route(&of_app("/destroy"), post(apps::destroy))
        .route(&of_app("/logs"), get(logs::logs))
        .route("/v1/releases/{id}", get(releases::show))
        .route("/v1/releases/{id}/events", get(releases::events))
        .route("/v1/releases/{id}/evidence", get(releases::evidence))
        .route("/v1/releases/{id}/abort", post(releases::abort))
        .route("/v1/releases/{id}/approve", post(releases::approve))
        .route("/v1/releases/{id}/promote", post(releases::promote))
        .route("/v1/releases/{id}/pause", post(releases::pause))
        .route("/v1/releases/{id}/resume", post(releases::resume))
        .route("/v1/releases/{id}/answer", post(releases::answer))
        .fallback(machine::not_found)
        .with_state(app)
}

/// Binds the daemon's socket. Sets the process's umask for an instant, so call it before anything else runs.
pub(crate) fn bind(socket: &Path) -> Result<UnixListener, DaemonError> {
    let failed = |cause| DaemonError::Machine {
        place: socket.display().to_string(),
        cause,
    };
    // The lock on the state directory says that no other daemon listens here, so an old socket is a leftover.
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
        _ => bind_private(socket).map_err(failed),
    }
}

/// Serves the API until the daemon shall end.
pub(crate) async fn serve(app: Arc<App>, listener: UnixListener) -> Result<(), DaemonError> {
    let failed = |cause| DaemonError::Machine {
        place: "daemon.sock".to_owned(),
        cause,
    };
    let mut shutdown = app.shutdown();
    let service = router(Arc::clone(&app)).into_make_service_with_connect_info::<Caller>();
    let ended = async move {
        // The sender lives as long as the application.
        let _ = shutdown.wait_for(|ending| *ending).await;
    };
    let serving = axum::serve(listener, service).with_graceful_shutdown(ended);
    let limit = async {
        let mut shutdown = app.shutdown();
        let _ = shutdown.wait_for(|ending| *ending).await;
        // Streams that somebody follows would otherwise keep the daemon.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    };
    tokio::select! {
        served = serving.into_future() => served.map_err(failed),
        () = limit => Ok(()),
    }
}

/// Binds the socket so that there is no instant in which others may connect: made private under another name, then moved.
fn bind_private(socket: &Path) -> std::io::Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    let private = socket.with_extension("binding");
    match std::fs::remove_file(&private) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(&private);
    rustix::process::umask(before);
    let listener = listener?;
    std::fs::set_permissions(&private, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&private, socket)?;
    Ok(listener)
}

/// One JSON document per line, as they come.
fn lines<T: Serialize>(items: impl Stream<Item = T> + Send + 'static) -> Response {
    use futures_util::StreamExt as _;
    let lines = items.map(|item| {
        let mut line = serde_json::to_vec(&item).unwrap_or_default();
        line.push(b'\n');
        Ok::<_, std::convert::Infallible>(line)
    });
    let mut response = Response::new(Body::from_stream(lines));
    let kind = axum::http::HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(axum::http::header::CONTENT_TYPE, kind);
    response
}
