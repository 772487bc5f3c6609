//! How one side takes over from another, a few instances at a time: the same rule forwards and backwards.

use seaworthy_plan::Plan;
use seaworthy_platform::{SideId, SideWeight};

use crate::{Direction, Effect, State, Table};

/// One side taking over from another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift<'a> {
    /// The side that gives way.
    pub(crate) from: &'a SideId,
    /// How many instances it has when it serves alone.
    pub(crate) from_replicas: u32,
    /// The side that takes over.
    pub(crate) to: &'a SideId,
    /// How many instances it shall have.
    pub(crate) to_replicas: u32,
    /// Whether both may run at once.
    pub(crate) overlap: bool,
}

impl Shift<'_> {
    /// The next effect, or none when the one side has taken over from the other.
    ///
    /// Ready instances never fall below the smaller of both numbers less `max_unavailable` and never rise above the larger
    /// one plus `max_surge`. An instance leaves only after the edge has acknowledged weights that count without it.
    pub(crate) fn next(&self, plan: &Plan, state: &State) -> Option<Effect> {
        let (old, new) = (state.count(self.from), state.count(self.to));
        if !self.overlap {
            return self.stop_then_start(plan, state);
        }
        match state.uncertain.get(self.from) {
            None => {}
            // What a failed effect left behind goes first, so that both sides together stay within their bounds.
            Some(1) => return Some(self.ensure(self.from, old)),
            // A side that cannot even keep what it had is given up whole. Its successor comes up first, beyond the surge
            // if it must be: too many instances for a while hurt less than too few.
            Some(_) if new < self.to_replicas || state.uncertain.contains_key(self.to) => {
                return Some(self.ensure(self.to, self.to_replicas));
            }
            Some(_) => return self.route(plan, state, 0).or_else(|| Some(self.ensure(self.from, 0))),
        }
        let most = self.from_replicas.max(self.to_replicas) + plan.settings.max_surge;
        // A stop that was cancelled or whose answer was lost may have happened: what is left of the side is brought back
        // before it is counted on.
        if state.uncertain.contains_key(self.to) && (new >= self.to_replicas || old + new >= most) {
            return Some(self.ensure(self.to, new));
        }
        let least = self
            .from_replicas
            .min(self.to_replicas)
            .saturating_sub(plan.settings.max_unavailable);
        if new < self.to_replicas && old + new < most {
            return Some(self.ensure(self.to, self.to_replicas.min(most - old)));
        }
        let stay = if new >= self.to_replicas {
            0
        } else {
            least.saturating_sub(new).min(old)
        };
        if let Some(route) = self.route(plan, state, stay) {
            return Some(route);
        }
        (old > stay).then(|| self.ensure(self.from, stay))
    }

    fn stop_then_start(&self, plan: &Plan, state: &State) -> Option<Effect> {
        if state.count(self.from) > 0 || state.uncertain.contains_key(self.from) {
            // Out of the routes first: requests then wait at the edge for the successor.
            return self.route(plan, state, 0).or_else(|| Some(self.ensure(self.from, 0)));
        }
        if state.count(self.to) < self.to_replicas || state.uncertain.contains_key(self.to) {
            return Some(self.ensure(self.to, self.to_replicas));
        }
        self.route(plan, state, 0)
    }

    fn ensure(&self, side: &SideId, replicas: u32) -> Effect {
        Effect::Ensure {
            side: side.clone(),
            replicas,
        }
    }

    /// The weights as they should be when `stay` instances of the old side are left, unless the edge has them already.
    fn route(&self, plan: &Plan, state: &State, stay: u32) -> Option<Effect> {
        let weights: Vec<SideWeight> = state
            .weights_now(plan)
            .into_iter()
            .map(|weight| {
                // Other services keep what the edge has: theirs may be shares, and their number may not be known just now.
                // Where that is not known either, a side that may have stopped waits for its own turn: it gave its traffic away before.
                let unsure = state.uncertain.contains_key(&weight.side);
                let kept = || {
                    state
                        .weight(&weight.side)
                        .unwrap_or(if unsure { 0 } else { weight.weight })
                };
                let weight_now = match &weight.side {
                    side if side == self.from => stay,
                    side if side == self.to => weight.weight,
                    _ => kept(),
                };
                SideWeight {
                    weight: weight_now,
                    ..weight
                }
            })
            .collect();
        let mine = |weight: &&SideWeight| weight.side == *self.from || weight.side == *self.to;
        let there = weights
            .iter()
            .filter(mine)
            .all(|weight| state.weight(&weight.side) == Some(weight.weight));
        (!there).then_some(Effect::Route {
            table: table(plan, state),
            weights,
        })
    }
}

/// Whose routes stay in force while instances are replaced: the stable revision's, until every new side is ready. Where
/// both revisions have the same ones, they are at once those of the one that takes over, which saves a step at the end.
fn table(plan: &Plan, state: &State) -> Table {
    match state.direction {
        Direction::Forward if plan.same_routes() => Table::New,
        Direction::Back { .. } if plan.same_routes() => Table::Old,
        _ => state.table.unwrap_or(Table::Old),
    }
}
