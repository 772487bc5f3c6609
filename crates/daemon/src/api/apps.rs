//! Applications: listing, status, stopping.

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse as _, Response};
use seaworthy_api as api;
use seaworthy_platform::Scope;

use crate::app::App;
use crate::caller::Caller;
use crate::refusal::Refused;
use crate::status;

type Whose = Path<(String, String)>;

pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Response, Refused> {
    let mut apps = Vec::new();
    for scope in app.store.scopes()? {
        apps.push(status::status(&app, &scope).await?);
    }
    Ok(Json(apps).into_response())
}

pub(super) async fn status(State(app): State<Arc<App>>, Path((name, environment)): Whose) -> Result<Response, Refused> {
    Ok(Json(status::status(&app, &Scope::new(&name, &environment)).await?).into_response())
}

pub(super) async fn down(
    State(app): State<Arc<App>>,
    Path((name, environment)): Whose,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    stop(&app, &Scope::new(&name, &environment), &caller, false).await
}

pub(super) async fn destroy(
    State(app): State<Arc<App>>,
    Path((name, environment)): Whose,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    stop(&app, &Scope::new(&name, &environment), &caller, true).await
}

async fn stop(app: &Arc<App>, scope: &Scope, caller: &Caller, forget: bool) -> Result<Response, Refused> {
    if app.store.releases(scope, 1)?.is_empty() {
        let cause = format!("{} was never released in {} here", scope.app, scope.environment);
        return Err(Refused::unknown(
            "unknown_app",
            cause,
            "seaworthy status shows what runs here",
        ));
    }
    let what = app.conductor(scope).stop(caller.name(), forget).await?;
    Ok(Json(api::Done {
        version: api::VERSION,
        what,
        release: None,
    })
    .into_response())
}
