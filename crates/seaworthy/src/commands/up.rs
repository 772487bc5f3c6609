//! `seaworthy up`: makes it so.

use seaworthy_api::{AppStatus, Finding, Plan, Release, ReleaseRequest};

use crate::autostart;
use crate::cli::Up;
use crate::client::Client;
use crate::context::{Context, Target};
use crate::examine::examine;
use crate::failure::{Exit, Failure};
use crate::follow;
use crate::project::Project;
use crate::reporter::{findings, paint::Paint};

pub(super) async fn run(context: &Context, arguments: &Up) -> Result<Exit, Failure> {
    let project = context.project()?;
    let examined = examine(context, &project)?;
    if findings::stop(&examined.findings, false) {
        return Err(Failure::Findings {
            findings: examined.findings,
        });
    }
    // Notes are for `check` and `plan`, where somebody reads; here only what will hurt is said.
    let warnings: Vec<Finding> = examined
        .findings
        .into_iter()
        .filter(|finding| finding.severity != "note")
        .collect();
    if !warnings.is_empty() {
        let remarks = findings::render(&warnings, context.reporter.err_paint());
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
    if let Some((plan, app)) = nothing_to_do(&client, &target, &request).await? {
        context.reporter.result(&plan, |paint| unchanged(&app, paint));
        return Ok(Exit::Done);
    }
    let release: Release = client.post(&target.path("/releases"), &request).await?;
    follow::taken(context, &client, &release, arguments.detach).await
}

/// The plan, if what runs is what the file says already: then there is nothing to release.
async fn nothing_to_do(
    client: &Client,
    target: &Target,
    request: &ReleaseRequest,
) -> Result<Option<(Plan, AppStatus)>, Failure> {
    let plan: Plan = client.post(&target.path("/releases?dry_run=true"), request).await?;
    if !plan.unchanged || !plan.not_available.is_empty() {
        return Ok(None);
    }
    let app: AppStatus = client.get(&target.path("")).await?;
    // While a release is under way, what runs is about to change, so the request must queue behind it.
    let rests = app.release.as_ref().is_none_or(|release| release.outcome.is_some());
    Ok(rests.then_some((plan, app)))
}

fn unchanged(app: &AppStatus, paint: Paint) -> String {
    let urls: String = app.urls.iter().map(|url| format!("  {}\n", paint.link(url))).collect();
    format!(
        "{} nothing to do; what runs is what the file says\n{urls}",
        paint.good("✓")
    )
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
