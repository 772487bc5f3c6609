//! Deciding: entries as they follow from one event, each folded in at once so that the next decision sees it.

use seaworthy_plan::{Action, Plan};
use seaworthy_platform::{InstanceState, SideId, SideObserved};
use seaworthy_spec::NoData;
use seaworthy_spec::units::Span;

use crate::entry::NotNow;
use crate::forward::Next;
use crate::verdict::{Before, judge};
use crate::{
    Direction, Effect, Entry, Held, Measurement, Measures, Moment, Observation, Outcome, Phase, Question, Reason,
    State, Verdict, forward, revert,
};

/// For so many ticks a judgement stands.
const FRESH_TICKS: u64 = 2;

/// The entries that follow from one event.
pub(crate) struct Draft<'a> {
    plan: &'a Plan,
    pub(crate) state: State,
    entries: Vec<Entry>,
    pub(crate) now: &'a Moment,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(plan: &'a Plan, state: &State, now: &'a Moment) -> Self {
        Self {
            plan,
            state: state.clone(),
            entries: Vec::new(),
            now,
        }
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

impl Draft<'_> {
    pub(crate) fn push(&mut self, entry: Entry) {
        self.state.apply(self.plan, &entry);
        self.entries.push(entry);
    }

    pub(crate) fn effect_ended(&mut self, step: u32, result: &Result<Observation, Reason>) {
        let Some((running, effect)) = self.state.running.clone() else {
            return;
        };
        if running != step {
            return;
        }
        let at = self.now.clone();
        match result {
            Ok(seen) => self.push(Entry::Done {
                step,
                seen: seen.clone(),
                at,
            }),
            Err(reason) => {
                self.push(Entry::Failed {
                    step,
                    reason: reason.clone(),
                    at,
                });
                self.failed(&effect, reason);
            }
        }
    }

    fn failed(&mut self, effect: &Effect, reason: &Reason) {
        let back = self.state.direction != Direction::Forward;
        if back && matches!(effect, Effect::Ensure { side, replicas } if *replicas > 0 && self.is_new(side)) {
            // It goes away in any case; the next answer to "what next?" gives it up whole.
            return;
        }
        let question = match effect {
            Effect::Migrate { service } if reason.kind == "unknown" => Question::DidItRun {
                service: service.clone(),
            },
            _ if back || self.state.phase == Phase::Retiring => Question::TryAgain,
            _ => return self.revert(reason.clone(), false),
        };
        self.push(Entry::Held {
            held: Held {
                reason: reason.clone(),
                question,
            },
            at: self.now.clone(),
        });
    }

    pub(crate) fn revert(&mut self, reason: Reason, aborted: bool) {
        if let Some((step, _)) = self.state.running {
            self.push(Entry::Cancelled {
                step,
                at: self.now.clone(),
            });
        }
        self.push(Entry::Reverting {
            reason,
            aborted,
            at: self.now.clone(),
        });
    }

    /// A new side that has traffic and not one healthy instance fails at once.
    pub(crate) fn observed(&mut self, seen: &SideObserved) {
        // One that starts has not been judged yet: a daemon that has just adopted it says so too. One that fell over backs off first.
        let starting = seen
            .instances
            .iter()
            .any(|instance| instance.state == InstanceState::Starting);
        let judged = self.state.direction == Direction::Forward
            && matches!(self.state.phase, Phase::Shifting | Phase::Holding | Phase::Baking);
        let at_work = self.state.count(&seen.side) > 0 && (self.state.exposed && self.is_new(&seen.side));
        let handled = self.state.running.as_ref().is_some_and(|(_, effect)| {
            matches!(effect, Effect::Ensure { side, .. } | Effect::Restart { side } | Effect::Remove { side } if *side == seen.side)
        });
        if !judged || !at_work || handled || seen.ready() > 0 || starting {
            return;
        }
        let reason = match seen.trouble() {
            Some(trouble) => Reason {
                kind: "new_side_down".to_owned(),
                cause: format!("{} has no healthy instance: {}", seen.side, trouble.cause),
                remedy: trouble.remedy.clone(),
                last_lines: trouble.last_lines.clone(),
            },
            None => Reason::new(
                "new_side_down",
                format!("{} has no healthy instance left", seen.side),
                "read its log: seaworthy logs --service NAME --since 10m",
            ),
        };
        self.revert(reason, false);
    }

    fn is_new(&self, side: &SideId) -> bool {
        self.plan.from.is_some()
            && self.plan.changes.iter().any(|change| match &change.action {
                Action::Add { side: new, .. } | Action::Replace { new, .. } => new == side,
                _ => false,
            })
    }

    pub(crate) fn watch_deadline(&mut self) {
        let forward = self.state.direction == Direction::Forward && self.state.phase < Phase::Retiring;
        let overdue = self.state.deadline.as_ref().is_some_and(|due| due.is_due(self.now));
        if forward && overdue && self.state.held.is_none() {
            let reason = Reason::new(
                "deadline",
                format!("it was not done within {}", self.plan.settings.deadline),
                "look at the step that took so long (seaworthy release show), or raise release.deadline",
            );
            self.revert(reason, false);
        }
    }

    /// Asks what comes next until an effect runs, a person is asked, a timer is waited for, or the end is reached.
    pub(crate) fn advance(&mut self) {
        if self.state.deadline.is_none() || self.state.running.is_some() || self.state.held.is_some() {
            return;
        }
        let next = match self.state.direction {
            Direction::Forward => forward::next(self.plan, &self.state),
            Direction::Back { .. } => revert::next(self.plan, &self.state),
        };
        match next {
            Next::Do(phase, effect) => self.intend(phase, effect),
            Next::Hold { step, percent, hold } => self.hold(step, percent, hold),
            Next::Approval { before } => self.approval(before),
            Next::Bake => self.bake(),
            Next::Finished => self.finish(),
        }
    }

    fn enter(&mut self, phase: Phase) {
        if self.state.phase != phase {
            self.push(Entry::Entered {
                phase,
                at: self.now.clone(),
            });
        }
    }

    fn intend(&mut self, phase: Phase, effect: Effect) {
        self.enter(phase);
        let step = self.state.steps + 1;
        self.push(Entry::Intent {
            step,
            effect,
            at: self.now.clone(),
        });
    }

    fn hold(&mut self, step: usize, percent: u32, hold: Span) {
        if hold.millis == 0 {
            self.push(Entry::StepPassed {
                step,
                by: None,
                at: self.now.clone(),
            });
            return self.advance();
        }
        self.enter(Phase::Holding);
        let Some((due, _)) = &self.state.hold else {
            let due = self.now.after(hold.millis);
            return self.push(Entry::HoldUntil {
                step,
                percent,
                due,
                at: self.now.clone(),
            });
        };
        if self.state.paused || !due.is_due(self.now) {
            return;
        }
        if let Some(reason) = self.no_data() {
            self.revert(reason, false);
            return self.advance();
        }
        if self.gates_passed() {
            self.push(Entry::StepPassed {
                step,
                by: None,
                at: self.now.clone(),
            });
            self.advance();
        }
    }

    fn approval(&mut self, before: u32) {
        self.enter(Phase::Holding);
        if self.state.approval_needed.is_none() {
            self.push(Entry::ApprovalNeeded {
                before,
                at: self.now.clone(),
            });
        }
    }

    fn bake(&mut self) {
        self.enter(Phase::Baking);
        match &self.state.bake_until {
            None => self.push(Entry::BakeUntil {
                due: self.now.after(self.plan.settings.bake.millis),
            }),
            Some(due) if !self.state.paused && due.is_due(self.now) => {
                if let Some(reason) = self.no_data() {
                    self.revert(reason, false);
                    self.advance();
                } else if self.gates_passed() {
                    self.push(Entry::Baked {
                        by: None,
                        at: self.now.clone(),
                    });
                    self.advance();
                }
            }
            Some(_) => {}
        }
    }

    /// Whether every gate passes now. The default gate of a rolling release may end without enough traffic.
    fn gates_passed(&self) -> bool {
        let judging = &self.plan.settings.judging;
        // A judgement that is not repeated, because the counters cannot be read, says nothing about now.
        let fresh = || {
            let at = self.state.judged_at.as_ref();
            at.is_some_and(|at| {
                !at.after(judging.tick.millis.saturating_mul(FRESH_TICKS))
                    .is_due(self.now)
            })
        };
        let all = || self.state.judged.iter().all(|seen| seen.verdict == Verdict::Pass);
        !self.judged_by_traffic() || judging.lenient || (fresh() && all())
    }

    /// Whether there is traffic to judge the new revision by. A new worker gets none, and neither does one more instance of
    /// a side that serves already: they are watched by their health alone.
    fn judged_by_traffic(&self) -> bool {
        let takes_requests = |side: &SideId| {
            let service = self.plan.to.services.get(&side.service);
            service.is_some_and(|service| service.listens)
        };
        !self.plan.settings.judging.gates.is_empty()
            && self.plan.changes.iter().any(|change| match &change.action {
                Action::Add { side, .. } | Action::Replace { new: side, .. } => takes_requests(side),
                _ => false,
            })
    }

    /// A gate that says `no_data = "fail"` and could not be judged by the end of the hold.
    fn no_data(&self) -> Option<Reason> {
        let judging = &self.plan.settings.judging;
        if !self.judged_by_traffic() {
            return None;
        }
        let gate = judging.gates.iter().find(|gate| {
            let seen = self.state.judged.iter().find(|seen| seen.gate == gate.name);
            gate.no_data == NoData::Fail && seen.is_none_or(|seen| seen.verdict == Verdict::Inconclusive)
        })?;
        let seen = self
            .state
            .judged
            .iter()
            .find(|seen| seen.gate == gate.name)
            .map_or(0, |seen| seen.sample);
        Some(Reason::new(
            "no_data",
            format!(
                "gate \"{}\" saw {seen} requests of the {} it needs",
                gate.name, judging.sample
            ),
            "send it more traffic, lower release.sample, hold longer, or set no_data = \"wait\"",
        ))
    }

    /// Judges the gates. A failing verdict is acted on in the same tick.
    pub(crate) fn measured(&mut self, seen: &Measures) {
        let judging = &self.plan.settings.judging;
        let phase = matches!(self.state.phase, Phase::Shifting | Phase::Holding | Phase::Baking);
        let Some(since) = self.state.exposed_since.as_ref() else {
            return;
        };
        let warm = since.after(judging.warm_up.millis).is_due(self.now);
        if !phase || !warm || judging.gates.is_empty() || self.state.direction != Direction::Forward {
            return;
        }
        let measurements: Vec<Measurement> = judging
            .gates
            .iter()
            .map(|gate| {
                let before = self.state.judged.iter().find(|other| other.gate == gate.name);
                let before = Before {
                    failing: before.map_or(0, |other| other.failing),
                    threshold: self.state.thresholds.get(&gate.name).copied(),
                };
                judge(gate, judging, seen, before)
            })
            .collect();
        let failed = measurements
            .iter()
            .find(|seen| seen.verdict == Verdict::Fail)
            .map(gate_failed);
        self.push(Entry::Judged {
            measurements,
            at: self.now.clone(),
        });
        if let Some(reason) = failed {
            self.revert(reason, false);
        }
    }

    fn finish(&mut self) {
        let (outcome, reason) = match &self.state.direction {
            Direction::Forward => (Outcome::Succeeded, None),
            Direction::Back { reason, aborted: true } => (Outcome::Aborted, Some(self.with_schema_note(reason))),
            Direction::Back { reason, .. } if self.state.exposed => {
                (Outcome::RolledBack, Some(self.with_schema_note(reason)))
            }
            Direction::Back { reason, .. } => (Outcome::FailedBeforeTraffic, Some(self.with_schema_note(reason))),
        };
        self.push(Entry::Ended {
            outcome,
            reason,
            at: self.now.clone(),
        });
    }

    /// After a migration the schema has changed though the release was taken back: the outcome says so.
    fn with_schema_note(&self, reason: &Reason) -> Reason {
        let mut reason = reason.clone();
        if !self.state.migrated.is_empty() {
            let services: Vec<&str> = self.state.migrated.iter().map(String::as_str).collect();
            reason.cause = format!(
                "{}; the migration of {} has run and stays",
                reason.cause,
                services.join(", ")
            );
        }
        reason
    }
}

fn gate_failed(seen: &Measurement) -> Reason {
    let shown = |value: Option<f64>| value.map_or_else(|| "nothing".to_owned(), |value| format!("{value:.1}"));
    Reason::new(
        "gate",
        format!(
            "gate \"{}\" failed: {} against {} after {} requests",
            seen.gate,
            shown(seen.value),
            shown(seen.threshold),
            seen.sample
        ),
        "look at the new version's log; `seaworthy release show` has every measurement",
    )
}

/// A command that the present phase has no use for.
pub(crate) fn not_now(cause: &str, possible: &str) -> NotNow {
    NotNow {
        cause: cause.to_owned(),
        possible: possible.to_owned(),
    }
}
