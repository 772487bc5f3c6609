//! What the commands that steer a release share: which release, and how it is asked.

use seaworthy_api::{AppStatus, Release};
use serde_json::Value;

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Asks something of a release and says that it was taken up.
pub(super) async fn ask(
    context: &Context,
    id: Option<&str>,
    verb: &str,
    body: &Value,
    done: &str,
) -> Result<Exit, Failure> {
    let id = which(context, id).await?;
    let release: Release = context
        .client()?
        .post(&format!("/v1/releases/{id}/{verb}"), body)
        .await?;
    if context.reporter.json() {
        context.reporter.document(&release);
    } else {
        context.reporter.say(&format!(
            "{} {done}; `seaworthy release show {} --follow` watches it",
            release.id, release.id
        ));
    }
    Ok(Exit::Done)
}

/// The release that was named, else the one under way.
pub(super) async fn which(context: &Context, id: Option<&str>) -> Result<String, Failure> {
    match id {
        Some(id) => {
            super::release::named(id)?;
            Ok(id.to_owned())
        }
        None => under_way(context).await,
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
