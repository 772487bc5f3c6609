//! Machines that err in exactly one way: the test of the test.
//!
//! A mutant stands at the seam between the machine and the shell around it. It changes what the machine is told, what it answered
//! or what the platform does about an effect, so the code that is shipped knows nothing of it.

use seaworthy_plan::Action;
use seaworthy_platform::{SideId, SideWeight};
use seaworthy_release::{
    Command, Direction, Effect, Entry, Event, Machine, Measures, Moment, Observation, Phase, Reason, Table,
};

/// A machine that errs in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Stops instances before the edge has acknowledged weights that count without them.
    StopsBeforeRouting,
    /// Gives the new side weight before it was started and verified.
    RoutesBeforeStarting,
    /// Takes zero requests for a full sample of good ones.
    PassesWithoutSample,
    /// Writes a failing verdict down and goes on.
    IgnoresFailingGate,
    /// Stops the stable side when the new one has all traffic, without the bake.
    StopsStableBeforeBake,
    /// Takes the bake for over when it begins.
    SkipsBake,
    /// Lets a promotion win over an abort.
    PromotesInsteadOfAborting,
    /// Never looks at the deadline.
    ForgetsDeadline,
    /// Takes the effect that ran when the daemon died for done, and does not run it again.
    TakesUnseenForDone,
    /// Takes the stable side away on the way back, in place of the new one.
    RemovesStableOnRevert,
    /// Leaves the edge as it is on the way back.
    ForgetsWeightsOnRevert,
    /// Runs a migration a second time.
    MigratesTwice,
    /// After the daemon's death it begins anew.
    RecoversAsNew,
    /// Judges on while it is being taken back.
    JudgesAfterRevert,
    /// Goes back without ending the effect that runs.
    LeavesEffectRunning,
    /// Takes the end of an earlier effect for the end of the present one.
    TakesStaleResult,
    /// Approves in a person's place.
    ApprovesItself,
    /// Ends a hold though a person paused it.
    IgnoresPause,
    /// Gives the new side all traffic at the first step.
    SkipsSteps,
    /// Writes on after the end.
    WritesAfterEnd,
    /// Sees the new side without a healthy instance and does nothing.
    IgnoresFallenSide,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::StopsBeforeRouting,
        Self::RoutesBeforeStarting,
        Self::PassesWithoutSample,
        Self::IgnoresFailingGate,
        Self::StopsStableBeforeBake,
        Self::SkipsBake,
        Self::PromotesInsteadOfAborting,
        Self::ForgetsDeadline,
        Self::TakesUnseenForDone,
        Self::RemovesStableOnRevert,
        Self::ForgetsWeightsOnRevert,
        Self::MigratesTwice,
        Self::RecoversAsNew,
        Self::JudgesAfterRevert,
        Self::LeavesEffectRunning,
        Self::TakesStaleResult,
        Self::ApprovesItself,
        Self::IgnoresPause,
        Self::SkipsSteps,
        Self::WritesAfterEnd,
        Self::IgnoresFallenSide,
    ];

    /// What the machine is told of what happened.
    pub(crate) fn event(self, machine: &Machine, happened: &Event) -> Event {
        let state = machine.state();
        match (self, happened) {
            (Self::PassesWithoutSample, Event::Measured(seen)) if seen.hold.attempts == 0 => {
                let mut imagined: Measures = *seen;
                imagined.hold.attempts = u64::from(machine.plan().settings.judging.sample);
                imagined.new = imagined.hold;
                imagined.window_full = true;
                Event::Measured(imagined)
            }
            (Self::PromotesInsteadOfAborting, Event::Command(Command::Abort { by }))
                if matches!(state.phase, Phase::Holding | Phase::Baking) && state.approval_needed.is_none() =>
            {
                Event::Command(Command::Promote { by: by.clone() })
            }
            (Self::TakesStaleResult, Event::Ended { result, .. }) => match machine.pending() {
                Some((step, _)) => Event::Ended {
                    step,
                    result: result.clone(),
                },
                None => happened.clone(),
            },
            (Self::TakesUnseenForDone, Event::Begin) => match machine.pending() {
                Some((step, _)) => Event::Ended {
                    step,
                    result: Ok(Observation::default()),
                },
                None => Event::Begin,
            },
            (Self::IgnoresFallenSide, Event::Observed(_)) => Event::Tick,
            _ => happened.clone(),
        }
    }

    /// What is written down in place of what the machine answered.
    pub(crate) fn entries(self, machine: &Machine, now: &Moment, told: &Event, entries: Vec<Entry>) -> Vec<Entry> {
        let state = machine.state();
        let at = now.clone();
        match self {
            Self::StopsBeforeRouting | Self::RoutesBeforeStarting | Self::SkipsSteps | Self::RemovesStableOnRevert => {
                entries.into_iter().map(|entry| self.intends(machine, entry)).collect()
            }
            Self::IgnoresFailingGate => without_way_back(entries, "gate"),
            Self::ForgetsDeadline => without_way_back(entries, "deadline"),
            Self::StopsStableBeforeBake => {
                let bakes = entries.iter().any(|entry| matches!(entry, Entry::BakeUntil { .. }));
                let old = replaced(machine).map(|(old, _)| old.clone());
                let step = state.steps + 1;
                let stop = old
                    .filter(|_| bakes && machine.plan().beside())
                    .map(|side| Entry::Intent {
                        step,
                        effect: Effect::Ensure { side, replicas: 0 },
                        at: now.clone(),
                    });
                entries.into_iter().chain(stop).collect()
            }
            Self::SkipsBake => after(
                entries,
                |entry| matches!(entry, Entry::BakeUntil { .. }),
                || Entry::Baked { by: None, at },
            ),
            Self::ApprovesItself => after(
                entries,
                |entry| matches!(entry, Entry::ApprovalNeeded { .. }),
                || Entry::Approved {
                    by: "nobody".to_owned(),
                    at,
                },
            ),
            Self::MigratesTwice => {
                let Some((step, effect @ Effect::Migrate { .. })) = machine.pending() else {
                    return entries;
                };
                let done = matches!(entries.first(), Some(Entry::Done { .. }));
                // Once more, but not for ever: an odd step is the first time.
                let again = done && step % 2 == 1;
                let intent = again.then(|| Entry::Intent {
                    step: step + 1,
                    effect: effect.clone(),
                    at,
                });
                let kept = if again { 1 } else { entries.len() };
                entries.into_iter().take(kept).chain(intent).collect()
            }
            Self::JudgesAfterRevert
                if matches!(told, Event::Measured(_))
                    && state.direction != Direction::Forward
                    && state.ended.is_none() =>
            {
                vec![Entry::Reverting {
                    reason: Reason::new("gate", "judged once more", "nothing"),
                    aborted: false,
                    at,
                }]
            }
            Self::LeavesEffectRunning => entries
                .into_iter()
                .filter(|entry| !matches!(entry, Entry::Cancelled { .. }))
                .collect(),
            Self::IgnoresPause if state.paused && state.phase == Phase::Holding && entries.is_empty() => {
                let due = state.hold.as_ref().is_some_and(|(due, _)| due.is_due(now));
                due.then_some(Entry::StepPassed {
                    step: state.steps_passed,
                    by: None,
                    at,
                })
                .into_iter()
                .collect()
            }
            Self::WritesAfterEnd => after(
                entries,
                |entry| matches!(entry, Entry::Ended { .. }),
                || Entry::Entered {
                    phase: Phase::Retiring,
                    at,
                },
            ),
            _ => entries,
        }
    }

    fn intends(self, machine: &Machine, entry: Entry) -> Entry {
        let Entry::Intent { step, effect, at } = entry else {
            return entry;
        };
        let wrong = self.wrong(machine, &effect).unwrap_or(effect);
        Entry::Intent {
            step,
            effect: wrong,
            at,
        }
    }

    /// The wrong effect in place of the right one.
    fn wrong(self, machine: &Machine, effect: &Effect) -> Option<Effect> {
        let (plan, state) = (machine.plan(), machine.state());
        match (self, effect) {
            (Self::StopsBeforeRouting, Effect::Route { weights, .. }) if !plan.beside() => {
                let leaving = weights
                    .iter()
                    .find(|weight| replaced(machine).any(|(old, _)| *old == weight.side))?;
                (leaving.weight < state.count(&leaving.side)).then(|| Effect::Ensure {
                    side: leaving.side.clone(),
                    replicas: leaving.weight,
                })
            }
            (Self::RoutesBeforeStarting, Effect::Ensure { side, .. })
                if plan.beside() && state.count(side) == 0 && replaced(machine).any(|(_, new)| new == side) =>
            {
                let mut weights = state.weights_now(plan);
                share(&mut weights, machine, 10);
                Some(Effect::Route {
                    table: Table::New,
                    weights,
                })
            }
            (Self::SkipsSteps, Effect::Route { table, weights }) if state.direction == Direction::Forward => {
                let mut weights = weights.clone();
                share(&mut weights, machine, 100);
                Some(Effect::Route { table: *table, weights })
            }
            (Self::RemovesStableOnRevert, Effect::Remove { side }) if state.direction != Direction::Forward => {
                let (old, _) = replaced(machine).find(|(_, new)| *new == side)?;
                Some(Effect::Remove { side: old.clone() })
            }
            _ => None,
        }
    }

    /// Whether the platform is never told of an effect that then counts as done.
    pub(crate) fn leaves_out(self, machine: &Machine, effect: &Effect) -> bool {
        let back = machine.state().direction != Direction::Forward;
        self == Self::ForgetsWeightsOnRevert && back && matches!(effect, Effect::Route { .. })
    }
}

/// The old and the new side of each service that is replaced.
fn replaced(machine: &Machine) -> impl Iterator<Item = (&SideId, &SideId)> {
    machine.plan().changes.iter().filter_map(|change| match &change.action {
        Action::Replace { old, new, .. } => Some((old, new)),
        _ => None,
    })
}

fn share(weights: &mut [SideWeight], machine: &Machine, percent: u32) {
    for (old, new) in replaced(machine) {
        for weight in weights.iter_mut() {
            if weight.side == *new {
                weight.weight = percent;
            } else if weight.side == *old {
                weight.weight = 100 - percent;
            }
        }
    }
}

/// The entries without a way back for this reason, and without what follows from it.
fn without_way_back(entries: Vec<Entry>, kind: &str) -> Vec<Entry> {
    let back = |entry: &Entry| matches!(entry, Entry::Reverting { reason, .. } if reason.kind == kind);
    let Some(at) = entries.iter().position(back) else {
        return entries;
    };
    let kept = entries[..at]
        .iter()
        .rposition(|entry| !matches!(entry, Entry::Cancelled { .. }));
    entries.into_iter().take(kept.map_or(0, |last| last + 1)).collect()
}

/// The entries with one more behind the first of a kind.
fn after(mut entries: Vec<Entry>, which: impl Fn(&Entry) -> bool, more: impl FnOnce() -> Entry) -> Vec<Entry> {
    if let Some(at) = entries.iter().position(which) {
        entries.insert(at + 1, more());
    }
    entries
}
