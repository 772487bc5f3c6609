//! `seaworthy abort`: takes back the release under way.

use seaworthy_api::Release;
use serde_json::json;

use crate::cli::Abort;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;

pub(super) async fn run(context: &Context, arguments: &Abort) -> Result<Exit, Failure> {
    let client = context.client()?;
    let id = super::steer::which(context, arguments.id.as_deref()).await?;
    let release: Release = client.post(&format!("/v1/releases/{id}/abort"), &json!({})).await?;
    match follow::taken(context, &client, &release, arguments.detach).await? {
        // Aborted is what was wanted here.
        Exit::Aborted => Ok(Exit::Done),
        exit => Ok(exit),
    }
}
