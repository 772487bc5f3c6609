//! Stops an application: out of the routes first, then drained and stopped.

use seaworthy_platform::{EffectKey, Platform as _, PlatformError, ReleaseId, Routing, Scope};
use seaworthy_release::Outcome;
use seaworthy_store::NewRelease;

use crate::app::App;
use crate::refusal::{Refused, reason};
use crate::{clock, history};

/// Stops everything of a scope. With `forget`, removes its history, logs and artifacts too.
pub(super) async fn stop(app: &App, scope: &Scope, by: &str, forget: bool) -> Result<Vec<String>, Refused> {
    let kind = if forget { "destroy" } else { "down" };
    let new = NewRelease {
        scope: scope.clone(),
        kind: kind.to_owned(),
        request: "{}".to_owned(),
        by: by.to_owned(),
        asked_ms: clock::timestamp().0,
    };
    let release = app.store.insert_release(&new)?;
    let mut what = match take_away(app, scope, &release).await {
        Ok(what) => what,
        Err(error) => {
            history::write_end(app, &release, Outcome::Aborted, Some(reason(&error)))?;
            return Err(error.into());
        }
    };
    app.store.clear_stable(scope)?;
    history::write_end(app, &release, Outcome::Succeeded, None)?;
    if forget {
        // The journal goes last: whoever asks again after a failure must find what is left.
        app.platform.forget(scope).await?;
        app.store.forget(scope)?;
        crate::prune::prune(app, scope).await?;
        what.push("removed its history, logs and artifacts".to_owned());
    }
    if what.is_empty() {
        what.push("nothing was running".to_owned());
    }
    Ok(what)
}

/// Out of the routes first, so that nobody is sent to what stops.
async fn take_away(app: &App, scope: &Scope, release: &ReleaseId) -> Result<Vec<String>, PlatformError> {
    let key = EffectKey {
        release: release.clone(),
        step: 1,
        attempt: 1,
    };
    let sides = app.platform.observe(Some(scope)).await;
    app.platform.route(&key, scope, &Routing::default()).await?;
    let mut what = Vec::new();
    for side in &sides {
        app.platform.remove(&side.side).await?;
        what.push(format!("stopped {} × {}", side.instances.len(), side.side));
    }
    Ok(what)
}
