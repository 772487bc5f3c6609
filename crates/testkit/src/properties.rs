//! What must hold in every history (release.md, "What proves it").

use seaworthy_plan::Action;
use seaworthy_platform::SideId;
use seaworthy_release::{Direction, Entry, Outcome, Phase, Table, Verdict};

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

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation(otherwise())) }
}

/// After every event and every effect.
pub(crate) fn always(world: &World) -> Result<(), Violation> {
    verified_before_weight(world)?;
    rolling_bounds(world)?;
    stable_side_stays(world)?;
    deadline_and_nothing_seen(world)?;
    nothing_stable_goes_before_retiring(world)
}

/// No weight on a side without an instance that passed its probes, unless all of them fell over while they had it.
fn verified_before_weight(world: &World) -> Result<(), Violation> {
    for weight in world.weights.iter().filter(|weight| weight.weight > 0) {
        let known = world.instances.contains_key(&weight.side);
        require(known && world.existing(&weight.side) > 0, || {
            format!("{} has weight and no instance", weight.side)
        })?;
    }
    Ok(())
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
        let fallen = world.instances.get(new).is_some_and(|side| side.broken > 0);
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
        // What leaves must have left the routes first: somebody else has the traffic.
        if plan
            .to
            .services
            .get(&change.service)
            .is_some_and(|service| service.listens)
            && ready >= least
        {
            let served = [old, new]
                .into_iter()
                .any(|side| world.weight(side) > 0 && world.ready(side) > 0);
            require(served || fallen || least == 0, || {
                format!("nobody who is ready has the traffic of {}", change.service)
            })?;
        }
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

/// A deadline and zero measurements never lead to `succeeded`.
fn deadline_and_nothing_seen(world: &World) -> Result<(), Violation> {
    let (plan, state) = (world.machine().plan(), world.machine().state());
    let judged = plan.beside() && !plan.settings.judging.gates.is_empty() && !plan.settings.judging.lenient;
    let succeeded = matches!(state.ended, Some((Outcome::Succeeded, _)));
    if !judged
        || !succeeded
        || !plan
            .changes
            .iter()
            .any(|change| matches!(change.action, Action::Replace { .. }))
        || !state.exposed
    {
        return Ok(());
    }
    let promoted = world
        .journal()
        .iter()
        .any(|entry| matches!(entry, Entry::Baked { by: Some(_), .. }));
    let passed = world.journal().iter().any(|entry| match entry {
        Entry::Judged { measurements, .. } => measurements
            .iter()
            .all(|seen| seen.verdict == Verdict::Pass && seen.sample > 0),
        _ => false,
    });
    require(passed || promoted, || "it succeeded and no gate ever passed".to_owned())
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
