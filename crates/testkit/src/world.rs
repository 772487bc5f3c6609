//! A release machine and everything around it, in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_plan::Plan;
use seaworthy_platform::{ReleaseId, SideId, SideWeight, Timestamp};
use seaworthy_release::{Command, Direction, Effect, Entry, Event, Machine, Moment, Outcome, Reason, Table};

use crate::audit::Audit;
use crate::carry_out::Side;
use crate::traffic::Counted;
use crate::{Fault, Faults, Mutant, Traffic, Violation, oracle, properties};

/// How long an effect takes.
const EFFECT_MS: u64 = 1000;

/// A history of more effects than this is taken for one that never ends.
const MOST_EFFECTS: u32 = 400;

/// And one of more turns: judging every second until a deadline of an hour is 3600 of them.
const MOST_TURNS: u32 = 10_000;

/// A simulated machine with one release on it.
#[derive(Debug)]
pub struct World {
    pub(crate) machine: Machine,
    pub(crate) mutant: Option<Mutant>,
    faults: Faults,
    effects: u32,
    turns: u32,
    clock: Moment,
    audit: Audit,
    pub(crate) journal: Vec<Entry>,
    pub(crate) instances: BTreeMap<SideId, Side>,
    /// Sides of which an instance passed its probes since there was none.
    pub(crate) verified: BTreeSet<SideId>,
    pub(crate) weights: Vec<SideWeight>,
    pub(crate) table: Option<Table>,
    pub(crate) stopped: Vec<SideId>,
    pub(crate) migrated_by: BTreeSet<u32>,
    /// What people send and what comes back.
    pub traffic: Traffic,
    pub(crate) counted: Counted,
    /// The new version never passes its probes.
    pub never_ready: bool,
    /// For so many ticks the edge's counters cannot be read.
    pub(crate) blind: u32,
    /// What the next write to the journal meets.
    pub(crate) next_write: Write,
    /// How often each migration ran.
    pub migrations: BTreeMap<String, u32>,
}

/// What a write to the journal meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// It succeeds.
    Succeeds,
    /// The disk is full for so many milliseconds; the daemon tries until it is not.
    Waits(u64),
    /// The daemon dies: nothing was written.
    Dies,
}

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It goes on.
    Went,
    /// It is held for a person.
    Held,
    /// It has ended.
    Ended(Outcome),
}

impl World {
    /// A world in which the plan's stable revision runs as it should.
    pub fn new(plan: Plan, faults: Faults) -> Self {
        Self::with_mutant(plan, faults, None)
    }

    /// The same with a machine that errs in one way.
    pub fn with_mutant(plan: Plan, faults: Faults, mutant: Option<Mutant>) -> Self {
        let machine = Machine::new(ReleaseId::from("r2"), plan);
        let counts = machine.state().counts.iter();
        let instances: BTreeMap<SideId, Side> = counts
            .map(|(side, ready)| {
                (
                    side.clone(),
                    Side {
                        ready: *ready,
                        broken: 0,
                    },
                )
            })
            .collect();
        let up = instances.iter().filter(|(_, found)| found.ready > 0);
        let verified = up.map(|(side, _)| side.clone()).collect();
        let weights = machine.state().weights.clone().unwrap_or_default();
        let table = machine.plan().from.as_ref().map(|_| Table::Old);
        Self {
            machine,
            mutant,
            faults,
            effects: 0,
            turns: 0,
            clock: Moment {
                boot: "1".to_owned(),
                boot_ms: 1_000_000,
                wall: Timestamp(1_000_000),
            },
            audit: Audit::default(),
            journal: Vec::new(),
            instances,
            verified,
            weights,
            table,
            stopped: Vec::new(),
            migrated_by: BTreeSet::new(),
            traffic: Traffic::default(),
            counted: Counted::default(),
            never_ready: false,
            blind: 0,
            next_write: Write::Succeeds,
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

    /// Runs until the release has ended, is held for a person or waits for approval.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn run(&mut self) -> Result<Option<Outcome>, Violation> {
        self.begin()?;
        self.run_until(|world| world.machine.state().approval_needed.is_some())
    }

    /// Runs on until the release has ended, is held for a person or `there` says so.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn run_until(&mut self, there: impl Fn(&Self) -> bool) -> Result<Option<Outcome>, Violation> {
        loop {
            if there(self) {
                return Ok(None);
            }
            match self.turn()? {
                Turn::Went => {}
                Turn::Held => return Ok(None),
                Turn::Ended(outcome) => return Ok(Some(outcome)),
            }
        }
    }

    /// It is the release's turn.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn begin(&mut self) -> Result<(), Violation> {
        self.event(&Event::Begin)
    }

    /// Runs the pending effect, or lets time go on to the next timer or tick.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn turn(&mut self) -> Result<Turn, Violation> {
        let state = self.machine.state();
        if let Some((outcome, _)) = &state.ended {
            let outcome = *outcome;
            properties::at_rest(self, outcome)?;
            let recovered = Machine::recover(
                self.machine.release().clone(),
                self.machine.plan().clone(),
                &self.journal,
            );
            self.folds_to(&recovered)?;
            return Ok(Turn::Ended(outcome));
        }
        if state.held.is_some() {
            return Ok(Turn::Held);
        }
        self.turns += 1;
        if self.effects > MOST_EFFECTS || self.turns > MOST_TURNS {
            return Err(Violation(format!(
                "no resting place after {} effects and {} turns",
                self.effects, self.turns
            )));
        }
        match self.machine.pending().map(|(step, effect)| (step, effect.clone())) {
            Some((step, effect)) => self.effect(step, &effect)?,
            None => self.wait()?,
        }
        Ok(Turn::Went)
    }

    /// A person's command. `false`: it is not possible now.
    ///
    /// # Errors
    /// The first property that does not hold.
    pub fn command(&mut self, command: Command) -> Result<bool, Violation> {
        let event = Event::Command(command);
        let taken = self.machine.handle(&self.now(), &event).is_ok();
        if taken {
            self.event(&event)?;
        }
        Ok(taken)
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.clone()
    }

    /// Time goes on.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.clock.boot_ms += millis;
        self.clock.wall.0 += millis;
    }

    /// Somebody sets the wall clock.
    pub(crate) fn set_wall(&mut self, by_millis: i64) {
        self.clock.wall.0 = self.clock.wall.0.saturating_add_signed(by_millis);
    }

    /// The machine starts anew: another boot, the instances come back with it, and the daemon reads its journal.
    pub(crate) fn reboot(&mut self) -> Result<(), Violation> {
        self.clock.boot.push('1');
        self.clock.boot_ms = 20_000;
        self.clock.wall.0 += 20_000;
        self.daemon_dies()
    }

    /// Something happened: the machine decides, what it decided is written down and folded in.
    pub(crate) fn event(&mut self, happened: &Event) -> Result<(), Violation> {
        let told = match self.mutant {
            Some(mutant) => mutant.event(&self.machine, happened),
            None => happened.clone(),
        };
        let now = self.now();
        let Ok(entries) = self.machine.handle(&now, &told) else {
            return Ok(());
        };
        let entries = match self.mutant {
            Some(mutant) => mutant.entries(&self.machine, &now, &told, entries),
            None => entries,
        };
        if !entries.is_empty() {
            match std::mem::replace(&mut self.next_write, Write::Succeeds) {
                Write::Succeeds => {}
                Write::Waits(millis) => self.pass(millis),
                Write::Dies => return self.daemon_dies(),
            }
        }
        let oracle = oracle::must_go_back(self, happened);
        self.audit
            .batch(self.machine.plan(), &now, happened, &entries, &self.counted.hold)?;
        for entry in entries {
            self.machine.apply(&entry);
            self.journal.push(entry);
        }
        if let Some(why) = oracle
            && self.machine.state().direction == Direction::Forward
        {
            return Err(Violation(format!("{why}, and it goes on")));
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
            self.pass(millis);
            return self.event(&Event::Tick);
        };
        let tick = self.machine.plan().settings.judging.tick.millis;
        self.pass(
            timer
                .filter(|millis| *millis > 0)
                .map_or(tick, |millis| millis.min(tick)),
        );
        self.look(&since)?;
        self.event(&Event::Tick)
    }

    /// The edge's counters are read, where they can be.
    fn look(&mut self, since: &Moment) -> Result<(), Violation> {
        if self.blind > 0 {
            self.blind -= 1;
            return Ok(());
        }
        let measures = self.measure(since);
        self.event(&Event::Measured(measures))
    }

    fn effect(&mut self, step: u32, effect: &Effect) -> Result<(), Violation> {
        self.effects += 1;
        self.pass(EFFECT_MS);
        // Judging goes on while effects run, and may end them.
        if let Some(since) = self.machine.judging_since().cloned() {
            self.look(&since)?;
            if self.machine.pending().map(|(running, _)| running) != Some(step) {
                self.half(effect);
                return Ok(());
            }
        }
        if self.cannot_be(effect) {
            return self.fails(step, effect);
        }
        match self.faults.0.get(&self.effects).copied() {
            Some(Fault::DaemonDiesBefore) => self.daemon_dies(),
            Some(Fault::DaemonDiesMidway) => {
                self.half(effect);
                self.daemon_dies()
            }
            Some(Fault::DaemonDiesAfter) => {
                self.carry_out(step, effect);
                properties::always(self)?;
                self.daemon_dies()
            }
            Some(Fault::Fails) => self.fails(step, effect),
            Some(Fault::FailsAfter) => {
                self.carry_out(step, effect);
                self.ended(step, Reason::new("simulated", "the answer was lost", "nothing"))
            }
            Some(fault @ (Fault::Unknown | Fault::UnknownDone)) if matches!(effect, Effect::Migrate { .. }) => {
                if fault == Fault::UnknownDone {
                    self.carry_out(step, effect);
                }
                self.ended(
                    step,
                    Reason::new("unknown", "nobody saw how it ended", "look at the database"),
                )
            }
            Some(Fault::Abort) => {
                self.half(effect);
                self.command(Command::Abort { by: "alice".to_owned() }).map(|_| ())
            }
            Some(Fault::TakesForever) => {
                self.half(effect);
                self.pass(self.machine.timer(&self.now()).unwrap_or(0));
                self.event(&Event::Tick)
            }
            Some(Fault::EndsTooLate) => {
                self.pass(self.machine.timer(&self.now()).unwrap_or(0));
                self.done(step, effect)
            }
            Some(Fault::NewSideFalls) => {
                self.done(step, effect)?;
                self.new_sides().iter().try_for_each(|side| self.falls(side, true))
            }
            Some(Fault::Unknown | Fault::UnknownDone) | None => self.done(step, effect),
        }
    }

    fn fails(&mut self, step: u32, effect: &Effect) -> Result<(), Violation> {
        self.half(effect);
        self.ended(
            step,
            Reason::new("simulated", format!("{} failed", effect.describe()), "nothing"),
        )
    }

    fn ended(&mut self, step: u32, reason: Reason) -> Result<(), Violation> {
        self.event(&Event::Ended {
            step,
            result: Err(reason),
        })
    }

    fn done(&mut self, step: u32, effect: &Effect) -> Result<(), Violation> {
        let seen = self.carry_out(step, effect);
        properties::always(self)?;
        self.event(&Event::Ended { step, result: Ok(seen) })
    }

    /// Instances of a side fall over, and the platform tells it.
    pub(crate) fn falls(&mut self, side: &SideId, all: bool) -> Result<(), Violation> {
        if self.existing(side) == 0 {
            return Ok(());
        }
        self.fall(side, all);
        let seen = self.observed(side);
        self.event(&Event::Observed(seen))
    }

    /// A new daemon folds the journal and looks at what is pending.
    pub(crate) fn daemon_dies(&mut self) -> Result<(), Violation> {
        let recovered = self.recovered();
        self.folds_to(&recovered)?;
        self.machine = recovered;
        self.event(&Event::Begin)
    }

    fn recovered(&self) -> Machine {
        let (release, plan) = (self.machine.release().clone(), self.machine.plan().clone());
        match self.mutant {
            Some(Mutant::RecoversAsNew) => Machine::new(release, plan),
            _ => Machine::recover(release, plan, &self.journal),
        }
    }

    /// The fold of the journal is the state.
    fn folds_to(&self, recovered: &Machine) -> Result<(), Violation> {
        if recovered.state() == self.machine.state() {
            return Ok(());
        }
        Err(Violation(
            "the fold of the journal differs from the state that wrote it".to_owned(),
        ))
    }
}
