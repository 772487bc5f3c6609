//! What must hold in every history (release.md, "What proves it").

use seaworthy_plan::Action;
use seaworthy_platform::SideId;
use seaworthy_release::{Direction, Outcome, Phase, Table};

use crate::World;

/// A property that does not hold, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(pub String);

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

pub(crate) fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation(otherwise())) }
}

/// After every event and every effect.
pub(crate) fn always(world: &World) -> Result<(), Violation> {
    verified_before_weight(world)?;
    somebody_ready_has_the_traffic(world)?;
    rolling_bounds(world)?;
    stable_side_stays(world)?;
    no_more_than_its_share(world)?;
    migrations_run_once(world)?;
    nothing_stable_goes_before_retiring(world)
}

/// No weight on a side of which no instance ever passed its probes in this life, nor on one that is not there any more.
fn verified_before_weight(world: &World) -> Result<(), Violation> {
    for weight in world.weights.iter().filter(|weight| weight.weight > 0) {
        require(world.existing(&weight.side) > 0, || {
            format!("{} has weight and no instance", weight.side)
        })?;
        require(world.verified.contains(&weight.side), || {
            format!("{} has weight and was never verified", weight.side)
        })?;
    }
    Ok(())
}

/// Whoever is ready has the traffic, for every service that both revisions route; but not between an instance's fall and the
/// answer to it, and not in a gap that was consented to.
fn somebody_ready_has_the_traffic(world: &World) -> Result<(), Violation> {
    let plan = world.machine().plan();
    for change in &plan.changes {
        let (sides, least): (Vec<&SideId>, u32) = match &change.action {
            Action::Replace {
                old,
                old_replicas,
                new,
                replicas,
                overlap: true,
            } => (vec![old, new], (*old_replicas).min(*replicas)),
            Action::Keep { side, replicas } | Action::Restart { side, replicas } => (vec![side], *replicas),
            _ => continue,
        };
        let spared = if plan.beside() {
            0
        } else {
            plan.settings.max_unavailable
        };
        let routed = [Some(&plan.to), plan.from.as_ref()]
            .into_iter()
            .flatten()
            .all(|snapshot| {
                snapshot
                    .services
                    .get(&change.service)
                    .is_some_and(|found| found.listens)
            });
        if !routed || least <= spared || sides.iter().any(|side| world.broken(side) > 0) {
            continue;
        }
        let ready = || sides.iter().filter(|side| world.ready(side) > 0);
        require(
            ready().next().is_none() || ready().any(|side| world.weight(side) > 0),
            || format!("nobody who is ready has the traffic of {}", change.service),
        )?;
    }
    Ok(())
}

/// Canary and blue-green: a new side never has more than the share of the step that is under way, and keeps what it was given until
/// it is taken back.
fn no_more_than_its_share(world: &World) -> Result<(), Violation> {
    let (plan, state) = (world.machine().plan(), world.machine().state());
    if !plan.beside() {
        return Ok(());
    }
    let steps = plan.settings.steps_in_force();
    let known = state.direction == Direction::Forward && state.weights.is_some();
    let given = state.steps_passed.checked_sub(1).and_then(|before| steps.get(before));
    let given = given.filter(|_| known).map_or(0, |step| step.percent);
    let share = steps.get(state.steps_passed).map_or(100, |step| step.percent);
    for change in &plan.changes {
        if let Action::Replace {
            old,
            new,
            overlap: true,
            ..
        } = &change.action
        {
            let (fresh, stable) = (world.weight(new), world.weight(old));
            // Before the first step the weights are numbers of instances; afterwards they sum to 100.
            let within = fresh == 0 || stable + fresh < 100 || fresh * 100 <= share * (fresh + stable);
            require(within, || format!("{new} has weight {fresh} in a step of {share} %"))?;
            let routed = plan.to.services.get(&change.service).is_some_and(|found| found.listens);
            require(!routed || fresh * 100 >= given * (fresh + stable), || {
                format!("{new} lost its share of {given} % on the way forward")
            })?;
        }
    }
    Ok(())
}

/// A migration runs once per release.
fn migrations_run_once(world: &World) -> Result<(), Violation> {
    match world.migrations.iter().find(|(_, times)| **times > 1) {
        Some((service, times)) => Err(Violation(format!("the migration of {service} ran {times} times"))),
        None => Ok(()),
    }
}

/// Rolling: ready instances never below `replicas − max_unavailable`, all instances never above `replicas + max_surge`.
fn rolling_bounds(world: &World) -> Result<(), Violation> {
    let plan = world.machine().plan();
    if plan.beside() {
        return Ok(());
    }
    for change in &plan.changes {
        let Action::Replace {
            old,
            old_replicas,
            new,
            replicas,
            overlap: true,
        } = &change.action
        else {
            continue;
        };
        let least = (*old_replicas)
            .min(*replicas)
            .saturating_sub(plan.settings.max_unavailable);
        let (ready, all) = (
            world.ready(old) + world.ready(new),
            world.existing(old) + world.existing(new),
        );
        let fallen = world.broken(new) > 0 || world.broken(old) > 0;
        require(ready >= least || fallen, || {
            format!(
                "{ready} instances of {} are ready, {least} is the least",
                change.service
            )
        })?;
        let most = (*old_replicas).max(*replicas) + plan.settings.max_surge;
        let given_up = world.machine().state().uncertain.values().any(|failures| *failures > 1);
        require(all <= most || given_up, || {
            format!("{all} instances of {} exist, {most} is the most", change.service)
        })?;
    }
    Ok(())
}

/// Canary and blue-green: no stable instance is asked to stop before the new side has all traffic and has baked.
fn stable_side_stays(world: &World) -> Result<(), Violation> {
    let (plan, state) = (world.machine().plan(), world.machine().state());
    if !plan.beside() || state.phase >= Phase::Retiring && state.direction == Direction::Forward {
        return Ok(());
    }
    for change in &plan.changes {
        if let Action::Replace {
            old,
            old_replicas,
            overlap: true,
            ..
        } = &change.action
            && plan
                .to
                .services
                .get(&change.service)
                .is_some_and(|service| service.listens)
        {
            let existing = world.existing(old);
            require(existing == *old_replicas, || {
                format!("{old} has {existing} instances before the new side has proven itself")
            })?;
        }
    }
    Ok(())
}

/// A service that the new file lacks goes only when there is no way back.
fn nothing_stable_goes_before_retiring(world: &World) -> Result<(), Violation> {
    let state = world.machine().state();
    if state.phase >= Phase::Retiring && state.direction == Direction::Forward {
        return Ok(());
    }
    for change in &world.machine().plan().changes {
        if let Action::Remove { side, .. } = &change.action {
            require(!world.stopped.contains(side), || {
                format!("{side} was stopped before the new side was proven")
            })?;
        }
    }
    Ok(())
}

/// At a resting place.
pub(crate) fn at_rest(world: &World, outcome: Outcome) -> Result<(), Violation> {
    let new = outcome == Outcome::Succeeded;
    for change in &world.machine().plan().changes {
        let expected: Vec<(&SideId, u32)> = match &change.action {
            Action::Add { side, replicas } => vec![(side, if new { *replicas } else { 0 })],
            Action::Replace {
                old,
                old_replicas,
                new: side,
                replicas,
                ..
            } => {
                vec![
                    (side, if new { *replicas } else { 0 }),
                    (old, if new { 0 } else { *old_replicas }),
                ]
            }
            Action::Scale { side, from, to } => vec![(side, if new { *to } else { *from.max(to.min(from)) })],
            Action::Restart { side, replicas } | Action::Keep { side, replicas } => vec![(side, *replicas)],
            Action::Remove { side, replicas } => vec![(side, if new { 0 } else { *replicas })],
        };
        for (side, count) in expected {
            let found = world.existing(side);
            require(found == count, || {
                format!("{outcome}: {side} has {found} instances and should have {count}")
            })?;
            let listens = world.machine().side_spec(side).is_some_and(|side| side.listens);
            let weight = world.weight(side);
            require(!listens || (weight > 0) == (count > 0), || {
                format!("{outcome}: {side} has weight {weight} with {count} instances")
            })?;
        }
    }
    let table = match (new, world.machine().plan().from.is_some()) {
        (true, _) => Some(Table::New),
        (false, true) => Some(Table::Old),
        (false, false) => return Ok(()),
    };
    require(world.machine().plan().same_routes() || world.table == table, || {
        format!("{outcome}: the routes are those of {:?}", world.table)
    })
}
