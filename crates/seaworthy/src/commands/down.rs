//! `seaworthy down`: stops an application, or everything, keeping its data.

use seaworthy_api::{Done, DownRequest};

use crate::cli::Down;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) async fn run(context: &Context, arguments: &Down) -> Result<Exit, Failure> {
    let client = context.client()?;
    let path = match arguments.all {
        true => "/v1/shutdown".to_owned(),
        false => {
            let target = context.target().await?;
            // Existing requests may finish, which can take as long as the longest `drain`.
            context
                .reporter
                .say(&format!("stopping {} · {}", target.app, target.environment));
            target.path("/down")
        }
    };
    let done: Done = client.post(&path, &DownRequest {}).await?;
    context
        .reporter
        .result(&done, |_| done.what.iter().map(|line| format!("{line}\n")).collect());
    Ok(Exit::Done)
}
