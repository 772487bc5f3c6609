//! What effects do to the simulated machine.

use seaworthy_plan::Action;
use seaworthy_platform::{ArtifactId, InstanceId, InstanceObserved, InstanceState, ReleaseId, SideId, SideObserved};
use seaworthy_release::{Effect, Observation};

use crate::World;

/// What exists of a side.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Side {
    /// Instances that passed their probes.
    pub(crate) ready: u32,
    /// Instances that did not.
    pub(crate) broken: u32,
}

impl World {
    /// Does it. Doing it again finds it done.
    pub(crate) fn carry_out(&mut self, step: u32, effect: &Effect) -> Observation {
        let mut seen = Observation {
            detail: "done".to_owned(),
            artifact: None,
        };
        if self
            .mutant
            .is_some_and(|mutant| mutant.leaves_out(&self.machine, effect))
        {
            return seen;
        }
        match effect {
            Effect::Check => {}
            Effect::Build { service } => seen.artifact = Some(ArtifactId(format!("artifact-of-{service}"))),
            // The platform knows a migration by its key and does not run it again after the daemon died.
            Effect::Migrate { service } => {
                if self.migrated_by.insert(step) {
                    *self.migrations.entry(service.clone()).or_default() += 1;
                }
            }
            Effect::Ensure { side, replicas } => self.bring(side, *replicas),
            Effect::Restart { side } => self.bring(side, self.existing(side)),
            Effect::Route { table, weights } => {
                self.table = Some(*table);
                self.weights.clone_from(weights);
            }
            Effect::Remove { side } => {
                self.bring(side, 0);
                self.instances.remove(side);
            }
        }
        seen
    }

    fn bring(&mut self, side: &SideId, replicas: u32) {
        if replicas < self.existing(side) {
            self.stopped.push(side.clone());
        }
        if replicas > 0 {
            self.verified.insert(side.clone());
        } else {
            self.verified.remove(side);
        }
        self.instances.insert(
            side.clone(),
            Side {
                ready: replicas,
                broken: 0,
            },
        );
    }

    /// An effect that failed or was cancelled came some of its way.
    pub(crate) fn half(&mut self, effect: &Effect) {
        if let Effect::Ensure { side, replicas } = effect {
            let found = self.instances.entry(side.clone()).or_default();
            let exists = found.ready + found.broken;
            let (missing, surplus) = (replicas.saturating_sub(exists), exists.saturating_sub(*replicas));
            found.broken += missing.div_ceil(2);
            found.ready -= surplus.div_ceil(2).min(found.ready);
        }
    }

    /// Whether an effect wants more of a version that never gets ready.
    pub(crate) fn cannot_be(&self, effect: &Effect) -> bool {
        self.never_ready
            && matches!(effect, Effect::Ensure { side, replicas }
                if *replicas > self.existing(side) && self.new_sides().contains(side))
    }

    /// Some instances of a side fall over: all of them, or one.
    pub(crate) fn fall(&mut self, side: &SideId, all: bool) {
        if let Some(found) = self.instances.get_mut(side) {
            let falling = if all { found.ready } else { found.ready.min(1) };
            found.ready -= falling;
            found.broken += falling;
        }
    }

    /// Instances that fell over are back, as far as they had been ready before.
    pub(crate) fn heal(&mut self, side: &SideId) {
        if let Some(found) = self.instances.get_mut(side)
            && self.verified.contains(side)
        {
            found.ready += found.broken;
            found.broken = 0;
        }
    }

    /// A side as the platform tells of it.
    pub(crate) fn observed(&self, side: &SideId) -> SideObserved {
        let found = self.instances.get(side).copied().unwrap_or_default();
        let instance = |number: u32, state| InstanceObserved {
            id: InstanceId(format!("{side}-{number}")),
            release: ReleaseId::from("r2"),
            state,
            pid: None,
            port: None,
            started: None,
            restarts: 0,
            trouble: None,
        };
        let ready = (0..found.ready).map(|number| instance(number, InstanceState::Ready));
        let broken = (0..found.broken).map(|number| instance(found.ready + number, InstanceState::BackingOff));
        SideObserved {
            side: side.clone(),
            at: self.now().wall,
            instances: ready.chain(broken).collect(),
        }
    }

    /// The sides that exist only because of this release.
    pub fn new_sides(&self) -> Vec<SideId> {
        let changes = self.machine().plan().changes.iter();
        let sides = changes.filter_map(|change| match &change.action {
            Action::Add { side, .. } | Action::Replace { new: side, .. } => Some(side.clone()),
            _ => None,
        });
        sides.collect()
    }

    /// How many instances of a side are ready.
    pub fn ready(&self, side: &SideId) -> u32 {
        self.instances.get(side).map_or(0, |side| side.ready)
    }

    /// Instances that exist of a side and are not ready.
    pub(crate) fn broken(&self, side: &SideId) -> u32 {
        self.instances.get(side).map_or(0, |side| side.broken)
    }

    /// Instances that exist of a side, ready or not.
    pub fn existing(&self, side: &SideId) -> u32 {
        self.instances.get(side).map_or(0, |side| side.ready + side.broken)
    }

    /// The weight that the edge gives a side.
    pub fn weight(&self, side: &SideId) -> u32 {
        self.weights
            .iter()
            .find(|weight| weight.side == *side)
            .map_or(0, |weight| weight.weight)
    }
}
