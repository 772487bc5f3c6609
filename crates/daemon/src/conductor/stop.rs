//! Stops an application: out of the routes first, then drained and stopped.

use seaworthy_platform::{EffectKey, Platform as _, Routing, Scope};
use seaworthy_release::Outcome;
use seaworthy_store::NewRelease;

use crate::app::App;
use crate::refusal::Refused;
use crate::{clock, history};

/// Stops everything of a scope. With `forget`, removes its history, logs and artifacts too.
pub(super) async fn stop(app: &App, scope: &Scope, by: &str, forget: bool) -> Result<Vec<String>, Refused> {
    let mut what = Vec::new();
    let sides = app.platform.observe(Some(scope)).await;
    let kind = if forget { "destroy" } else { "down" };
    let new = NewRelease {
        scope: scope.clone(),
        kind: kind.to_owned(),
        request: "{}".to_owned(),
        by: by.to_owned(),
        asked_ms: clock::timestamp().0,
    };
    let release = app.store.insert_release(&new)?;
    let key = EffectKey {
        release: release.clone(),
        step: 1,
        attempt: 1,
    };
    app.platform.route(&key, scope, &Routing::default()).await?;
    for side in &sides {
        app.platform.remove(&side.side).await?;
        what.push(format!("stopped {} × {}", side.instances.len(), side.side));
    }
    app.store.clear_stable(scope)?;
    history::write_end(app, &release, Outcome::Succeeded, None)?;
    if forget {
        app.store.forget(scope)?;
        app.platform.forget(scope).await?;
        crate::prune::prune(app, scope).await?;
        what.push("removed its history, logs and artifacts".to_owned());
    }
    if what.is_empty() {
        what.push("nothing was running".to_owned());
    }
    Ok(what)
}
