//! `seaworthy status`: one honest picture of what runs.

use seaworthy_api::AppStatus;
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::reporter::status as view;

#[derive(Serialize)]
struct All {
    version: u32,
    apps: Vec<AppStatus>,
}

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    match context.project() {
        Ok(_) => {
            let target = context.target().await?;
            let app: AppStatus = context.client()?.get(&target.path("")).await?;
            context.reporter.result(&app, |paint| view::render(&app, paint));
        }
        // Away from any file, the picture is of everything this daemon runs.
        Err(Failure::NoFile { .. }) => {
            let apps: Vec<AppStatus> = context.client()?.get("/v1/apps").await?;
            let all = All {
                version: seaworthy_api::VERSION,
                apps,
            };
            context.reporter.result(&all, |paint| {
                if all.apps.is_empty() {
                    return "nothing runs; there is no application\n".to_owned();
                }
                all.apps
                    .iter()
                    .map(|app| view::render(app, paint))
                    .collect::<Vec<_>>()
                    .join("\n")
            });
        }
        Err(failure) => return Err(failure),
    }
    Ok(Exit::Done)
}
