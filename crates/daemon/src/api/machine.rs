//! The daemon itself.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use seaworthy_api as api;

use crate::app::App;
use crate::refusal::Refused;

/// How long the edge may take to finish what is in flight when everything is stopped.
const EDGE_STOP: Duration = Duration::from_secs(5);

pub(super) async fn daemon(State(app): State<Arc<App>>) -> Json<api::DaemonStatus> {
    Json(api::DaemonStatus {
        version: api::VERSION,
        seaworthy: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        state: app.state.display().to_string(),
        since_ms: app.since_ms,
    })
}

/// Stops every application, the edge and the daemon.
pub(super) async fn shutdown(
    State(app): State<Arc<App>>,
    axum::extract::ConnectInfo(caller): axum::extract::ConnectInfo<crate::caller::Caller>,
) -> Result<Response, Refused> {
    // All or nothing: a release under way is found before the first application is stopped.
    if let Some(row) = app.store.unfinished()?.first() {
        return Err(Refused::busy_to_stop(row.id.as_str()));
    }
    let mut what = Vec::new();
    for scope in app.store.scopes()? {
        let stopped = app.conductor(&scope).stop(caller.name(), false).await?;
        what.extend(
            stopped
                .into_iter()
                .map(|line| format!("{}/{}: {line}", scope.app, scope.environment)),
        );
    }
    app.edge.stop(EDGE_STOP).await;
    what.push("stopped the edge and the daemon".to_owned());
    app.shut_down();
    Ok(Json(api::Done {
        version: api::VERSION,
        what,
        release: None,
    })
    .into_response())
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Refused> {
    Ok(app.edge.metrics().await?.into_response())
}

pub(super) async fn description() -> Response {
    Json(super::openapi()).into_response()
}

pub(super) async fn not_found(uri: Uri) -> Refused {
    Refused::unknown(
        "unknown_path",
        format!("there is nothing at {}", uri.path()),
        "GET /v1/openapi.json describes the API",
    )
}
