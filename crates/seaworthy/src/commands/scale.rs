//! `seaworthy scale`: how many instances a service has, until the next release.

use seaworthy_api::{Release, ScaleRequest};

use crate::cli::Scale;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;

pub(super) async fn run(context: &Context, arguments: &Scale) -> Result<Exit, Failure> {
    let target = context.target().await?;
    let client = context.client()?;
    let (service, replicas) = arguments.to.clone();
    let release: Release = client
        .post(&target.path("/scale"), &ScaleRequest { service, replicas })
        .await?;
    follow::taken(context, &client, &release, arguments.detach).await
}
