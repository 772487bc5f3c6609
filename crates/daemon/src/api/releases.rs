//! Asking for releases, following and steering them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use seaworthy_api as api;
use seaworthy_platform::{ReleaseId, Scope};
use seaworthy_release::{Command, Entry};
use seaworthy_store::{NewRelease, ReleaseRow};
use serde::Deserialize;
use tokio::sync::watch;

use crate::app::App;
use crate::caller::Caller;
use crate::planning::{self, Asked};
use crate::refusal::Refused;
use crate::{clock, evidence, history};

type Whose = Path<(String, String)>;

/// How many releases are listed at once.
const LISTED: u32 = 100;

#[derive(Debug, Deserialize)]
pub(super) struct DryRun {
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Path((name, environment)): Whose,
    Query(query): Query<DryRun>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Json(mut request): Json<api::ReleaseRequest>,
) -> Result<Response, Refused> {
    request.environment = Some(environment.clone());
    if query.dry_run {
        return Ok(Json(planning::dry_run(&app, &request).await?).into_response());
    }
    let read = planning::read(&request)?;
    if read.scope.app != name {
        let cause = format!("the file describes \"{}\", not \"{name}\"", read.scope.app);
        return Err(Refused::usage(
            "wrong_app",
            cause,
            "ask for the application that the file describes",
        ));
    }
    let missing = planning::not_available(&read);
    if !missing.is_empty() {
        return Err(Refused::findings("not_available", missing));
    }
    let errors = planning::errors_found(&app, &read).await;
    if !errors.is_empty() {
        return Err(Refused::findings("findings", errors));
    }
    let queue = request.queue;
    let asked = Asked::Release(Box::new(request));
    accepted(&app, &read.scope, &asked, queue, &caller).await
}

pub(super) async fn rollback(
    State(app): State<Arc<App>>,
    Path((name, environment)): Whose,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Json(request): Json<api::RollbackRequest>,
) -> Result<Response, Refused> {
    let scope = Scope::new(&name, &environment);
    let target = planning::rollback_target(&app, &scope, request.to.as_deref())?;
    accepted(&app, &scope, &Asked::Rollback(target), request.queue, &caller).await
}

pub(super) async fn restart(
    State(app): State<Arc<App>>,
    Path((name, environment)): Whose,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Json(request): Json<api::RestartRequest>,
) -> Result<Response, Refused> {
    let scope = Scope::new(&name, &environment);
    let services = known_services(&app, &scope)?;
    let wanted = match request.service {
        Some(service) if services.contains(&service) => BTreeSet::from([service]),
        Some(service) => return Err(planning::unknown_service(&service)),
        None => services,
    };
    accepted(&app, &scope, &Asked::Restart(wanted), api::Queue::Wait, &caller).await
}

pub(super) async fn scale(
    State(app): State<Arc<App>>,
    Path((name, environment)): Whose,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Json(request): Json<api::ScaleRequest>,
) -> Result<Response, Refused> {
    let scope = Scope::new(&name, &environment);
    if !known_services(&app, &scope)?.contains(&request.service) {
        return Err(planning::unknown_service(&request.service));
    }
    if request.replicas == 0 {
        let cause = format!("{} would not serve any more", request.service);
        return Err(Refused::usage(
            "scale",
            cause,
            "seaworthy down stops the application; 1 is the least",
        ));
    }
    accepted(&app, &scope, &Asked::Scale(request), api::Queue::Wait, &caller).await
}

fn known_services(app: &App, scope: &Scope) -> Result<BTreeSet<String>, Refused> {
    match planning::stable(app, scope)? {
        Some((_, snapshot)) => Ok(snapshot.services.into_keys().collect()),
        None => Err(Refused::conflict(
            "not_running",
            format!("nothing of {} runs in {}", scope.app, scope.environment),
            "seaworthy up starts it",
        )),
    }
}

async fn accepted(
    app: &Arc<App>,
    scope: &Scope,
    asked: &Asked,
    queue: api::Queue,
    caller: &Caller,
) -> Result<Response, Refused> {
    let new = NewRelease {
        scope: scope.clone(),
        kind: asked.word().to_owned(),
        request: history::document(asked),
        by: caller.name(),
        asked_ms: clock::timestamp().0,
    };
    let release = app.conductor(scope).submit(new, queue).await?;
    let row = found(app, release.as_str())?;
    Ok((StatusCode::ACCEPTED, Json(history::told(app, &row, true)?)).into_response())
}

pub(super) async fn list(State(app): State<Arc<App>>, Path((name, environment)): Whose) -> Result<Response, Refused> {
    let rows = app.store.releases(&Scope::new(&name, &environment), LISTED)?;
    let told: Result<Vec<api::Release>, _> = rows.iter().map(|row| history::told(&app, row, false)).collect();
    Ok(Json(told?).into_response())
}

pub(super) async fn show(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let row = found(&app, &id)?;
    Ok(Json(history::told(&app, &row, true)?).into_response())
}

pub(super) async fn evidence(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, Refused> {
    let row = found(&app, &id)?;
    if row.outcome.is_none() {
        return Err(Refused::conflict(
            "not_now",
            format!("{id} has not ended, so there is no evidence of it yet"),
            format!("ask again when it has; seaworthy release show {id} --follow watches it"),
        ));
    }
    let key = evidence::installation_key(&app.state)
        .map_err(|error| Refused::failed("key", error.to_string(), error.remedy()))?;
    let document = history::for_evidence(&app, &row)?;
    Ok(Json(evidence::sign(document, &key)).into_response())
}

pub(super) async fn events(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    Query(query): Query<After>,
) -> Result<Response, Refused> {
    let release = found(&app, &id)?.id;
    let follower = Follower {
        journal: app.follow_journal(),
        telling: history::Telling::default(),
        ended: false,
    };
    let stream = futures_util::stream::unfold(follower, move |mut follower| {
        let (app, release) = (Arc::clone(&app), release.clone());
        async move {
            let events = follower.next(&app, &release, query.after).await?;
            Some((events, follower))
        }
    });
    use futures_util::StreamExt as _;
    Ok(super::lines(stream.flat_map(futures_util::stream::iter)))
}

/// One who follows a release's journal.
struct Follower {
    journal: watch::Receiver<u64>,
    telling: history::Telling,
    ended: bool,
}

impl Follower {
    /// The next events; none when the release has ended, or the daemon does.
    async fn next(&mut self, app: &App, release: &ReleaseId, after: u64) -> Option<Vec<api::Event>> {
        while !self.ended {
            self.journal.borrow_and_update();
            let lines = history::entries(app, release, self.telling.seen()).ok()?;
            self.ended = lines.iter().any(|(_, _, entry)| matches!(entry, Entry::Ended { .. }));
            let events = self.telling.events(release, &lines, after);
            if !events.is_empty() {
                return Some(events);
            }
            if !self.ended {
                self.journal.changed().await.ok()?;
            }
        }
        None
    }
}

pub(super) async fn abort(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    steer(&app, &id, Command::Abort { by: caller.name() }).await
}

pub(super) async fn approve(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    steer(&app, &id, Command::Approve { by: caller.name() }).await
}

pub(super) async fn promote(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    steer(&app, &id, Command::Promote { by: caller.name() }).await
}

pub(super) async fn pause(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    steer(&app, &id, Command::Pause { by: caller.name() }).await
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ConnectInfo(caller): ConnectInfo<Caller>,
) -> Result<Response, Refused> {
    steer(&app, &id, Command::Resume { by: caller.name() }).await
}

pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    Json(answer): Json<api::AnswerRequest>,
) -> Result<Response, Refused> {
    steer(
        &app,
        &id,
        Command::Answer {
            by: caller.name(),
            answer: answer.answer,
        },
    )
    .await
}

async fn steer(app: &Arc<App>, id: &str, command: Command) -> Result<Response, Refused> {
    let row = found(app, id)?;
    if row.outcome.is_some() {
        return Err(Refused::conflict(
            "ended",
            format!("{id} has ended"),
            "rollback goes back to a kept release",
        ));
    }
    app.conductor(&row.scope).steer(row.id.clone(), command).await?;
    let row = found(app, id)?;
    Ok(Json(history::told(app, &row, true)?).into_response())
}

fn found(app: &App, id: &str) -> Result<ReleaseRow, Refused> {
    let unknown = || {
        Refused::unknown(
            "unknown_release",
            format!("there is no release {id}"),
            "seaworthy releases lists them",
        )
    };
    app.store.release(&ReleaseId::from(id))?.ok_or_else(unknown)
}
