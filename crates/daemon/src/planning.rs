//! From what was asked to a plan: read the file, look at the sources, compare with what is stable.

mod file;
mod findings;
mod show;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use seaworthy_api as api;
use seaworthy_plan::{Kind, Plan, Request, Settings, Snapshot};
use seaworthy_platform::{Platform as _, ReleaseId, Scope, SideId};
use seaworthy_release::Reason;
use seaworthy_spec::Strategy;
use seaworthy_store::{ReleaseRow, StableRow};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::refusal::Refused;
use crate::secrets::Secrets;

pub(crate) use file::{Read, read};
pub(crate) use findings::errors_found;
pub(crate) use show::not_available;

/// What was asked, as it is kept with the release.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Asked {
    /// `up`.
    Release(Box<api::ReleaseRequest>),
    /// `rollback`, to the release whose revision is wanted.
    Rollback(ReleaseId),
    /// `restart`, of these services.
    Restart(BTreeSet<String>),
    /// `scale`.
    Scale(api::ScaleRequest),
}

impl Asked {
    /// The word for it in the history.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Release(_) => "release",
            Self::Rollback(_) => "rollback",
            Self::Restart(_) => "restart",
            Self::Scale(_) => "scale",
        }
    }

    /// The commit of the source, where it was said.
    pub(crate) fn commit(self) -> Option<api::Commit> {
        match self {
            Self::Release(request) => request.commit,
            _ => None,
        }
    }
}

/// The plan that `up` would carry out if nothing ran here. For `seaworthy plan` without a daemon.
///
/// # Errors
/// Mistakes of the file, or what could not be found out about the sources.
pub async fn offline(request: &api::ReleaseRequest, state: &Path) -> Result<api::Plan, Refused> {
    let read = read(request)?;
    let wanted = wanted::wanted(&read, state, &Secrets::new(state.to_owned())).await?;
    let plan = release_plan(request, &read, None, &wanted.snapshot, &BTreeMap::new())?;
    Ok(show::show(&read, &wanted, &plan))
}

/// The plan of a release, for showing.
pub(crate) async fn dry_run(app: &App, request: &api::ReleaseRequest) -> Result<api::Plan, Refused> {
    let read = read(request)?;
    let wanted = wanted::wanted(&read, &app.state, &app.secrets).await?;
    let (from, running) = (stable(app, &read.scope)?, running(app, &read.scope).await);
    let plan = release_plan(
        request,
        &read,
        from.as_ref().map(|(_, snapshot)| snapshot),
        &wanted.snapshot,
        &running,
    )?;
    Ok(show::show(&read, &wanted, &plan))
}

/// Makes the plan of a release whose turn it is.
pub(crate) async fn plan_release(app: &App, scope: &Scope, row: &ReleaseRow) -> Result<Plan, Refused> {
    let asked: Asked = serde_json::from_str(&row.request)
        .map_err(|error| Refused::failed("journal", format!("{}: {error}", row.id), "ask again"))?;
    let (from, running) = (stable(app, scope)?, running(app, scope).await);
    let from = from.as_ref().map(|(_, snapshot)| snapshot);
    let nothing_runs = || Refused::conflict("not_running", "nothing of it runs here", "seaworthy up starts it");
    let none = BTreeSet::new();
    match &asked {
        Asked::Release(request) => {
            let read = read(request)?;
            let wanted = wanted::wanted(&read, &app.state, &app.secrets).await?;
            release_plan(request, &read, from, &wanted.snapshot, &running)
        }
        Asked::Rollback(target) => {
            let to = kept(app, scope, target)?.with_newest_secrets(|name| app.secrets.newest(scope, name));
            refuse_broken_schema(app, scope, target, &to)?;
            let settings = Settings::known_good(Strategy::BlueGreen);
            made(&Request {
                kind: Kind::Rollback,
                from,
                to: &to,
                running: &running,
                settings,
                restart: &none,
            })
        }
        Asked::Restart(services) => {
            let to = from.ok_or_else(nothing_runs)?;
            let settings = Settings::known_good(Strategy::Rolling);
            made(&Request {
                kind: Kind::Restart,
                from,
                to,
                running: &running,
                settings,
                restart: services,
            })
        }
        Asked::Scale(scale) => {
            let mut to = from.ok_or_else(nothing_runs)?.clone();
            let service = to
                .services
                .get_mut(&scale.service)
                .ok_or_else(|| unknown_service(&scale.service))?;
            service.replicas = scale.replicas;
            let settings = Settings::known_good(Strategy::Rolling);
            made(&Request {
                kind: Kind::Scale,
                from,
                to: &to,
                running: &running,
                settings,
                restart: &none,
            })
        }
    }
}

fn made(request: &Request<'_>) -> Result<Plan, Refused> {
    seaworthy_plan::plan(request).map_err(|refusal| Refused::conflict("refused", refusal.to_string(), refusal.remedy()))
}

fn release_plan(
    request: &api::ReleaseRequest,
    read: &Read,
    from: Option<&Snapshot>,
    to: &Snapshot,
    running: &BTreeMap<SideId, u32>,
) -> Result<Plan, Refused> {
    let settings = Settings::of(&read.merged.spec, request.allow_downtime)
        .map_err(|error| Refused::failed("file", format!("release.gates: {error}"), "mend the gate"))?;
    let request = Request {
        kind: Kind::Release,
        from,
        to,
        running,
        settings,
        restart: &BTreeSet::new(),
    };
    seaworthy_plan::plan(&request).map_err(|refusal| {
        let place = read.merged.place(&refusal.key()).map(|place| place.to_string());
        let finding = api::Finding {
            id: "release.refused".to_owned(),
            severity: "error".to_owned(),
            place,
            key: Some(refusal.key()),
            reason: refusal.to_string(),
            remedy: refusal.remedy().to_owned(),
        };
        Refused::findings("refused", vec![finding])
    })
}

/// A rollback over any revision whose migration old code does not survive is refused, not only over the stable one.
fn refuse_broken_schema(app: &App, scope: &Scope, target: &ReleaseId, to: &Snapshot) -> Result<(), Refused> {
    for row in app.store.revisions(scope, crate::prune::KEPT_REVISIONS)? {
        if order(&row.release) > order(target)
            && let Some(refusal) = seaworthy_plan::broken_schema(&snapshot(&row)?, to)
        {
            return Err(Refused::conflict("refused", refusal.to_string(), refusal.remedy()));
        }
    }
    Ok(())
}

/// The stable revision of a scope.
pub(crate) fn stable(app: &App, scope: &Scope) -> Result<Option<(ReleaseId, Snapshot)>, Refused> {
    let Some(row) = app.store.stable(scope)? else {
        return Ok(None);
    };
    Ok(Some((row.release.clone(), snapshot(&row)?)))
}

fn snapshot(row: &StableRow) -> Result<Snapshot, Refused> {
    serde_json::from_str(&row.snapshot).map_err(|error| {
        let cause = format!("the revision of {} is not readable: {error}", row.release);
        Refused::failed("journal", cause, "release again from the file")
    })
}

fn kept(app: &App, scope: &Scope, target: &ReleaseId) -> Result<Snapshot, Refused> {
    let rows = app.store.revisions(scope, crate::prune::KEPT_REVISIONS)?;
    let row = rows
        .iter()
        .find(|row| row.release == *target)
        .ok_or_else(|| not_kept(target.as_str(), &rows))?;
    snapshot(row)
}

/// Which release a rollback goes to: the one that was named, else the newest kept one with another revision than the stable one.
pub(crate) fn rollback_target(app: &App, scope: &Scope, named: Option<&str>) -> Result<ReleaseId, Refused> {
    let rows = app.store.revisions(scope, crate::prune::KEPT_REVISIONS)?;
    if let Some(named) = named {
        let found = rows
            .iter()
            .find(|row| row.release.as_str() == named || row.revision == named);
        return found
            .map(|row| row.release.clone())
            .ok_or_else(|| not_kept(named, &rows));
    }
    let stable = app.store.stable(scope)?;
    let now = stable.as_ref().map(snapshot).transpose()?;
    for row in &rows {
        let older = stable
            .as_ref()
            .is_none_or(|stable| order(&row.release) < order(&stable.release));
        // What `scale` and `restart` made of a revision runs the same code: to go back means to go behind it.
        // So does one that differs in the versions of its secrets, for the newest ones are used in any case.
        let then = snapshot(row)?.with_newest_secrets(|name| app.secrets.newest(scope, name));
        if older && now.as_ref().is_none_or(|now| !now.behaves_like(&then)) {
            return Ok(row.release.clone());
        }
    }
    Err(Refused::conflict(
        "nothing_before",
        "there is no kept revision before the stable one that differs in more than numbers and secrets",
        "seaworthy releases lists what there is",
    ))
}

/// Releases in the order in which they were asked for.
fn order(release: &ReleaseId) -> u64 {
    release.as_str().trim_start_matches('r').parse().unwrap_or(0)
}

fn not_kept(named: &str, rows: &[StableRow]) -> Refused {
    let kept: Vec<&str> = rows.iter().map(|row| row.release.as_str()).collect();
    let remedy = if kept.is_empty() {
        "there is none yet".to_owned()
    } else {
        format!("kept are: {}", kept.join(", "))
    };
    Refused::unknown(
        "not_kept",
        format!("{named} is no release whose revision is kept"),
        remedy,
    )
}

pub(crate) fn unknown_service(name: &str) -> Refused {
    Refused::unknown(
        "unknown_service",
        format!("there is no service \"{name}\""),
        "seaworthy status lists the services",
    )
}

/// How many instances of each side are up.
async fn running(app: &App, scope: &Scope) -> BTreeMap<SideId, u32> {
    app.platform
        .observe(Some(scope))
        .await
        .into_iter()
        .map(|side| (side.side.clone(), side.ready()))
        .collect()
}

/// A refusal as the reason of a release that could not be planned.
pub(crate) fn as_reason(refused: &Refused) -> Reason {
    let error = refused.error();
    let findings = error.findings.iter().map(|finding| {
        let place = finding
            .place
            .as_ref()
            .or(finding.key.as_ref())
            .map(|place| format!("{place}: "))
            .unwrap_or_default();
        format!("{place}{}", finding.reason)
    });
    Reason {
        last_lines: findings.collect(),
        ..Reason::new(&error.kind, error.cause.clone(), error.remedy.clone())
    }
}
