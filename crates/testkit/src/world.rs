//! A release machine and everything around it, in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_plan::{Action, Plan};
use seaworthy_platform::{
    ArtifactId, InstanceId, InstanceObserved, InstanceState, ReleaseId, SideId, SideObserved, SideWeight, Timestamp,
};
use seaworthy_release::{
    Command, Effect, Entry, Event, Machine, Measures, Moment, Observation, Outcome, Reason, SideMeasures, Table,
};

use crate::{Fault, Faults, Violation, properties};

/// How long an effect takes.
const EFFECT_MS: u64 = 1000;

/// A history of more effects than this is taken for one that never ends.
const MOST_EFFECTS: u32 = 400;

/// And one of more entries: judging every second until a deadline of an hour is 3600 of them.
const MOST_ENTRIES: usize = 20_000;

/// A simulated machine with one release on it.
#[derive(Debug)]
pub struct World {
    machine: Machine,
    faults: Faults,
    effects: u32,
    clock_ms: u64,
    boot: u32,
    pub(crate) journal: Vec<Entry>,
    pub(crate) instances: BTreeMap<SideId, Side>,
    pub(crate) weights: Vec<SideWeight>,
    pub(crate) table: Option<Table>,
    pub(crate) stopped: Vec<SideId>,
    builds: BTreeSet<String>,
    /// Requests of the whole service in a second, and the share of the new side's answers that are errors, percent.
    pub traffic: (u64, u64),
    held: SideMeasures,
    judged_since: Option<Moment>,
    /// How often each migration ran.
    pub migrations: BTreeMap<String, u32>,
}

/// What exists of a side.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Side {
    /// Instances that passed their probes.
    pub(crate) ready: u32,
    /// Instances that did not.
    pub(crate) broken: u32,
}

impl World {
    /// A world in which the plan's stable revision runs as it should.
    pub fn new(plan: Plan, faults: Faults) -> Self {
        let machine = Machine::new(ReleaseId::from("r2"), plan);
        let mut instances = BTreeMap::new();
        for (side, count) in &machine.state().counts {
            instances.insert(
                side.clone(),
                Side {
                    ready: *count,
                    broken: 0,
                },
            );
        }
        let weights = machine.state().weights.clone().unwrap_or_default();
        let table = machine.plan().from.as_ref().map(|_| Table::Old);
        Self {
            machine,
            faults,
            effects: 0,
            clock_ms: 1_000_000,
            boot: 1,
            journal: Vec::new(),
            instances,
            weights,
            table,
            stopped: Vec::new(),
            builds: BTreeSet::new(),
            traffic: (50, 0),
            held: SideMeasures::default(),
            judged_since: None,
            migrations: BTreeMap::new(),
        }
    }

    /// The machine.
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// What was written down.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// How many instances of a side are ready.
    pub fn ready(&self, side: &SideId) -> u32 {
        self.instances.get(side).map_or(0, |side| side.ready)
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

    /// Runs until the release has ended or is held for a person.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn run(&mut self) -> Result<Option<Outcome>, Violation> {
        self.event(&Event::Begin)?;
        loop {
            if let Some((outcome, _)) = &self.machine.state().ended {
                let outcome = *outcome;
                properties::at_rest(self, outcome)?;
                return Ok(Some(outcome));
            }
            if self.machine.state().held.is_some() || self.machine.state().approval_needed.is_some() {
                return Ok(None);
            }
            if self.effects > MOST_EFFECTS || self.journal.len() > MOST_ENTRIES {
                return Err(Violation(format!("no resting place after {MOST_EFFECTS} effects")));
            }
            match self.machine.pending().map(|(step, effect)| (step, effect.clone())) {
                Some((step, effect)) => self.effect(step, &effect)?,
                None => self.wait()?,
            }
        }
    }

    /// A person's command.
    ///
    /// # Errors
    /// The first property that does not hold; a command that is not possible now is none.
    pub fn command(&mut self, command: Command) -> Result<bool, Violation> {
        let taken = self
            .machine
            .handle(&self.now(), &Event::Command(command.clone()))
            .is_ok();
        if taken {
            self.event(&Event::Command(command))?;
        }
        Ok(taken)
    }

    fn now(&self) -> Moment {
        Moment {
            boot: self.boot.to_string(),
            boot_ms: self.clock_ms,
            wall: Timestamp(self.clock_ms),
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), Violation> {
        let Ok(entries) = self.machine.handle(&self.now(), event) else {
            return Ok(());
        };
        for entry in entries {
            self.machine.apply(&entry);
            self.journal.push(entry);
        }
        properties::always(self)
    }

    /// Nothing runs: time goes on, to the next tick while traffic is judged, else to the next timer.
    fn wait(&mut self) -> Result<(), Violation> {
        let timer = self.machine.timer(&self.now());
        let Some(since) = self.machine.judging_since().cloned() else {
            let Some(millis) = timer else {
                return Err(Violation(
                    "nothing runs, nothing is waited for, and it has not ended".to_owned(),
                ));
            };
            self.clock_ms += millis;
            return self.event(&Event::Tick);
        };
        let tick = self.machine.plan().settings.judging.tick.millis;
        self.clock_ms += timer
            .filter(|millis| *millis > 0)
            .map_or(tick, |millis| millis.min(tick));
        let measures = self.measure(since);
        self.event(&Event::Measured(measures))?;
        self.event(&Event::Tick)
    }

    /// What the edge would have counted by now.
    fn measure(&mut self, since: Moment) -> Measures {
        if self.judged_since.as_ref() != Some(&since) {
            self.held = SideMeasures::default();
            self.judged_since = Some(since.clone());
        }
        let new = self.new_sides();
        let weight = |wanted: bool| -> u64 {
            let sides = self
                .weights
                .iter()
                .filter(|weight| new.contains(&weight.side) == wanted);
            sides.map(|weight| u64::from(weight.weight)).sum()
        };
        let (fresh, whole) = (weight(true), weight(true) + weight(false));
        let attempts = self.traffic.0 * fresh / whole.max(1);
        self.held.attempts += attempts;
        self.held.errors += attempts * self.traffic.1 / 100;
        let window_full = self.now().boot_ms >= since.boot_ms + self.machine.plan().settings.judging.window.millis;
        let stable = SideMeasures {
            attempts: self.traffic.0 - attempts,
            errors: 0,
            latency: None,
        };
        Measures {
            hold: self.held,
            new: self.held,
            stable,
            window_full,
        }
    }

    fn effect(&mut self, step: u32, effect: &Effect) -> Result<(), Violation> {
        self.effects += 1;
        self.clock_ms += EFFECT_MS;
        match self.faults.0.get(&self.effects).copied() {
            Some(Fault::DaemonDiesBefore) => self.restart(),
            Some(Fault::DaemonDiesAfter) => {
                self.carry_out(effect);
                properties::always(self)?;
                self.restart()
            }
            Some(Fault::Fails) => {
                self.half(effect);
                let reason = Reason::new("simulated", format!("{} failed", effect.describe()), "nothing");
                self.event(&Event::Ended {
                    step,
                    result: Err(reason),
                })
            }
            Some(Fault::Unknown) if matches!(effect, Effect::Migrate { .. }) => {
                let reason = Reason::new("unknown", "nobody saw how it ended", "look at the database");
                self.event(&Event::Ended {
                    step,
                    result: Err(reason),
                })
            }
            Some(Fault::Abort) => {
                self.half(effect);
                self.command(Command::Abort { by: "alice".to_owned() }).map(|_| ())
            }
            Some(Fault::TakesForever) => {
                self.half(effect);
                self.clock_ms += self.machine.timer(&self.now()).unwrap_or(0);
                self.event(&Event::Tick)
            }
            Some(Fault::NewSideFalls) => {
                self.done(step, effect)?;
                self.new_sides_fall()
            }
            Some(Fault::Unknown) | None => self.done(step, effect),
        }
    }

    fn done(&mut self, step: u32, effect: &Effect) -> Result<(), Violation> {
        let seen = self.carry_out(effect);
        properties::always(self)?;
        self.event(&Event::Ended { step, result: Ok(seen) })
    }

    /// A new daemon folds the journal and looks at what is pending.
    fn restart(&mut self) -> Result<(), Violation> {
        let recovered = Machine::recover(
            self.machine.release().clone(),
            self.machine.plan().clone(),
            &self.journal,
        );
        if recovered.state() != self.machine.state() {
            return Err(Violation(
                "the fold of the journal differs from the state that wrote it".to_owned(),
            ));
        }
        self.machine = recovered;
        self.event(&Event::Begin)
    }

    fn new_sides_fall(&mut self) -> Result<(), Violation> {
        for side in self.new_sides() {
            let Some(found) = self.instances.get_mut(&side) else {
                continue;
            };
            *found = Side {
                ready: 0,
                broken: found.ready + found.broken,
            };
            let seen = self.observed(&side);
            self.event(&Event::Observed(seen))?;
        }
        Ok(())
    }

    fn observed(&self, side: &SideId) -> SideObserved {
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
            at: Timestamp(self.clock_ms),
            instances: ready.chain(broken).collect(),
        }
    }

    /// The sides that exist only because of this release.
    pub fn new_sides(&self) -> Vec<SideId> {
        let sides = self
            .machine
            .plan()
            .changes
            .iter()
            .filter_map(|change| match &change.action {
                Action::Add { side, .. } | Action::Replace { new: side, .. } => Some(side.clone()),
                _ => None,
            });
        sides.collect()
    }

    fn carry_out(&mut self, effect: &Effect) -> Observation {
        let mut seen = Observation {
            detail: "done".to_owned(),
            artifact: None,
        };
        match effect {
            Effect::Check => {}
            Effect::Build { service } => {
                self.builds.insert(service.clone());
                seen.artifact = Some(ArtifactId(format!("artifact-of-{service}")));
            }
            Effect::Migrate { service } => *self.migrations.entry(service.clone()).or_default() += 1,
            Effect::Ensure { side, replicas } => self.bring(side, *replicas),
            Effect::Restart { side } => {
                let count = self.existing(side);
                self.instances.insert(
                    side.clone(),
                    Side {
                        ready: count,
                        broken: 0,
                    },
                );
            }
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
        let before = self.existing(side);
        if replicas < before {
            self.stopped.push(side.clone());
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
    fn half(&mut self, effect: &Effect) {
        if let Effect::Ensure { side, replicas } = effect {
            let found = self.instances.entry(side.clone()).or_default();
            let missing = replicas.saturating_sub(found.ready + found.broken);
            found.broken += missing.div_ceil(2);
        }
    }
}
