//! `seaworthy run -- CMD`: a one-off command in a service's artifact and environment.

use seaworthy_api::{RunEvent, RunRequest};
use serde::Serialize;

use crate::cli::Run;
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// An event of the stream, with the version that every document carries.
#[derive(Serialize)]
struct Versioned<'a> {
    version: u32,
    #[serde(flatten)]
    event: &'a RunEvent,
}

pub(super) async fn run(context: &Context, arguments: &Run) -> Result<Exit, Failure> {
    let target = context.target().await?;
    let request = RunRequest {
        service: arguments.service.clone(),
        command: arguments.command.clone(),
    };
    let mut lines = context.client()?.post_stream(&target.path("/run"), &request).await?;
    while let Some(event) = lines.next::<RunEvent>().await? {
        if context.reporter.json() {
            context.reporter.document(&Versioned {
                version: seaworthy_api::VERSION,
                event: &event,
            });
        }
        match event {
            RunEvent::Line { .. } if context.reporter.json() => {}
            // What its keeper has to say about it (started, ended) is told by how this command ends.
            RunEvent::Line { stream, .. } if stream == "keeper" => {}
            RunEvent::Line { stream, text } if stream == "err" => context.reporter.say(&text),
            RunEvent::Line { text, .. } => context.reporter.line(&text),
            RunEvent::Ended { exit } => return Ok(ended(context, exit)),
        }
    }
    Err(Failure::Answer {
        what: "run".into(),
        cause: "the daemon stopped before the command had ended".into(),
    })
}

/// The command's own status is said, not passed on: the codes of this command line have their own meaning.
fn ended(context: &Context, exit: Option<i32>) -> Exit {
    match exit {
        Some(0) => return Exit::Done,
        Some(code) => context.reporter.say(&format!("the command ended with status {code}")),
        None => context.reporter.say("the command was killed by a signal"),
    }
    Exit::Failed
}
