//! The state of a release: the fold of its journal.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_plan::{Action, Plan};
use seaworthy_platform::{ArtifactId, SideId, SideWeight};
use serde::{Deserialize, Serialize};

use crate::{Due, Effect, Entry, Measurement, Moment, Outcome, Phase, Reason, Table};

/// Everything that is known about a release under way.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Where it is.
    pub phase: Phase,
    /// Forward, or back and why.
    pub direction: Direction,
    /// The effect that runs, with its number.
    pub running: Option<(u32, Effect)>,
    /// How many effects there were.
    pub steps: u32,
    /// When it must have ended.
    pub deadline: Option<Due>,
    /// Until when the new side is watched.
    pub bake_until: Option<Due>,
    /// That time is over.
    pub baked: bool,
    /// How many steps were held to their end.
    pub steps_passed: usize,
    /// The hold that is under way: until when, and since when.
    pub hold: Option<(Due, Moment)>,
    /// Since when the new side has had its present share of traffic.
    pub exposed_since: Option<Moment>,
    /// A person's word is needed before this percentage.
    pub approval_needed: Option<u32>,
    /// Who gave it.
    pub approved: Option<String>,
    /// A person wants it to stay where it is.
    pub paused: bool,
    /// The last judgement. Emptied when the share changes.
    pub judged: Vec<Measurement>,
    /// When that was.
    pub judged_at: Option<Moment>,
    /// What each gate was compared with last. Kept when the share changes: at 100 % the stable side shows nothing any more.
    pub thresholds: BTreeMap<String, f64>,
    /// Facts were compared with the plan.
    pub checked: bool,
    /// Artifacts, by service.
    pub artifacts: BTreeMap<String, ArtifactId>,
    /// Services whose migration has run.
    pub migrated: BTreeSet<String>,
    /// Sides that an effect of this release was to start.
    pub started: BTreeSet<SideId>,
    /// How many instances each side was last brought to.
    pub counts: BTreeMap<SideId, u32>,
    /// Sides whose number of instances is not known, and how often an effect on them failed or was cancelled since it was.
    pub uncertain: BTreeMap<SideId, u32>,
    /// The weights the edge acknowledged last. None: which it has is not known.
    pub weights: Option<Vec<SideWeight>>,
    /// The routes the edge acknowledged last. None: it has none of this application yet, or which is not known.
    pub table: Option<Table>,
    /// Whether a new side was ever given traffic.
    pub exposed: bool,
    /// Sides that were restarted.
    pub restarted: BTreeSet<SideId>,
    /// Sides that are gone.
    pub removed: BTreeSet<SideId>,
    /// It waits for a person.
    pub held: Option<Held>,
    /// How it ended.
    pub ended: Option<(Outcome, Option<Reason>)>,
}

/// Forward, or back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Direction {
    /// To the new revision.
    Forward,
    /// Back to the stable one.
    Back {
        /// Why.
        reason: Reason,
        /// A person wanted it.
        aborted: bool,
    },
}

/// A release that waits for a person, while the stable side serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Why.
    pub reason: Reason,
    /// What is asked.
    pub question: Question,
}

/// What a person is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// A migration was under way and nobody saw how it ended.
    DidItRun {
        /// The service.
        service: String,
    },
    /// An effect that takes the release back failed.
    TryAgain,
}

impl Question {
    /// The possible answers.
    pub fn answers(&self) -> &'static [&'static str] {
        match self {
            Self::DidItRun { .. } => &["ran", "did not run"],
            Self::TryAgain => &["retry"],
        }
    }
}

impl State {
    /// The state before anything happened: what the plan found.
    pub fn new(plan: &Plan) -> Self {
        let mut state = Self {
            phase: Phase::Queued,
            direction: Direction::Forward,
            running: None,
            steps: 0,
            deadline: None,
            bake_until: None,
            baked: false,
            steps_passed: 0,
            hold: None,
            exposed_since: None,
            approval_needed: None,
            approved: None,
            paused: false,
            judged: Vec::new(),
            thresholds: BTreeMap::new(),
            judged_at: None,
            checked: false,
            artifacts: BTreeMap::new(),
            migrated: BTreeSet::new(),
            started: BTreeSet::new(),
            counts: BTreeMap::new(),
            uncertain: BTreeMap::new(),
            weights: None,
            table: plan.from.as_ref().map(|_| Table::Old),
            exposed: false,
            restarted: BTreeSet::new(),
            removed: BTreeSet::new(),
            held: None,
            ended: None,
        };
        for change in &plan.changes {
            match &change.action {
                Action::Add { side, .. } => state.counts.insert(side.clone(), 0),
                Action::Replace {
                    old, old_replicas, new, ..
                } => {
                    state.counts.insert(new.clone(), 0);
                    state.counts.insert(old.clone(), *old_replicas)
                }
                Action::Scale { side, from: count, .. }
                | Action::Restart { side, replicas: count }
                | Action::Keep { side, replicas: count }
                | Action::Remove { side, replicas: count } => state.counts.insert(side.clone(), *count),
            };
        }
        // Nothing is routed before a first release, not even with weight 0.
        state.weights = Some(if plan.from.is_some() {
            state.weights_now(plan)
        } else {
            Vec::new()
        });
        state
    }

    /// How many instances a side was last brought to.
    pub fn count(&self, side: &SideId) -> u32 {
        self.counts.get(side).copied().unwrap_or(0)
    }

    /// The weight a side has at the edge, where that is known. One that the edge was not told of has none.
    pub fn weight(&self, side: &SideId) -> Option<u32> {
        let weights = self.weights.as_ref()?;
        Some(
            weights
                .iter()
                .find(|weight| &weight.side == side)
                .map_or(0, |weight| weight.weight),
        )
    }

    /// Whether the edge acknowledged these weights last.
    pub fn has_weights(&self, weights: &[SideWeight]) -> bool {
        let wanted = |side: &SideId| weights.iter().any(|weight| weight.side == *side);
        weights
            .iter()
            .all(|weight| self.weight(&weight.side) == Some(weight.weight))
            && self
                .weights
                .iter()
                .flatten()
                .all(|weight| weight.weight == 0 || wanted(&weight.side))
    }

    /// Weights that follow the number of instances.
    pub fn weights_now(&self, plan: &Plan) -> Vec<SideWeight> {
        let listens = |side: &SideId| {
            [Some(&plan.to), plan.from.as_ref()]
                .into_iter()
                .flatten()
                .filter_map(|snapshot| snapshot.services.get(&side.service))
                .any(|service| service.listens)
        };
        self.counts
            .iter()
            .filter(|(side, _)| listens(side) && !self.removed.contains(*side))
            .map(|(side, count)| SideWeight {
                side: side.clone(),
                weight: *count,
            })
            .collect()
    }

    /// Folds one entry in.
    pub fn apply(&mut self, plan: &Plan, entry: &Entry) {
        match entry {
            Entry::Begun { deadline, .. } => self.deadline = Some(deadline.clone()),
            Entry::Entered { phase, .. } => {
                self.phase = *phase;
            }
            Entry::BakeUntil { due } => self.bake_until = Some(due.clone()),
            Entry::HoldUntil { due, at, .. } => self.hold = Some((due.clone(), at.clone())),
            Entry::StepPassed { step, .. } => {
                self.steps_passed = step + 1;
                self.hold = None;
            }
            Entry::Baked { .. } => self.baked = true,
            Entry::ApprovalNeeded { before, .. } => self.approval_needed = Some(*before),
            Entry::Approved { by, .. } => {
                self.approved = Some(by.clone());
                self.approval_needed = None;
            }
            Entry::Paused { paused, .. } => self.paused = *paused,
            Entry::Judged { measurements, at } => {
                self.judged.clone_from(measurements);
                self.judged_at = Some(at.clone());
                let known = measurements
                    .iter()
                    .filter_map(|seen| Some((seen.gate.clone(), seen.threshold?)));
                self.thresholds.extend(known);
            }
            Entry::Intent { step, effect, .. } => {
                self.steps = *step;
                self.exposed |= exposes(plan, self, effect);
                if let Effect::Ensure { side, .. } = effect {
                    self.started.insert(side.clone());
                }
                self.running = Some((*step, effect.clone()));
            }
            Entry::Done { seen, at, .. } => {
                if let Some((_, effect)) = self.running.take() {
                    if matches!(effect, Effect::Route { .. }) && self.exposed {
                        self.exposed_since = Some(at.clone());
                        self.judged.clear();
                        self.judged_at = None;
                    }
                    self.done(effect, seen.artifact.as_ref());
                }
            }
            Entry::Failed { .. } | Entry::Cancelled { .. } => {
                if let Some((_, effect)) = self.running.take() {
                    self.undecided(&effect);
                }
            }
            Entry::Reverting { reason, aborted, .. } => {
                self.direction = Direction::Back {
                    reason: reason.clone(),
                    aborted: *aborted,
                };
                self.held = None;
            }
            Entry::Held { held, .. } => self.held = Some(held.clone()),
            Entry::Answered { answer, .. } => {
                if let Some(Held {
                    question: Question::DidItRun { service },
                    ..
                }) = self.held.take()
                    && answer == "ran"
                {
                    self.migrated.insert(service);
                }
            }
            Entry::Ended { outcome, reason, .. } => {
                self.phase = Phase::Ended;
                self.ended = Some((*outcome, reason.clone()));
            }
        }
    }

    fn done(&mut self, effect: Effect, artifact: Option<&ArtifactId>) {
        match effect {
            Effect::Check => self.checked = true,
            Effect::Build { service } => {
                if let Some(artifact) = artifact {
                    self.artifacts.insert(service, artifact.clone());
                }
            }
            Effect::Migrate { service } => {
                self.migrated.insert(service);
            }
            Effect::Ensure { side, replicas } => {
                self.uncertain.remove(&side);
                self.removed.remove(&side);
                self.counts.insert(side, replicas);
            }
            Effect::Restart { side } => {
                self.uncertain.remove(&side);
                self.restarted.insert(side);
            }
            Effect::Route { table, weights } => {
                self.table = Some(table);
                self.weights = Some(weights);
            }
            Effect::Remove { side } => {
                self.uncertain.remove(&side);
                self.counts.insert(side.clone(), 0);
                self.removed.insert(side);
            }
        }
    }

    fn undecided(&mut self, effect: &Effect) {
        match effect {
            Effect::Ensure { side, .. } | Effect::Restart { side } | Effect::Remove { side } => {
                *self.uncertain.entry(side.clone()).or_default() += 1;
            }
            // Which weights the edge has is not known, so none of those wanted next may be taken for granted.
            Effect::Route { .. } => {
                self.table = None;
                self.weights = None;
            }
            Effect::Check | Effect::Build { .. } | Effect::Migrate { .. } => {}
        }
    }
}

/// Whether an effect gives a new side its first work: traffic, or for a worker the place of an old one.
fn exposes(plan: &Plan, state: &State, effect: &Effect) -> bool {
    if state.direction != Direction::Forward {
        return false;
    }
    plan.changes.iter().any(|change| match (&change.action, effect) {
        (Action::Replace { new, .. }, Effect::Route { weights, .. }) => {
            weights.iter().any(|weight| &weight.side == new && weight.weight > 0)
        }
        (
            Action::Add { side, .. },
            Effect::Route {
                table: Table::New,
                weights,
            },
        ) => weights.iter().any(|weight| &weight.side == side && weight.weight > 0),
        (
            Action::Replace {
                old, new, old_replicas, ..
            },
            Effect::Ensure { side, replicas },
        ) => side == old && replicas < old_replicas && state.count(new) > 0,
        _ => false,
    })
}
