//! What comes next when both sides stand beside each other: blue-green and canary.
//!
//! The new side is raised and verified before each weight; no stable instance is asked to stop before the new side has
//! all traffic and has baked. Services without traffic change at 100 %: a new worker at "10 %" would take real jobs.

use seaworthy_plan::{Action, Plan};
use seaworthy_platform::SideWeight;

use crate::forward::Next;
use crate::shift::Shift;
use crate::{Effect, Phase, State, Table};

/// The next thing to do until the new side has all traffic; none when it has.
pub(crate) fn next(plan: &Plan, state: &State) -> Option<Next> {
    for change in &plan.changes {
        let effect = match &change.action {
            Action::Add { side, replicas } if state.count(side) != *replicas => Some((side, *replicas)),
            Action::Scale { side, to, .. } if state.count(side) != *to => Some((side, *to)),
            _ => None,
        };
        if let Some((side, replicas)) = effect {
            return Some(Next::Do(
                Phase::Starting,
                Effect::Ensure {
                    side: side.clone(),
                    replicas,
                },
            ));
        }
    }
    // Without a service whose traffic moves there are no shares to hold: what is only added, and what takes no requests, is
    // watched while it bakes.
    let moving = plan.changes.iter().any(|change| moves(plan, &change.action));
    for (number, step) in plan
        .settings
        .steps_in_force()
        .iter()
        .enumerate()
        .skip(state.steps_passed)
    {
        if plan.settings.approve.is_some_and(|before| step.percent >= before) && state.approved.is_none() {
            return Some(Next::Approval { before: step.percent });
        }
        if !moving {
            continue;
        }
        if let Some(next) = give(plan, state, step.percent) {
            return Some(next);
        }
        return Some(Next::Hold {
            step: number,
            percent: step.percent,
            hold: step.hold,
        });
    }
    plan.changes.iter().find_map(|change| {
        let Action::Replace {
            old,
            old_replicas,
            new,
            replicas,
            overlap,
        } = &change.action
        else {
            return None;
        };
        if moves(plan, &change.action) {
            return None;
        }
        let shift = Shift {
            from: old,
            from_replicas: *old_replicas,
            to: new,
            to_replicas: *replicas,
            overlap: *overlap,
        };
        shift.next(plan, state).map(|effect| Next::Do(Phase::Shifting, effect))
    })
}

/// Raises the new sides for a weight, then gives it to them.
fn give(plan: &Plan, state: &State, percent: u32) -> Option<Next> {
    for change in plan.changes.iter().filter(|change| moves(plan, &change.action)) {
        let Action::Replace {
            old_replicas,
            new,
            replicas,
            ..
        } = &change.action
        else {
            continue;
        };
        let wanted = instances(percent, *old_replicas, *replicas);
        if state.count(new) < wanted {
            let phase = if state.exposed {
                Phase::Shifting
            } else {
                Phase::Starting
            };
            return Some(Next::Do(
                phase,
                Effect::Ensure {
                    side: new.clone(),
                    replicas: wanted,
                },
            ));
        }
    }
    let weights = weights(plan, state, percent);
    let table = if plan.same_routes() {
        Table::New
    } else {
        state.table.unwrap_or(Table::Old)
    };
    (!state.has_weights(&weights)).then_some(Next::Do(Phase::Shifting, Effect::Route { table, weights }))
}

/// Whether a change is moved by weight: it takes requests and both sides may run.
pub(crate) fn moves(plan: &Plan, action: &Action) -> bool {
    match action {
        Action::Replace { new, overlap: true, .. } => plan
            .to
            .services
            .get(&new.service)
            .is_some_and(|service| service.listens),
        _ => false,
    }
}

/// `ceil(percent × stable replicas)`, at least 1; all of them at 100 %.
fn instances(percent: u32, stable: u32, wanted: u32) -> u32 {
    if percent >= 100 {
        return wanted;
    }
    let share = u64::from(percent) * u64::from(stable);
    u32::try_from(share.div_ceil(100))
        .unwrap_or(wanted)
        .clamp(1, wanted.max(1))
        .min(wanted)
}

/// The weights of all sides with the new ones at `percent`.
pub(crate) fn weights(plan: &Plan, state: &State, percent: u32) -> Vec<SideWeight> {
    let mut weights = state.weights_now(plan);
    for change in plan.changes.iter().filter(|change| moves(plan, &change.action)) {
        let Action::Replace { old, new, .. } = &change.action else {
            continue;
        };
        for weight in &mut weights {
            if weight.side == *new {
                weight.weight = percent;
            } else if weight.side == *old {
                weight.weight = 100 - percent;
            }
        }
    }
    weights
}
