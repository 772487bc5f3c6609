//! A second opinion on gates, from what the edge truly counted: whoever judges otherwise errs.

use seaworthy_plan::{Action, Plan};
use seaworthy_platform::SideId;
use seaworthy_release::{Direction, Event, Measures, Phase};
use seaworthy_spec::units::{Bound, Comparison, Expression, Metric};

use crate::World;

/// Why a release must go back at this event, where it must.
///
/// Only gates that one tick decides are judged here: an error rate that a full sample could no longer forgive, and a latency whose
/// gate needs no second failing tick.
pub(crate) fn must_go_back(world: &World, event: &Event) -> Option<String> {
    let (plan, state) = (world.machine().plan(), world.machine().state());
    let Event::Measured(seen) = event else {
        return fallen(world, event);
    };
    let judged = matches!(state.phase, Phase::Shifting | Phase::Holding | Phase::Baking);
    let warm = state
        .exposed_since
        .as_ref()
        .is_some_and(|since| since.after(plan.settings.judging.warm_up.millis).is_due(&world.now()));
    if !judged || !warm || state.direction != Direction::Forward || state.ended.is_some() {
        return None;
    }
    let sample = u64::from(plan.settings.judging.sample);
    let broken = plan
        .settings
        .judging
        .gates
        .iter()
        .filter(|gate| gate.consecutive == 1)
        .find(|gate| breaks(&gate.expression, seen, sample))?;
    Some(format!("gate {} is broken", broken.name))
}

fn breaks(gate: &Expression, seen: &Measures, sample: u64) -> bool {
    let full = seen.hold.attempts >= sample;
    match (gate.metric, gate.comparison, &gate.bound) {
        (Metric::ErrorRate, Comparison::Below, Bound::Percent(most)) => {
            let beyond = seen.hold.errors as f64 > most / 100.0 * sample as f64 + 1e-6;
            let share = full
                && seen.new.attempts > 0
                && seen.new.errors as f64 / seen.new.attempts as f64 > most / 100.0 + 1e-6;
            beyond || share
        }
        (Metric::P95, Comparison::Below, Bound::Stable { factor, .. }) => match (seen.new.latency, seen.stable.latency)
        {
            (Some(new), Some(stable)) => full && new.p95 > factor * stable.p95,
            _ => false,
        },
        _ => false,
    }
}

/// A new side that has traffic and not one healthy instance fails at once.
fn fallen(world: &World, event: &Event) -> Option<String> {
    let Event::Observed(seen) = event else {
        return None;
    };
    let state = world.machine().state();
    let judged = matches!(state.phase, Phase::Holding | Phase::Baking);
    let new = state.exposed && replaces(world.machine().plan(), &seen.side);
    let down = new && world.weight(&seen.side) > 0 && world.ready(&seen.side) == 0 && seen.ready() == 0;
    (judged && down && state.direction == Direction::Forward && state.ended.is_none())
        .then(|| format!("{} has traffic and no healthy instance", seen.side))
}

fn replaces(plan: &Plan, side: &SideId) -> bool {
    let mut changes = plan.changes.iter();
    changes.any(|change| matches!(&change.action, Action::Replace { new, .. } if new == side))
}
