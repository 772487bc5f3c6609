//! What is compared with a plan before anything starts.

use seaworthy_plan::{Action, Plan};
use seaworthy_release::Reason;

use crate::app::App;

/// Checks that the new sides fit beside the old ones (the memory they ask for, the free space they are built into), and
/// that no other application has their routes.
pub(crate) async fn check_fit(app: &App, plan: &Plan) -> Result<(), Reason> {
    if let Some(clash) = app
        .edge
        .clash(&plan.scope, plan.to.http.as_deref(), &plan.to.routes)
        .await
    {
        return Err(Reason::new(
            "route_taken",
            clash,
            "give one of them another host or path",
        ));
    }
    let asked: u64 = plan
        .changes
        .iter()
        .map(|change| {
            let extra = match &change.action {
                Action::Add { replicas, .. } => *replicas,
                Action::Replace { replicas, .. } if plan.beside() => *replicas,
                Action::Replace { replicas, .. } => plan.settings.max_surge.min(*replicas),
                Action::Scale { from, to, .. } => to.saturating_sub(*from),
                Action::Restart { .. } => 1,
                Action::Keep { .. } | Action::Remove { .. } => 0,
            };
            let memory = plan
                .to
                .services
                .get(&change.service)
                .and_then(|service| service.memory)
                .map_or(0, |memory| memory.low.bytes);
            memory * u64::from(extra)
        })
        .sum();
    let free = app.platform.free().map_err(|error| crate::refusal::reason(&error))?;
    if asked > free.memory {
        return Err(Reason::new(
            "does_not_fit",
            format!(
                "the new instances ask for {} of memory and {} is available",
                mebibytes(asked),
                mebibytes(free.memory)
            ),
            "ask for less memory, run fewer replicas, or use a larger machine",
        ));
    }
    if free.disk < LEAST_DISK {
        return Err(Reason::new(
            "disk_full",
            format!(
                "{} is left on the disk of the state directory, {} is the least for a release",
                mebibytes(free.disk),
                mebibytes(LEAST_DISK)
            ),
            "free some space; seaworthy keeps no more than the last revisions",
        ));
    }
    Ok(())
}

/// The least free space with which a release begins: enough for the journal and a small artifact.
const LEAST_DISK: u64 = 64 << 20;

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}
