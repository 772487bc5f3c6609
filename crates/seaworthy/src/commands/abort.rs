//! `seaworthy abort`: takes back the release under way.

use seaworthy_api::{AppStatus, Release};
use serde_json::json;

use crate::cli::Abort;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;

pub(super) async fn run(context: &Context, arguments: &Abort) -> Result<Exit, Failure> {
    let client = context.client()?;
    let id = match &arguments.id {
        Some(id) => {
            super::release::named(id)?;
            id.clone()
        }
        None => under_way(context).await?,
    };
    let release: Release = client.post(&format!("/v1/releases/{id}/abort"), &json!({})).await?;
    match follow::taken(context, &client, &release, arguments.detach).await? {
        // Aborted is what was wanted here.
        Exit::Aborted => Ok(Exit::Done),
        exit => Ok(exit),
    }
}

async fn under_way(context: &Context) -> Result<String, Failure> {
    let target = context.target().await?;
    let app: AppStatus = context.client()?.get(&target.path("")).await?;
    let release = app.release.filter(|release| release.outcome.is_none());
    release.map(|release| release.id).ok_or_else(|| Failure::Usage {
        cause: format!("no release of {} · {} is under way", target.app, target.environment),
        remedy: "`seaworthy rollback` goes back to the revision before".into(),
    })
}
