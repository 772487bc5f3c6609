//! What comes next on the way back to the stable revision.

use seaworthy_plan::{Action, Plan};
use seaworthy_platform::SideWeight;

use crate::forward::Next;
use crate::shift::Shift;
use crate::{Effect, Phase, State, Table, beside};

/// What comes next on the way back.
///
/// Changes are undone in the reverse of their order. The stable side is brought back to its number, verified, and has
/// its traffic again before anything of the new side goes. Where both sides stand beside each other the stable one is
/// whole, so all traffic goes back to it first, of all services in one step.
pub(crate) fn next(plan: &Plan, state: &State) -> Next {
    let effect = at_once(plan, state)
        .or_else(|| undo(plan, state))
        .or_else(|| restore_routes(plan, state))
        .or_else(|| take_away(plan, state));
    effect.map_or(Next::Finished, |effect| Next::Do(Phase::Reverting, effect))
}

/// The weights with which every service that was moved by weight has all its traffic on the stable side again. That side was
/// not touched, so this needs no other step before it.
fn at_once(plan: &Plan, state: &State) -> Option<Effect> {
    let mut weights = state.weights.clone().filter(|_| plan.beside())?;
    for change in plan.changes.iter().filter(|change| beside::moves(plan, &change.action)) {
        let Action::Replace { old, new, .. } = &change.action else {
            continue;
        };
        for weight in &mut weights {
            if weight.side == *new {
                weight.weight = 0;
            } else if weight.side == *old {
                weight.weight = state.count(old);
            }
        }
    }
    let table = if plan.same_routes() {
        Table::Old
    } else {
        state.table.unwrap_or(Table::Old)
    };
    let moved =
        |weight: &&SideWeight| new_sides(plan).any(|side| *side == weight.side && state.weight(side) != Some(0));
    state
        .weights
        .iter()
        .flatten()
        .any(|weight| moved(&weight) && !weights.contains(weight))
        .then_some(Effect::Route { table, weights })
}

fn undo(plan: &Plan, state: &State) -> Option<Effect> {
    plan.changes.iter().rev().find_map(|change| match &change.action {
        Action::Replace {
            old,
            old_replicas,
            new,
            replicas,
            overlap,
        } => {
            let untouched = !state.started.contains(new) && !state.started.contains(old);
            if untouched || (state.removed.contains(new) && state.count(old) == *old_replicas) {
                return None;
            }
            let back = Shift {
                from: new,
                from_replicas: *replicas,
                to: old,
                to_replicas: *old_replicas,
                overlap: *overlap,
            };
            back.next(plan, state)
        }
        Action::Scale { side, from, to } => {
            // A side that was raised because instances were missing stays raised as far as it came.
            let before = *from.min(to).max(&stable_replicas(plan, &change.service));
            let settled = state.count(side) == before && !state.uncertain.contains_key(side);
            (!settled).then(|| Effect::Ensure {
                side: side.clone(),
                replicas: before,
            })
        }
        Action::Restart { side, replicas } if state.uncertain.contains_key(side) => Some(Effect::Ensure {
            side: side.clone(),
            replicas: *replicas,
        }),
        Action::Add { .. } | Action::Restart { .. } | Action::Keep { .. } | Action::Remove { .. } => None,
    })
}

fn stable_replicas(plan: &Plan, service: &str) -> u32 {
    plan.from
        .as_ref()
        .and_then(|from| from.services.get(service))
        .map_or(0, |found| found.replicas)
}

/// The stable revision's routes, unless the edge has them; after a first release that failed, none.
fn restore_routes(plan: &Plan, state: &State) -> Option<Effect> {
    if plan.from.is_none() {
        let weights = state
            .weights_now(plan)
            .into_iter()
            .map(|weight| SideWeight { weight: 0, ..weight })
            .collect();
        let touched = state.exposed || state.table.is_some();
        return (touched && state.table != Some(Table::Old)).then_some(Effect::Route {
            table: Table::Old,
            weights,
        });
    }
    let mut weights = state.weights_now(plan);
    for weight in &mut weights {
        if new_sides(plan).any(|side| *side == weight.side) {
            weight.weight = 0;
        }
    }
    let there = state.table == Some(Table::Old) && state.has_weights(&weights);
    (!there).then_some(Effect::Route {
        table: Table::Old,
        weights,
    })
}

fn take_away(plan: &Plan, state: &State) -> Option<Effect> {
    let side = new_sides(plan).find(|side| state.started.contains(*side) && !state.removed.contains(*side))?;
    Some(Effect::Remove { side: side.clone() })
}

/// The sides that exist only because of this release.
fn new_sides(plan: &Plan) -> impl Iterator<Item = &seaworthy_platform::SideId> {
    plan.changes.iter().filter_map(|change| match &change.action {
        Action::Add { side, .. } | Action::Replace { new: side, .. } => Some(side),
        _ => None,
    })
}
