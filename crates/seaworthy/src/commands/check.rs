//! `seaworthy check`: validates file, environment and machine. Needs no daemon and changes nothing.

use seaworthy_api::Finding;
use serde::Serialize;

use crate::cli::Check;
use crate::context::Context;
use crate::examine::examine;
use crate::failure::{Exit, Failure};
use crate::reporter::findings as view;

#[derive(Serialize)]
struct Checked {
    version: u32,
    app: String,
    environment: String,
    /// Whether `up` may go on.
    passed: bool,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct MergedFile {
    version: u32,
    app: String,
    environment: String,
    merged: String,
}

pub(super) fn run(context: &Context, arguments: &Check) -> Result<Exit, Failure> {
    let project = context.project()?;
    let examined = examine(context, &project)?;
    let (app, environment) = (
        examined.merged.spec.app.clone(),
        examined.merged.spec.environment.name.clone(),
    );
    if arguments.merged {
        let merged = examined.merged.to_toml_with_origins();
        let document = MergedFile {
            version: seaworthy_api::VERSION,
            app,
            environment,
            merged,
        };
        context.reporter.result(&document, |_| document.merged.clone());
        return Ok(Exit::Done);
    }
    let stop = view::stop(&examined.findings, arguments.strict);
    let checked = Checked {
        version: seaworthy_api::VERSION,
        app,
        environment,
        passed: !stop,
        findings: examined.findings,
    };
    context.reporter.result(&checked, |paint| {
        let findings = view::render(&checked.findings, paint);
        let gap = if findings.is_empty() { "" } else { "\n" };
        let mark = if stop { paint.bad("✗") } else { paint.good("✓") };
        format!(
            "{findings}{gap}{mark} {} · {}: {}\n",
            checked.app,
            checked.environment,
            view::summary(&checked.findings)
        )
    });
    Ok(if stop { Exit::Findings } else { Exit::Done })
}
