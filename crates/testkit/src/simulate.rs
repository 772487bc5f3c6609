//! Runs generated histories, and finds the smallest input that shows a violation.

use seaworthy_release::{Command, Event, Measures, Observation, Outcome, Question};

use crate::properties::require;
use crate::world::Write;
use crate::{Happening, History, Mutant, Turn, Violation, World, told};

/// How often a person answers before the history is taken for one that never ends.
const MOST_ANSWERS: u32 = 100;

/// How often a smaller input is tried.
const MOST_TRIALS: u32 = 2000;

/// A history in which a property does not hold.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which property, in words.
    pub violation: Violation,
    /// The history as text.
    pub told: String,
}

/// Runs one history to its resting place.
///
/// # Errors
/// The first property that does not hold, with the history until then.
pub fn simulate(history: &History, mutant: Option<Mutant>) -> Result<Outcome, Box<Failure>> {
    let plain = |violation: String| {
        Box::new(Failure {
            violation: Violation(violation),
            told: String::new(),
        })
    };
    let mut world = history.world(mutant).map_err(|refusal| plain(refusal.to_string()))?;
    run(history, &mut world).map_err(|violation| {
        Box::new(Failure {
            violation,
            told: told(world.journal()),
        })
    })
}

/// The smallest input found that still shows a violation, by leaving out one thing after the other.
pub fn shrink(history: &History, mutant: Option<Mutant>) -> History {
    let mut smallest = history.clone();
    let mut trials = 0;
    'again: loop {
        for candidate in smaller(&smallest) {
            trials += 1;
            if trials > MOST_TRIALS {
                return smallest;
            }
            if simulate(&candidate, mutant).is_err() {
                smallest = candidate;
                continue 'again;
            }
        }
        return smallest;
    }
}

fn smaller(history: &History) -> Vec<History> {
    let mut found = Vec::new();
    let mut with = |edit: &dyn Fn(&mut History)| {
        let mut candidate = history.clone();
        edit(&mut candidate);
        found.push(candidate);
    };
    for number in 0..history.happenings.len() {
        with(&|smaller| {
            smaller.happenings.remove(number);
        });
    }
    for effect in history.faults.keys() {
        with(&|smaller| {
            smaller.faults.remove(effect);
        });
    }
    for number in 0..history.services.len() {
        if history.services.len() > 1 {
            with(&|smaller| {
                smaller.services.remove(number);
            });
        }
        if history.services[number].migrates {
            with(&|smaller| smaller.services[number].migrates = false);
        }
        if history.services[number].before > 1 {
            with(&|smaller| smaller.services[number].before -= 1);
        }
        if history.services[number].after > 1 {
            with(&|smaller| smaller.services[number].after -= 1);
        }
    }
    for number in 0..history.settings.judging.gates.len() {
        with(&|smaller| {
            smaller.settings.judging.gates.remove(number);
        });
    }
    if history.settings.steps.len() > 1 {
        for number in 0..history.settings.steps.len() - 1 {
            with(&|smaller| {
                smaller.settings.steps.remove(number);
            });
        }
    }
    if history.settings.approve.is_some() {
        with(&|smaller| smaller.settings.approve = None);
    }
    if history.never_ready {
        with(&|smaller| smaller.never_ready = false);
    }
    found
}

fn run(history: &History, world: &mut World) -> Result<Outcome, Violation> {
    world.begin()?;
    let mut answers = 0;
    let mut pending: Vec<(u32, Happening)> = history.happenings.clone();
    pending.sort_by_key(|(turn, _)| *turn);
    let mut pending = pending.into_iter().peekable();
    for turn in 0.. {
        while let Some((_, happening)) = pending.next_if(|(at, _)| *at <= turn) {
            happens(world, happening)?;
        }
        match world.turn()? {
            Turn::Went => {}
            Turn::Ended(outcome) => {
                happens(world, Happening::StaleResult)?;
                happens(world, Happening::StrayMeasures)?;
                require(outcome == Outcome::Succeeded || !history.is_good(), || {
                    format!("nothing was wrong, and it {outcome}")
                })?;
                return Ok(outcome);
            }
            Turn::Held => {
                answers += 1;
                world.pass(1000);
                answer(world)?;
            }
        }
        if world.machine().state().approval_needed.is_some() && history.approves && pending.peek().is_none() {
            world.command(Command::Approve { by: "alice".to_owned() })?;
        }
        if answers > MOST_ANSWERS {
            return Err(Violation(format!("it asked {answers} times")));
        }
    }
    Err(Violation("it never ended".to_owned()))
}

/// A person answers what is asked, truthfully.
fn answer(world: &mut World) -> Result<(), Violation> {
    let Some(held) = &world.machine().state().held else {
        return Ok(());
    };
    let word = match &held.question {
        Question::DidItRun { service } if world.migrations.contains_key(service) => "ran",
        Question::DidItRun { .. } => "did not run",
        Question::TryAgain => "retry",
    };
    let command = Command::Answer {
        by: "alice".to_owned(),
        answer: word.to_owned(),
    };
    world.command(command).map(|_| ())
}

fn happens(world: &mut World, happening: Happening) -> Result<(), Violation> {
    let by = "bob".to_owned();
    match happening {
        Happening::Abort => world.command(Command::Abort { by }).map(|_| ()),
        Happening::Promote => world.command(Command::Promote { by }).map(|_| ()),
        Happening::Pause => world.command(Command::Pause { by }).map(|_| ()),
        Happening::Resume => world.command(Command::Resume { by }).map(|_| ()),
        Happening::Approve => world.command(Command::Approve { by }).map(|_| ()),
        Happening::Answer => answer(world),
        Happening::DaemonDies => world.daemon_dies(),
        Happening::Reboot => world.reboot(),
        Happening::ClockSet(seconds) => {
            world.set_wall(i64::from(seconds) * 1000);
            Ok(())
        }
        Happening::JournalFull(seconds) => {
            world.next_write = Write::Waits(u64::from(seconds) * 1000);
            Ok(())
        }
        Happening::DiesWriting => {
            world.next_write = Write::Dies;
            Ok(())
        }
        Happening::Blind(ticks) => {
            world.blind = ticks;
            Ok(())
        }
        Happening::Traffic(traffic) => {
            world.traffic = traffic;
            Ok(())
        }
        Happening::NewSidesFall => world.new_sides().iter().try_for_each(|side| world.falls(side, true)),
        Happening::OneFalls(number) => {
            let sides: Vec<_> = world.instances.keys().cloned().collect();
            match sides.get(number as usize) {
                Some(side) => world.falls(side, false),
                None => Ok(()),
            }
        }
        Happening::Heals => {
            let sides: Vec<_> = world.instances.keys().cloned().collect();
            sides.iter().for_each(|side| world.heal(side));
            Ok(())
        }
        Happening::StaleResult => {
            let step = world.machine().state().steps.saturating_sub(1);
            world.event(&Event::Ended {
                step,
                result: Ok(Observation::default()),
            })
        }
        Happening::StrayMeasures => world.event(&Event::Measured(Measures::default())),
    }
}
