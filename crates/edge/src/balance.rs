//! Which side and which of its targets take a request.

/// A small, fast pseudo-random generator (xorshift64*, Vigna 2016): it spreads load, it guards nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Begins at `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        // Zero is the one state that the generator never leaves.
        Self(seed | 1)
    }

    /// A number below `bound`, which is not 0. The bias for bounds of 32 bits is below 2⁻³².
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        (high * bound) >> 32
    }
}

/// What [`choose`] needs to know of a side.
pub(crate) trait Sides {
    /// How many sides there are.
    fn len(&self) -> usize;
    /// The relative weight of a side.
    fn weight(&self, side: usize) -> u32;
    /// How many targets a side has.
    fn targets(&self, side: usize) -> usize;
    /// Requests in flight at a target that may get one more; `None` if it may not.
    fn load(&self, side: usize, target: usize) -> Option<u64>;
}

/// Chooses a side by weight, then its least loaded target. `turn` makes equally loaded ones take turns.
///
/// Where the side drawn has no target to offer, the other sides that have a weight are asked in order; a side of weight 0 never is.
pub(crate) fn choose(sides: &impl Sides, dice: &mut Dice, turn: usize) -> Option<(usize, usize)> {
    let drawn = draw(sides, dice)?;
    let others = (0..sides.len()).filter(|side| *side != drawn && sides.weight(*side) > 0);
    std::iter::once(drawn)
        .chain(others)
        .find_map(|side| least_loaded(sides, side, turn).map(|target| (side, target)))
}

fn draw(sides: &impl Sides, dice: &mut Dice) -> Option<usize> {
    let total: u64 = (0..sides.len()).map(|side| u64::from(sides.weight(side))).sum();
    if total == 0 {
        return None;
    }
    if sides.len() == 1 {
        return Some(0);
    }
    let mut ticket = dice.below(total.min(u64::from(u32::MAX)));
    (0..sides.len()).find(|side| {
        let weight = u64::from(sides.weight(*side));
        let hit = ticket < weight;
        ticket = ticket.saturating_sub(weight);
        hit
    })
}

/// The target of `side` with the least to do; `None` if none may get a request.
pub(crate) fn least_loaded(sides: &impl Sides, side: usize, turn: usize) -> Option<usize> {
    let count = sides.targets(side);
    let mut best: Option<(usize, u64)> = None;
    for step in 0..count {
        let target = (turn.wrapping_add(step)) % count;
        if let Some(load) = sides.load(side, target)
            && best.is_none_or(|(_, least)| load < least)
        {
            best = Some((target, load));
        }
    }
    best.map(|(target, _)| target)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Weight and the loads of its targets.
    struct Toy(Vec<(u32, Vec<Option<u64>>)>);

    impl Sides for Toy {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn weight(&self, side: usize) -> u32 {
            self.0[side].0
        }
        fn targets(&self, side: usize) -> usize {
            self.0[side].1.len()
        }
        fn load(&self, side: usize, target: usize) -> Option<u64> {
            self.0[side].1[target]
        }
    }

    #[test]
    fn sides_are_drawn_by_weight() {
        let sides = Toy(vec![(90, vec![Some(0)]), (10, vec![Some(0)]), (0, vec![Some(0)])]);
        let mut dice = Dice::new(7);
        let mut hits = [0_u32; 3];
        for turn in 0..100_000 {
            hits[choose(&sides, &mut dice, turn).unwrap().0] += 1;
        }
        // Ten standard deviations of a binomial with p = 0.1 are about 950.
        assert!(hits[1].abs_diff(10_000) < 950, "{hits:?}");
        assert_eq!(hits[2], 0);
    }

    #[test]
    fn the_least_loaded_target_is_taken_and_equals_take_turns() {
        let sides = Toy(vec![(1, vec![Some(3), Some(1), Some(2)])]);
        let mut dice = Dice::new(1);
        assert_eq!(choose(&sides, &mut dice, 2), Some((0, 1)));
        let equal = Toy(vec![(1, vec![Some(0), Some(0), None])]);
        assert_eq!(choose(&equal, &mut dice, 0), Some((0, 0)));
        assert_eq!(choose(&equal, &mut dice, 1), Some((0, 1)));
    }

    #[test]
    fn another_weighted_side_stands_in_and_an_unweighted_one_never() {
        let sides = Toy(vec![(99, vec![None]), (0, vec![Some(0)]), (1, vec![Some(5)])]);
        let mut dice = Dice::new(3);
        for turn in 0..100 {
            assert_eq!(choose(&sides, &mut dice, turn), Some((2, 0)));
        }
        assert_eq!(choose(&Toy(vec![(0, vec![Some(0)])]), &mut dice, 0), None);
        assert_eq!(choose(&Toy(vec![(1, vec![])]), &mut dice, 0), None);
        assert_eq!(choose(&Toy(vec![]), &mut dice, 0), None);
    }
}
