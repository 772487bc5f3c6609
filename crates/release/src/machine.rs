//! The machine: events in, journal entries out.

use seaworthy_plan::{Plan, Snapshot};
use seaworthy_platform::{ArtifactId, ReleaseId, SideId, SideSpec};

use crate::draft::{Draft, not_now};
use crate::entry::NotNow;
use crate::{Direction, Effect, Entry, Event, Moment, Phase, State};

/// One release: its plan and the fold of its journal.
#[derive(Debug, Clone)]
pub struct Machine {
    release: ReleaseId,
    plan: Plan,
    state: State,
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
        let hold = self
            .state
            .hold
            .as_ref()
            .map(|(due, _)| due)
            .filter(|_| self.state.phase == Phase::Holding);
        // What is over already waits for a verdict or for a person, not for time.
        let waits = [bake, hold]
            .into_iter()
            .flatten()
            .map(|due| due.in_millis(now))
            .filter(|millis| *millis > 0);
        waits.chain(deadline.map(|due| due.in_millis(now))).min()
    }

    /// Since when the new side has had its present share, while its traffic is to be measured and judged every tick.
    pub fn judging_since(&self) -> Option<&Moment> {
        let phase = matches!(self.state.phase, Phase::Shifting | Phase::Holding | Phase::Baking);
        let judged = phase && self.state.direction == Direction::Forward && self.state.ended.is_none();
        let gates = !self.plan.settings.judging.gates.is_empty();
        self.state.exposed_since.as_ref().filter(|_| judged && gates)
    }

    /// Decides what follows from an event. Changes nothing.
    ///
    /// # Errors
    /// [`NotNow`] for a command that the present phase has no use for, with what is possible instead.
    pub fn handle(&self, now: &Moment, event: &Event) -> Result<Vec<Entry>, NotNow> {
        let mut draft = Draft::new(&self.plan, &self.state, now);
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
            Event::Tick => {}
            Event::Measured(measures) => draft.measured(measures),
            Event::Command(command) => draft.command(command)?,
        }
        // Whatever happened: what comes after the deadline is not the next step. A daemon that was away past it, or an
        // effect that ended just then, would otherwise be told of it too late.
        draft.watch_deadline();
        draft.advance();
        Ok(draft.into_entries())
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
