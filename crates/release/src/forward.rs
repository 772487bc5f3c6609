//! What comes next on the way to the new revision.

use seaworthy_plan::{Action, Kind, Plan, Strategy};

use seaworthy_spec::units::Span;

use crate::shift::Shift;
use crate::{Effect, Phase, State, Table, beside};

/// An answer to "what next?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Do this, in this phase.
    Do(Phase, Effect),
    /// Keep the new side's share for a while.
    Hold {
        /// Which step, from 0.
        step: usize,
        /// The share, percent.
        percent: u32,
        /// How long.
        hold: Span,
    },
    /// Wait for a person's word.
    Approval {
        /// Before which percentage.
        before: u32,
    },
    /// Watch until the time of the bake is over.
    Bake,
    /// There is nothing left to do.
    Finished,
}

/// What comes next on the way to the new revision.
pub(crate) fn next(plan: &Plan, state: &State) -> Next {
    if plan.unchanged() {
        return Next::Finished;
    }
    if state.phase == Phase::Retiring {
        return finish(plan, state);
    }
    if let Some(found) = prepare(plan, state) {
        return found;
    }
    if plan.beside()
        && let Some(found) = beside::next(plan, state)
    {
        return found;
    }
    for change in plan.changes.iter().filter(|_| !plan.beside()) {
        if let Some(effect) = change_next(plan, state, &change.action) {
            let phase = if state.exposed || matches!(effect, Effect::Route { .. }) {
                Phase::Shifting
            } else {
                Phase::Starting
            };
            return Next::Do(phase, effect);
        }
    }
    let mut weights = if plan.beside() {
        beside::weights(plan, state, 100)
    } else {
        state.weights_now(plan)
    };
    for weight in weights
        .iter_mut()
        .filter(|weight| !plan.to.services.contains_key(&weight.side.service))
    {
        weight.weight = 0;
    }
    let reached = state.table == Some(Table::New) || (plan.same_routes() && state.table == Some(Table::Old));
    if !reached || !state.has_weights(&weights) {
        return Next::Do(
            Phase::Shifting,
            Effect::Route {
                table: Table::New,
                weights,
            },
        );
    }
    if bakes(plan) && !state.baked {
        return Next::Bake;
    }
    finish(plan, state)
}

/// There is no way back from here, also when taking something away has failed and is tried again.
fn finish(plan: &Plan, state: &State) -> Next {
    match retire(plan, state) {
        Some(effect) => Next::Do(Phase::Retiring, effect),
        None => Next::Finished,
    }
}

/// Whether the new side is watched before the release counts as done. A first release has nothing to go back to.
pub(crate) fn bakes(plan: &Plan) -> bool {
    plan.strategy != Strategy::First
        && plan.settings.bake.millis > 0
        && matches!(plan.kind, Kind::Release | Kind::Rollback)
}

fn prepare(plan: &Plan, state: &State) -> Option<Next> {
    if !state.checked {
        return Some(Next::Do(Phase::Checking, Effect::Check));
    }
    let services = || plan.changes.iter().map(|change| &change.service);
    if let Some(service) = services().find(|name| plan.builds(name) && !state.artifacts.contains_key(*name)) {
        return Some(Next::Do(
            Phase::Building,
            Effect::Build {
                service: service.clone(),
            },
        ));
    }
    let service = services().find(|name| plan.migrates(name) && !state.migrated.contains(*name))?;
    Some(Next::Do(
        Phase::Migrating,
        Effect::Migrate {
            service: service.clone(),
        },
    ))
}

fn change_next(plan: &Plan, state: &State, action: &Action) -> Option<Effect> {
    match action {
        Action::Add { side, replicas: count } | Action::Scale { side, to: count, .. } => (state.count(side) != *count)
            .then(|| Effect::Ensure {
                side: side.clone(),
                replicas: *count,
            }),
        Action::Replace {
            old,
            old_replicas,
            new,
            replicas,
            overlap,
        } => {
            let shift = Shift {
                from: old,
                from_replicas: *old_replicas,
                to: new,
                to_replicas: *replicas,
                overlap: *overlap,
            };
            shift.next(plan, state)
        }
        Action::Restart { side, .. } => {
            (!state.restarted.contains(side)).then(|| Effect::Restart { side: side.clone() })
        }
        Action::Keep { .. } | Action::Remove { .. } => None,
    }
}

fn retire(plan: &Plan, state: &State) -> Option<Effect> {
    plan.changes.iter().find_map(|change| match &change.action {
        Action::Replace { old: side, .. } | Action::Remove { side, .. } if !state.removed.contains(side) => {
            Some(Effect::Remove { side: side.clone() })
        }
        _ => None,
    })
}
