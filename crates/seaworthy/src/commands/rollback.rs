//! `seaworthy rollback`: goes back to a revision that was kept.

use seaworthy_api::{Release, RollbackRequest};

use crate::cli::Rollback;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;

pub(super) async fn run(context: &Context, arguments: &Rollback) -> Result<Exit, Failure> {
    if let Some(id) = &arguments.id {
        super::release::named(id)?;
    }
    let target = context.target().await?;
    let client = context.client()?;
    let request = RollbackRequest {
        to: arguments.id.clone(),
        queue: arguments.queueing.queue(),
    };
    let release: Release = client.post(&target.path("/rollback"), &request).await?;
    follow::taken(context, &client, &release, arguments.detach).await
}
