//! `seaworthy up`: makes it so.

use seaworthy_api::{Release, ReleaseRequest};

use crate::autostart;
use crate::cli::Up;
use crate::context::{Context, Target};
use crate::examine::examine;
use crate::failure::{Exit, Failure};
use crate::follow;
use crate::project::Project;
use crate::reporter::findings;

pub(super) async fn run(context: &Context, arguments: &Up) -> Result<Exit, Failure> {
    let project = context.project()?;
    let examined = examine(context, &project)?;
    if findings::stop(&examined.findings, false) {
        return Err(Failure::Findings {
            findings: examined.findings,
        });
    }
    if !examined.findings.is_empty() {
        let remarks = findings::render(&examined.findings, context.reporter.err_paint());
        context.reporter.say(remarks.trim_end());
    }
    let target = Target {
        app: examined.merged.spec.app,
        environment: context.environment()?.to_owned(),
    };
    let mut request = request(context, &project)?;
    request.queue = arguments.queueing.queue();
    request.allow_downtime = arguments.allow_downtime;
    let (client, started) = autostart::ensure(&context.state()?, &autostart::this_binary()?).await?;
    if started {
        context.reporter.say("the daemon was not running; started it");
    }
    let release: Release = client.post(&target.path("/releases"), &request).await?;
    follow::taken(context, &client, &release, arguments.detach).await
}

/// What is asked of the daemon for this file.
pub(super) fn request(context: &Context, project: &Project) -> Result<ReleaseRequest, Failure> {
    Ok(ReleaseRequest {
        file: project.text.clone(),
        path: project.path.display().to_string(),
        environment: Some(context.environment()?.to_owned()),
        commit: project.commit(),
        queue: seaworthy_api::Queue::Wait,
        allow_downtime: false,
    })
}
