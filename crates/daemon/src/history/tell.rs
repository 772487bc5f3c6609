//! A release's journal in the API's words.

use seaworthy_api as api;
use seaworthy_api::Happened;
use seaworthy_platform::ReleaseId;
use seaworthy_release::{Entry, Held, Measurement, Phase, Reason};
use seaworthy_store::ReleaseRow;

use crate::planning::Asked;
use crate::refusal::word;

/// The fold of a journal into steps, as far as telling needs it.
#[derive(Default)]
struct Teller {
    phase: Option<Phase>,
    steps: Vec<api::Step>,
    gates: Vec<api::Measurement>,
    holds: Vec<api::Hold>,
    approvals: Vec<api::Approval>,
    steered: Vec<api::Steering>,
    reason: Option<Reason>,
}

impl Teller {
    /// Takes an entry in and says what happened by it, if it is worth telling.
    fn take(&mut self, entry: &Entry) -> Option<Happened> {
        match entry {
            Entry::Begun { .. } => None,
            Entry::BakeUntil { due } => {
                if let Some(bake) = self.holds.last_mut() {
                    bake.until_ms = Some(due.wall().0);
                }
                None
            }
            Entry::HoldUntil { percent, due, at, .. } => {
                self.hold(Phase::Holding, *percent, at.wall.0, Some(due.wall().0));
                Some(Happened::Holding {
                    percent: *percent,
                    until_ms: due.wall().0,
                })
            }
            Entry::StepPassed { by, at, .. } | Entry::Baked { by, at } => {
                self.let_go(at.wall.0);
                by.as_ref().and_then(|by| self.steered(by, "promoted", at.wall.0))
            }
            Entry::ApprovalNeeded { before, at } => {
                self.approvals.push(api::Approval {
                    before: *before,
                    asked_ms: at.wall.0,
                    given_ms: None,
                    by: None,
                });
                Some(Happened::ApprovalNeeded { before: *before })
            }
            Entry::Approved { by, at } => {
                if let Some(asked) = self.approvals.last_mut() {
                    (asked.given_ms, asked.by) = (Some(at.wall.0), Some(by.clone()));
                }
                self.steered(by, "approved", at.wall.0)
            }
            Entry::Paused { by, paused, at } => self.steered(by, if *paused { "paused" } else { "resumed" }, at.wall.0),
            Entry::Answered { by, at, .. } => self.steered(by, "answered", at.wall.0),
            Entry::Judged { measurements, at } => {
                let told: Vec<api::Measurement> = measurements
                    .iter()
                    .map(|seen| told_measurement(seen, at.wall.0))
                    .collect();
                self.gates.extend(told.clone());
                Some(Happened::Judged { gates: told })
            }
            Entry::Entered { phase, at } => {
                self.phase = Some(*phase);
                if *phase == Phase::Baking {
                    self.hold(Phase::Baking, 100, at.wall.0, None);
                }
                Some(Happened::Phase {
                    phase: phase.word().to_owned(),
                })
            }
            Entry::Intent { step, effect, at } => {
                self.steps.push(api::Step {
                    number: *step,
                    phase: self.phase.map_or("", Phase::word).to_owned(),
                    what: effect.describe(),
                    began_ms: Some(at.wall.0),
                    ended_ms: None,
                    result: None,
                    detail: None,
                });
                self.step(*step)
            }
            Entry::Done { step, seen, at } => self.end(*step, "done", at.wall.0, &seen.detail),
            Entry::Failed { step, reason, at } => self.end(*step, "failed", at.wall.0, &reason.cause),
            Entry::Cancelled { step, at } => self.end(*step, "cancelled", at.wall.0, "no longer wanted"),
            Entry::Reverting { reason, at, .. } => {
                self.let_go(at.wall.0);
                self.phase = Some(Phase::Reverting);
                self.reason = Some(reason.clone());
                Some(Happened::Phase {
                    phase: Phase::Reverting.word().to_owned(),
                })
            }
            Entry::Held { held, .. } => {
                let Held { reason, question } = held;
                self.reason = Some(reason.clone());
                let answers = question.answers().iter().map(|answer| (*answer).to_owned()).collect();
                Some(Happened::Held {
                    reason: told_reason(reason),
                    answers,
                })
            }
            Entry::Ended { outcome, reason, at } => {
                self.let_go(at.wall.0);
                self.reason.clone_from(reason);
                Some(Happened::Ended {
                    outcome: outcome.word().to_owned(),
                    reason: reason.as_ref().map(told_reason),
                })
            }
        }
    }

    fn end(&mut self, step: u32, result: &str, at: u64, detail: &str) -> Option<Happened> {
        let found = self.steps.iter_mut().rev().find(|found| found.number == step)?;
        found.ended_ms = Some(at);
        found.result = Some(result.to_owned());
        found.detail = Some(detail.to_owned());
        self.step(step)
    }

    fn hold(&mut self, phase: Phase, percent: u32, began_ms: u64, until_ms: Option<u64>) {
        self.holds.push(api::Hold {
            phase: phase.word().to_owned(),
            percent,
            began_ms,
            until_ms,
            ended_ms: None,
        });
    }

    /// The hold under way, if one is, is over.
    fn let_go(&mut self, at: u64) {
        if let Some(hold) = self.holds.last_mut() {
            hold.ended_ms.get_or_insert(at);
        }
    }

    fn steered(&mut self, by: &str, what: &str, at_ms: u64) -> Option<Happened> {
        let (by, what) = (by.to_owned(), what.to_owned());
        self.steered.push(api::Steering {
            at_ms,
            by: by.clone(),
            what: what.clone(),
        });
        Some(Happened::Steered { by, what })
    }

    fn step(&self, step: u32) -> Option<Happened> {
        self.steps
            .iter()
            .rev()
            .find(|found| found.number == step)
            .map(|found| Happened::Step { step: found.clone() })
    }
}

/// A release with its steps and reason.
pub(crate) fn release(row: &ReleaseRow, journal: &[(u64, u64, Entry)]) -> api::Release {
    let mut teller = Teller::default();
    for (_, _, entry) in journal {
        teller.take(entry);
    }
    let asked: Option<Asked> = serde_json::from_str(&row.request).ok();
    api::Release {
        version: api::VERSION,
        id: row.id.0.clone(),
        app: row.scope.app.clone(),
        environment: row.scope.environment.clone(),
        kind: row.kind.clone(),
        strategy: row.strategy.clone().unwrap_or_default(),
        from: row.from_revision.clone(),
        to: row.to_revision.clone().unwrap_or_default(),
        phase: row.phase.clone(),
        outcome: row.outcome.clone(),
        reason: teller.reason.as_ref().map(told_reason),
        by: row.by.clone(),
        commit: asked.and_then(Asked::commit),
        asked_ms: row.asked_ms,
        ended_ms: row.ended_ms,
        steps: teller.steps,
        gates: teller.gates,
        holds: teller.holds,
        approvals: teller.approvals,
        steered: teller.steered,
        notes: Vec::new(),
    }
}

/// A journal told as it grows. It is folded from its beginning, because a step that ends tells how it began, and each line once.
#[derive(Default)]
pub(crate) struct Telling {
    teller: Teller,
    seen: u64,
}

impl Telling {
    /// The number of the last line that was taken in.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    /// Takes further lines in and answers with the events among them whose number is above `after`.
    pub(crate) fn events(&mut self, release: &ReleaseId, lines: &[(u64, u64, Entry)], after: u64) -> Vec<api::Event> {
        let mut events = Vec::new();
        for (seq, at_ms, entry) in lines {
            self.seen = *seq;
            if let Some(what) = self.teller.take(entry)
                && *seq > after
            {
                events.push(api::Event {
                    version: api::VERSION,
                    seq: *seq,
                    at_ms: *at_ms,
                    release: release.0.clone(),
                    what,
                });
            }
        }
        events
    }
}

fn told_reason(reason: &Reason) -> api::Reason {
    api::Reason {
        kind: reason.kind.clone(),
        cause: reason.cause.clone(),
        remedy: reason.remedy.clone(),
        last_lines: reason.last_lines.clone(),
    }
}

fn told_measurement(seen: &Measurement, at_ms: u64) -> api::Measurement {
    api::Measurement {
        at_ms,
        gate: seen.gate.clone(),
        value: seen.value,
        threshold: seen.threshold,
        sample: seen.sample,
        verdict: word(seen.verdict),
    }
}
