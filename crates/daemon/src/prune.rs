//! Which artifacts stay: those of the revisions that rollback keeps.

use std::collections::BTreeSet;

use seaworthy_plan::{Plan, Snapshot};
use seaworthy_platform::{ArtifactId, Scope};
use seaworthy_platform_host::build::artifact_id;
use seaworthy_store::StoreError;

use crate::app::App;
use crate::process::log_line;

/// How many revisions of an application rollback can go back to.
pub(crate) const KEPT_REVISIONS: u32 = 10;

/// Forgets revisions beyond those kept, and removes artifacts that no kept revision of any application needs.
pub(crate) async fn prune(app: &App, scope: &Scope) -> Result<(), StoreError> {
    if let Some(oldest) = app.store.revisions(scope, KEPT_REVISIONS)?.last() {
        app.store.forget_revisions_before(scope, &oldest.release)?;
    }
    let mut kept: BTreeSet<ArtifactId> = BTreeSet::new();
    for scope in app.store.scopes()? {
        let stable = app.store.stable(&scope)?;
        for row in app.store.revisions(&scope, KEPT_REVISIONS)?.into_iter().chain(stable) {
            match serde_json::from_str::<Snapshot>(&row.snapshot) {
                Ok(snapshot) => kept.extend(snapshot.artifacts().cloned()),
                Err(error) => {
                    // What cannot be read may need anything, so nothing is removed.
                    log_line(&format!(
                        "revision of {} is not readable, nothing is pruned: {error}",
                        row.release
                    ));
                    return Ok(());
                }
            }
        }
    }
    // A release under way may have built what nothing runs in yet.
    for row in app.store.unfinished()? {
        let plan: Option<Plan> = row.plan.and_then(|plan| serde_json::from_str(&plan).ok());
        kept.extend(
            plan.iter()
                .flat_map(|plan| plan.to.services.values())
                .map(|service| artifact_id(&service.input)),
        );
    }
    if let Err(error) = app.platform.prune(&kept).await {
        log_line(&format!("pruning: {error}"));
    }
    Ok(())
}
