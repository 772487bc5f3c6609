//! The machine: events in, journal entries out.

use seaworthy_plan::{Action, Plan, Snapshot};
use seaworthy_platform::{ArtifactId, ReleaseId, SideId, SideObserved, SideSpec};

use crate::entry::NotNow;
use crate::forward::Next;
use crate::{
    Command, Direction, Effect, Entry, Event, Held, Moment, Observation, Outcome, Phase, Question, Reason, State,
};
use crate::{forward, revert};

/// One release: its plan and the fold of its journal.
#[derive(Debug, Clone)]
pub struct Machine {
    release: ReleaseId,
    plan: Plan,
    state: State,
}

/// Entries as they are decided, each folded in at once so that the next decision sees it.
struct Draft<'a> {
    plan: &'a Plan,
    state: State,
    entries: Vec<Entry>,
    now: &'a Moment,
}

impl Machine {
    /// A release that has not begun.
    pub fn new(release: ReleaseId, plan: Plan) -> Self {
        let state = State::new(&plan);
        Self { release, plan, state }
    }

    /// A release as its journal left it.
    pub fn recover<'a>(release: ReleaseId, plan: Plan, journal: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut machine = Self::new(release, plan);
        for entry in journal {
            machine.apply(entry);
        }
        machine
    }

    /// Its id.
    pub fn release(&self) -> &ReleaseId {
        &self.release
    }

    /// Its plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Folds one entry in. Call it with what [`Machine::handle`] answered, after that was written down.
    pub fn apply(&mut self, entry: &Entry) {
        self.state.apply(&self.plan, entry);
    }

    /// The effect that should be running now.
    pub fn pending(&self) -> Option<(u32, &Effect)> {
        self.state.running.as_ref().map(|(step, effect)| (*step, effect))
    }

    /// Milliseconds until an [`Event::Tick`] is wanted.
    pub fn timer(&self, now: &Moment) -> Option<u64> {
        if self.state.ended.is_some() || self.state.held.is_some() {
            return None;
        }
        let deadline = match (&self.state.direction, self.state.phase) {
            (Direction::Forward, phase) if phase < Phase::Retiring => self.state.deadline.as_ref(),
            _ => None,
        };
        let bake = self
            .state
            .bake_until
            .as_ref()
            .filter(|_| self.state.phase == Phase::Baking);
        [deadline, bake]
            .into_iter()
            .flatten()
            .map(|due| due.in_millis(now))
            .min()
    }

    /// Decides what follows from an event. Changes nothing.
    ///
    /// # Errors
    /// [`NotNow`] for a command that the present phase has no use for, with what is possible instead.
    pub fn handle(&self, now: &Moment, event: &Event) -> Result<Vec<Entry>, NotNow> {
        let mut draft = Draft {
            plan: &self.plan,
            state: self.state.clone(),
            entries: Vec::new(),
            now,
        };
        if self.state.ended.is_some() {
            return match event {
                Event::Command(_) => Err(not_now("the release has ended", "rollback goes back to a kept release")),
                _ => Ok(Vec::new()),
            };
        }
        match event {
            Event::Begin if self.state.deadline.is_none() => {
                let deadline = now.after(self.plan.settings.deadline.millis);
                draft.push(Entry::Begun {
                    at: now.clone(),
                    deadline,
                });
            }
            Event::Begin => {}
            Event::Ended { step, result } => draft.effect_ended(*step, result),
            Event::Observed(side) => draft.observed(side),
            Event::Tick => draft.tick(),
            Event::Command(command) => draft.command(command)?,
        }
        draft.advance();
        Ok(draft.entries)
    }

    /// What a platform needs for a side of this release. None: the side belongs to neither revision, or was never built.
    pub fn side_spec(&self, side: &SideId) -> Option<SideSpec> {
        [Some(&self.plan.to), self.plan.from.as_ref()]
            .into_iter()
            .flatten()
            .find_map(|snapshot| {
                let service = snapshot.services.get(&side.service)?;
                if service.revision() != side.revision {
                    return None;
                }
                let kept = self
                    .plan
                    .from
                    .as_ref()
                    .and_then(|from| from.services.get(&side.service));
                let kept = kept.filter(|old| old.revision() == side.revision);
                let release = kept
                    .and_then(|old| old.brought_by.clone())
                    .unwrap_or_else(|| self.release.clone());
                let artifact = self.artifact(
                    &side.service,
                    kept.and_then(|old| old.artifact.as_ref()),
                    service.artifact.as_ref(),
                )?;
                Some(service.side_spec(&snapshot.scope, &side.service, &release, &artifact))
            })
    }

    fn artifact(&self, service: &str, kept: Option<&ArtifactId>, known: Option<&ArtifactId>) -> Option<ArtifactId> {
        kept.or_else(|| self.state.artifacts.get(service)).or(known).cloned()
    }

    /// The new revision as it is stored when the release has succeeded: with its artifacts, and who brought each side.
    pub fn outcome_snapshot(&self) -> Snapshot {
        let mut snapshot = self.plan.to.clone();
        let sides: Vec<(String, Option<SideSpec>)> = snapshot
            .services
            .keys()
            .map(|name| {
                (
                    name.clone(),
                    self.plan.to.side_id(name).and_then(|side| self.side_spec(&side)),
                )
            })
            .collect();
        for (name, side) in sides {
            if let (Some(service), Some(side)) = (snapshot.services.get_mut(&name), side) {
                service.artifact = Some(side.artifact);
                service.brought_by = Some(side.release);
            }
        }
        snapshot
    }
}

impl Draft<'_> {
    fn push(&mut self, entry: Entry) {
        self.state.apply(self.plan, &entry);
        self.entries.push(entry);
    }

    fn effect_ended(&mut self, step: u32, result: &Result<Observation, Reason>) {
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

    fn revert(&mut self, reason: Reason, aborted: bool) {
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
    fn observed(&mut self, seen: &SideObserved) {
        let judged =
            self.state.direction == Direction::Forward && matches!(self.state.phase, Phase::Shifting | Phase::Baking);
        let at_work = self.state.count(&seen.side) > 0 && (self.state.exposed && self.is_new(&seen.side));
        let handled = self.state.running.as_ref().is_some_and(|(_, effect)| {
            matches!(effect, Effect::Ensure { side, .. } | Effect::Restart { side } | Effect::Remove { side } if *side == seen.side)
        });
        if !judged || !at_work || handled || seen.ready() > 0 {
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

    fn tick(&mut self) {
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

    fn command(&mut self, command: &Command) -> Result<(), NotNow> {
        match command {
            Command::Abort { by } => {
                if let Direction::Back { .. } = self.state.direction {
                    return Err(not_now(
                        "it is being taken back already",
                        "wait: seaworthy status shows how far it is",
                    ));
                }
                if self.state.phase >= Phase::Retiring {
                    return Err(not_now(
                        "the new revision is stable already",
                        "rollback goes back to the release before",
                    ));
                }
                let reason = Reason::new("aborted", format!("{by} aborted it"), "nothing: the stable side serves");
                self.revert(reason, true);
                Ok(())
            }
            Command::Answer { by, answer } => {
                let Some(held) = &self.state.held else {
                    return Err(not_now("it asks nothing", "abort takes it back"));
                };
                let answers = held.question.answers();
                if !answers.contains(&answer.as_str()) {
                    return Err(not_now(
                        &format!("\"{answer}\" is no answer here"),
                        &answers.join(" | "),
                    ));
                }
                self.push(Entry::Answered {
                    by: by.clone(),
                    answer: answer.clone(),
                    at: self.now.clone(),
                });
                Ok(())
            }
        }
    }

    /// Asks what comes next until an effect runs, a person is asked, a timer is waited for, or the end is reached.
    fn advance(&mut self) {
        if self.state.deadline.is_none() || self.state.running.is_some() || self.state.held.is_some() {
            return;
        }
        let next = match self.state.direction {
            Direction::Forward => forward::next(self.plan, &self.state),
            Direction::Back { .. } => revert::next(self.plan, &self.state),
        };
        match next {
            Next::Do(phase, effect) => self.intend(phase, effect),
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

    fn bake(&mut self) {
        self.enter(Phase::Baking);
        match &self.state.bake_until {
            None => self.push(Entry::BakeUntil {
                due: self.now.after(self.plan.settings.bake.millis),
            }),
            Some(due) if due.is_due(self.now) => {
                self.enter(Phase::Retiring);
                self.advance();
            }
            Some(_) => {}
        }
    }

    fn finish(&mut self) {
        let (outcome, reason) = match &self.state.direction {
            Direction::Forward => (Outcome::Succeeded, None),
            Direction::Back { reason, aborted: true } => (Outcome::Aborted, Some(reason.clone())),
            Direction::Back { reason, .. } if self.state.exposed => (Outcome::RolledBack, Some(reason.clone())),
            Direction::Back { reason, .. } => (Outcome::FailedBeforeTraffic, Some(self.with_schema_note(reason))),
        };
        self.push(Entry::Ended {
            outcome,
            reason,
            at: self.now.clone(),
        });
    }

    /// After a migration the schema has changed though the release failed: the outcome says so.
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

fn not_now(cause: &str, possible: &str) -> NotNow {
    NotNow {
        cause: cause.to_owned(),
        possible: possible.to_owned(),
    }
}
