//! One-off commands in a service's artifact and environment.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::Response;
use seaworthy_api as api;
use seaworthy_platform::{EffectKey, Scope, TaskSpec};
use seaworthy_spec::CommandLine;
use seaworthy_supervise::log::Line;
use tokio::sync::mpsc;

use crate::app::App;
use crate::planning;
use crate::refusal::{Refused, reason};

pub(super) async fn run(
    State(app): State<Arc<App>>,
    Path((name, environment)): Path<(String, String)>,
    Json(request): Json<api::RunRequest>,
) -> Result<Response, Refused> {
    let scope = Scope::new(&name, &environment);
    let task = task(&app, &scope, request)?;
    let key = EffectKey {
        release: task.release.clone(),
        step: 0,
        attempt: crate::clock::timestamp().0 as u32,
    };
    let (send, mut lines) = mpsc::unbounded_channel::<Line>();
    let running = tokio::spawn(async move { app.platform.run_live(&key, &task, send).await });
    let (told, events) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(line) = lines.recv().await {
            if told
                .send(api::RunEvent::Line {
                    stream: line.source.as_str().to_owned(),
                    text: line.text,
                })
                .await
                .is_err()
            {
                return;
            }
        }
        let ended = match running.await {
            Ok(Ok(ended)) => ended.exit,
            Ok(Err(error)) => {
                let text = reason(&error).cause;
                drop(
                    told.send(api::RunEvent::Line {
                        stream: "seaworthy".to_owned(),
                        text,
                    })
                    .await,
                );
                Some(126)
            }
            Err(_) => None,
        };
        drop(told.send(api::RunEvent::Ended { exit: ended }).await);
    });
    Ok(super::lines(futures_util::stream::unfold(
        events,
        |mut events| async move {
            let event = events.recv().await?;
            Some((event, events))
        },
    )))
}

fn task(app: &App, scope: &Scope, request: api::RunRequest) -> Result<TaskSpec, Refused> {
    let Some((release, snapshot)) = planning::stable(app, scope)? else {
        return Err(Refused::conflict(
            "not_running",
            format!("nothing of {} runs in {}", scope.app, scope.environment),
            "seaworthy up starts it",
        ));
    };
    let names: Vec<&String> = snapshot.services.keys().collect();
    let service = match (request.service, names.as_slice()) {
        (Some(service), _) => service,
        (None, [only]) => (*only).clone(),
        (None, _) => {
            let several: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            return Err(Refused::usage(
                "service",
                "it has several services",
                format!("say which: --service {}", several.join(" | ")),
            ));
        }
    };
    let found = snapshot
        .services
        .get(&service)
        .ok_or_else(|| planning::unknown_service(&service))?;
    let artifact = found.artifact.clone().ok_or_else(|| {
        Refused::failed(
            "journal",
            format!("{service} has no artifact"),
            "release again from the file",
        )
    })?;
    Ok(TaskSpec {
        scope: scope.clone(),
        name: format!("run-{service}"),
        release,
        artifact,
        command: CommandLine::Exec(request.command),
        env: found.env.clone(),
    })
}
