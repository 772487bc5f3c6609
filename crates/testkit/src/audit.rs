//! Reads the journal as it is written, knowing the rules of release.md and nothing of how the machine decides.

use seaworthy_plan::{Plan, Strategy};
use seaworthy_release::{
    Command, Due, Effect, Entry, Event, Measurement, Moment, Outcome, Phase, SideMeasures, Verdict,
};

use crate::Violation;
use crate::properties::require;

/// A judgement older than so many ticks says nothing about now.
const FRESH_TICKS: u64 = 3;

/// What the journal said so far.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    deadline: Option<Due>,
    phase: Option<Phase>,
    running: Option<(u32, Effect)>,
    steps: u32,
    back: Option<bool>,
    hold: Option<Due>,
    bake: Option<Due>,
    baked: bool,
    paused: bool,
    held: bool,
    /// Since when the edge has had its present weights.
    routed: Option<Moment>,
    judged: Option<(Moment, Vec<Measurement>)>,
    ended: bool,
}

impl Audit {
    /// What one event made the machine write. `seen` is what the edge counted of the new side in this hold.
    pub(crate) fn batch(
        &mut self,
        plan: &Plan,
        now: &Moment,
        event: &Event,
        entries: &[Entry],
        seen: &SideMeasures,
    ) -> Result<(), Violation> {
        let overdue = self.deadline.as_ref().is_some_and(|due| due.is_due(now));
        let way_back = self.back.is_none() && !self.held && !self.ended && self.phase < Some(Phase::Retiring);
        for entry in entries {
            require(!self.ended, || "something was written after the end".to_owned())?;
            self.by_a_person(event, entry)?;
            self.entry(plan, entry, seen)?;
        }
        let failing = entries.iter().any(|entry| match entry {
            Entry::Judged { measurements, .. } => measurements.iter().any(|seen| seen.verdict == Verdict::Fail),
            _ => false,
        });
        require(!failing || self.back.is_some(), || {
            "a failing gate was not acted on in the same tick".to_owned()
        })?;
        let abort = matches!(event, Event::Command(Command::Abort { .. })) && !entries.is_empty();
        require(!abort || self.back == Some(true), || {
            "an abort was overtaken".to_owned()
        })?;
        // A question to a person comes first: the deadline is looked at again with the answer.
        require(!(overdue && way_back) || self.back.is_some() || self.held, || {
            "the deadline is over and it goes on".to_owned()
        })
    }

    /// What only a person decides follows from that person's command.
    fn by_a_person(&self, event: &Event, entry: &Entry) -> Result<(), Violation> {
        let Event::Command(command) = event else {
            let person = matches!(
                entry,
                Entry::Approved { .. }
                    | Entry::Paused { .. }
                    | Entry::Answered { .. }
                    | Entry::StepPassed { by: Some(_), .. }
                    | Entry::Baked { by: Some(_), .. }
                    | Entry::Reverting { aborted: true, .. }
            );
            return require(!person, || format!("nobody said so: {entry:?}"));
        };
        let fits = match entry {
            Entry::Approved { .. } => matches!(command, Command::Approve { .. }),
            Entry::Answered { .. } => matches!(command, Command::Answer { .. }),
            Entry::Reverting { aborted: true, .. } => matches!(command, Command::Abort { .. }),
            Entry::StepPassed { by: Some(_), .. } | Entry::Baked { by: Some(_), .. } => {
                matches!(command, Command::Promote { .. })
            }
            _ => true,
        };
        require(fits, || format!("{command:?} was answered by {entry:?}"))
    }

    fn entry(&mut self, plan: &Plan, entry: &Entry, seen: &SideMeasures) -> Result<(), Violation> {
        let onwards = matches!(
            entry,
            Entry::BakeUntil { .. }
                | Entry::HoldUntil { .. }
                | Entry::StepPassed { .. }
                | Entry::Baked { .. }
                | Entry::ApprovalNeeded { .. }
                | Entry::Approved { .. }
                | Entry::Judged { .. }
                | Entry::Reverting { .. }
        );
        require(self.back.is_none() || !onwards, || {
            format!("it is being taken back and goes on: {entry:?}")
        })?;
        match entry {
            Entry::Begun { deadline, .. } => self.deadline = Some(deadline.clone()),
            Entry::Entered { phase, .. } => self.enters(plan, *phase)?,
            Entry::HoldUntil { due, .. } => self.hold = Some(due.clone()),
            Entry::BakeUntil { due } => self.bake = Some(due.clone()),
            Entry::StepPassed { step, by, at } => {
                let steps = plan.settings.steps_in_force();
                let held = steps.get(*step).is_some_and(|step| step.hold.millis > 0);
                if by.is_none() && held {
                    self.passes(plan, self.hold.as_ref(), at, seen)?;
                }
                self.hold = None;
            }
            Entry::Baked { by, at } => {
                if by.is_none() {
                    self.passes(plan, self.bake.as_ref(), at, seen)?;
                }
                self.baked = true;
            }
            Entry::Paused { paused, .. } => self.paused = *paused,
            Entry::Judged { measurements, at } => self.judges(plan, measurements, at)?,
            Entry::Intent { step, effect, .. } => {
                require(self.running.is_none(), || {
                    format!("two effects at once: {}", effect.describe())
                })?;
                require(*step == self.steps + 1, || {
                    format!("effect {step} follows effect {}", self.steps)
                })?;
                self.steps = *step;
                self.running = Some((*step, effect.clone()));
            }
            Entry::Done { step, at, .. } => {
                if let Some(Effect::Route { .. }) = self.ends(*step)? {
                    self.routed = Some(at.clone());
                    self.judged = None;
                }
            }
            Entry::Failed { step, .. } | Entry::Cancelled { step, .. } => {
                self.ends(*step)?;
            }
            Entry::Reverting { aborted, .. } => {
                self.back = Some(*aborted);
                self.held = false;
            }
            Entry::Held { .. } => self.held = true,
            Entry::Answered { .. } => self.held = false,
            Entry::Ended { outcome, .. } => self.rests(plan, *outcome)?,
            Entry::ApprovalNeeded { .. } | Entry::Approved { .. } => {}
        }
        Ok(())
    }

    fn enters(&mut self, plan: &Plan, phase: Phase) -> Result<(), Violation> {
        let right = (phase == Phase::Reverting) == self.back.is_some();
        require(right, || format!("it enters {phase} on the way it does not go"))?;
        self.phase = Some(phase);
        let bakes = plan.settings.bake.millis > 0 && plan.beside();
        require(phase != Phase::Retiring || !bakes || self.baked, || {
            "what is stable is taken away before the new side has baked".to_owned()
        })
    }

    fn ends(&mut self, step: u32) -> Result<Option<Effect>, Violation> {
        match self.running.take() {
            Some((running, effect)) if running == step => Ok(Some(effect)),
            other => Err(Violation(format!("effect {step} ended while {other:?} ran"))),
        }
    }

    /// The end of a hold or of the bake: its time is over, nobody paused it, and every gate passed on enough requests.
    fn passes(&self, plan: &Plan, due: Option<&Due>, at: &Moment, seen: &SideMeasures) -> Result<(), Violation> {
        require(due.is_some_and(|due| due.is_due(at)), || {
            "a hold or the bake ended before its time".to_owned()
        })?;
        require(!self.paused, || "it went on while it was paused".to_owned())?;
        let judging = &plan.settings.judging;
        if judging.gates.is_empty() || judging.lenient || !takes_requests(plan) {
            return Ok(());
        }
        let fresh = self.judged.as_ref().filter(|(when, measurements)| {
            let old = when.after(judging.tick.millis * FRESH_TICKS).is_due(at);
            !old && measurements.iter().all(|seen| seen.verdict == Verdict::Pass)
        });
        require(fresh.is_some(), || {
            "it went on and no gate had passed just before".to_owned()
        })?;
        require(seen.attempts >= u64::from(judging.sample), || {
            format!("gates passed after {} of {} requests", seen.attempts, judging.sample)
        })
    }

    fn judges(&mut self, plan: &Plan, measurements: &[Measurement], at: &Moment) -> Result<(), Violation> {
        let warm = self
            .routed
            .as_ref()
            .is_some_and(|since| since.after(plan.settings.judging.warm_up.millis).is_due(at));
        // A worker is exposed when it takes the place of an old one, without a word from the edge.
        require(warm || self.routed.is_none(), || {
            "it was judged before it was warm".to_owned()
        })?;
        self.judged = Some((at.clone(), measurements.to_vec()));
        Ok(())
    }

    fn rests(&mut self, plan: &Plan, outcome: Outcome) -> Result<(), Violation> {
        self.ended = true;
        require(self.running.is_none(), || format!("it {outcome} while an effect runs"))?;
        let right = match outcome {
            Outcome::Succeeded => self.back.is_none(),
            Outcome::Aborted => self.back == Some(true),
            Outcome::RolledBack | Outcome::FailedBeforeTraffic => self.back == Some(false),
        };
        require(right, || format!("it {outcome}, and that is not how it went"))?;
        let bakes = plan.beside() && plan.settings.bake.millis > 0 && !plan.unchanged();
        require(outcome != Outcome::Succeeded || !bakes || self.baked, || {
            "it succeeded and never baked".to_owned()
        })
    }
}

/// Whether this release brings a side that people's requests reach, so that there is something to judge.
fn takes_requests(plan: &Plan) -> bool {
    use seaworthy_plan::Action;
    plan.strategy != Strategy::First
        && plan.changes.iter().any(|change| match &change.action {
            Action::Add { side, .. } | Action::Replace { new: side, .. } => plan
                .to
                .services
                .get(&side.service)
                .is_some_and(|service| service.listens),
            _ => false,
        })
}
