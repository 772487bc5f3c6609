//! `seaworthy restart`: new instances of the same revision.

use seaworthy_api::{Release, RestartRequest};

use crate::cli::Restart;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;

pub(super) async fn run(context: &Context, arguments: &Restart) -> Result<Exit, Failure> {
    let target = context.target().await?;
    let client = context.client()?;
    let request = RestartRequest {
        service: arguments.service.clone(),
    };
    let release: Release = client.post(&target.path("/restart"), &request).await?;
    follow::taken(context, &client, &release, arguments.detach).await
}
