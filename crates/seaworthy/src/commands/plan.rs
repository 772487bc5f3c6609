//! `seaworthy plan`: what `up` would do. Nothing is started, changed or written.

use seaworthy_api::Plan;

use crate::cli;
use crate::context::{Context, Target};
use crate::examine::examine;
use crate::failure::{Exit, Failure};
use crate::reporter::{findings, plan as view};

pub(super) async fn run(context: &Context, arguments: &cli::Plan) -> Result<Exit, Failure> {
    let project = context.project()?;
    let examined = examine(context, &project)?;
    let spec = &examined.merged.spec;
    let target = Target {
        app: spec.app.clone(),
        environment: spec.environment.name.clone(),
    };
    let request = super::up::request(context, &project)?;
    let client = context.client()?;
    let mut plan: Plan = if client.reachable().await {
        client.post(&target.path("/releases?dry_run=true"), &request).await?
    } else {
        context
            .reporter
            .say("no daemon runs here, so this is the plan of a first release");
        let offline = seaworthy_daemon::planning::offline(&request, &context.state()?).await;
        offline.map_err(|refused| Failure::Refused(Box::new(refused.error().clone())))?
    };
    plan.findings.splice(0..0, examined.findings);
    context.reporter.result(&plan, |paint| view::render(&plan, paint));
    Ok(match findings::stop(&plan.findings, arguments.strict) {
        true => Exit::Findings,
        false => Exit::Done,
    })
}
