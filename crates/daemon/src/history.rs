//! Releases between their stored and their told form.

use seaworthy_api as api;
use seaworthy_plan::Plan;
use seaworthy_platform::ReleaseId;
use seaworthy_release::{Entry, Outcome, Reason};
use seaworthy_store::{Appended, Progress, ReleaseRow, StoreError};
use serde::Serialize;

use crate::app::App;
use crate::clock;
use crate::refusal::word;

mod tell;
mod wait;

pub(crate) use tell::{Telling, release};

/// A value as a stored document. Every stored type has string keys only, so this cannot fail.
pub(crate) fn document<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Entries as journal lines.
pub(crate) fn lines(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(document).collect()
}

/// How far a release has come with these entries.
pub(crate) fn progress(entries: &[Entry]) -> Progress {
    let mut progress = Progress::default();
    for entry in entries {
        match entry {
            Entry::Entered { phase, .. } => progress.phase = Some(phase.word().to_owned()),
            Entry::Ended { outcome, at, .. } => progress.ended = Some((outcome.word().to_owned(), at.wall.0)),
            _ => {}
        }
    }
    progress
}

/// The entries of a release after a number, each with its number and time.
pub(crate) fn entries(app: &App, release: &ReleaseId, after: u64) -> Result<Vec<(u64, u64, Entry)>, StoreError> {
    let lines = app.store.journal(release, after)?;
    Ok(lines
        .into_iter()
        .filter_map(|line| match serde_json::from_str(&line.entry) {
            Ok(entry) => Some((line.seq, line.at_ms, entry)),
            Err(error) => {
                crate::process::log_line(&format!("journal line {} is not readable: {error}", line.seq));
                None
            }
        })
        .collect())
}

/// Keeps the plan with its release.
pub(crate) fn write_plan(app: &App, release: &ReleaseId, plan: &Plan) -> Result<(), StoreError> {
    let from = plan.from_revision();
    let from = from.as_ref().map(seaworthy_platform::Revision::as_str);
    app.store.set_plan(
        release,
        &document(plan),
        &word(plan.strategy),
        (from, plan.to_revision().as_str()),
    )
}

/// Ends a release that no machine was needed for.
pub(crate) fn write_end(
    app: &App,
    release: &ReleaseId,
    outcome: Outcome,
    reason: Option<Reason>,
) -> Result<(), StoreError> {
    let entries = [Entry::Ended {
        outcome,
        reason,
        at: clock::moment(),
    }];
    let appended = Appended {
        entries: &lines(&entries),
        progress: progress(&entries),
        success: None,
    };
    app.append(release, &appended)
}

/// A stored release as the API tells it.
pub(crate) fn told(app: &App, row: &ReleaseRow, with_steps: bool) -> Result<api::Release, StoreError> {
    let journal = entries(app, &row.id, 0)?;
    let mut told = release(row, &journal);
    if !with_steps {
        told.steps.clear();
        told.gates.clear();
        told.holds.clear();
    }
    Ok(told)
}

/// What a release waits for at `now_ms`, milliseconds since the epoch; none when it has ended.
pub(crate) fn waits_for(app: &App, row: &ReleaseRow, now_ms: u64) -> Result<Option<String>, StoreError> {
    if row.outcome.is_some() {
        return Ok(None);
    }
    let journal = entries(app, &row.id, 0)?;
    let held = matches!(journal.last(), Some((_, _, Entry::Held { .. })));
    Ok(wait::waits_for(&release(row, &journal), held, now_ms))
}

/// A release in full with the plan it was carried out by: what its evidence holds.
pub(crate) fn for_evidence(app: &App, row: &ReleaseRow) -> Result<serde_json::Value, StoreError> {
    let mut told = serde_json::to_value(told(app, row, true)?).unwrap_or_default();
    let plan = row.plan.as_ref().and_then(|plan| serde_json::from_str(plan).ok());
    if let Some(release) = told.as_object_mut() {
        release.insert("plan".to_owned(), plan.unwrap_or_default());
    }
    Ok(told)
}
