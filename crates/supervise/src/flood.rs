//! How much of a flooded log is kept: a token bucket, filled with bytes per second.
//!
//! Once a line had to be dropped, everything is dropped until the bucket is half full again. A flood is therefore kept
//! in stretches of whole lines with one marker between them, rather than as one line and one marker after another.

/// What was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Dropped {
    /// Lines.
    pub(crate) lines: u64,
    /// Their bytes, as they would have been in the log.
    pub(crate) bytes: u64,
}

/// Decides line by line. Times are milliseconds of any clock that does not go backwards.
#[derive(Debug)]
pub(crate) struct Gate {
    per_second: u64,
    /// Thousandths of a byte, so that a millisecond's share is a whole number.
    room: u64,
    most: u64,
    at: u64,
    dropping: bool,
    dropped: Dropped,
}

impl Gate {
    /// A full bucket that holds one second's bytes, and at least one longest line. `per_second` 0: everything is kept.
    pub(crate) fn new(per_second: u64, longest_line: u64, now: u64) -> Self {
        let most = per_second.max(longest_line).saturating_mul(1000);
        Self {
            per_second,
            room: most,
            most,
            at: now,
            dropping: false,
            dropped: Dropped::default(),
        }
    }

    /// Goes on where a keeper that is gone had left off counting.
    pub(crate) fn resume(&mut self, dropped: Dropped) {
        self.dropped = dropped;
        self.dropping = dropped.lines > 0;
    }

    /// Whether a line of so many bytes is kept; it is counted if not.
    pub(crate) fn keeps(&mut self, now: u64, bytes: u64) -> bool {
        if self.per_second == 0 {
            return true;
        }
        self.fill(now);
        let cost = bytes.saturating_mul(1000);
        if !self.dropping && cost <= self.room {
            self.room -= cost;
            return true;
        }
        self.dropping = true;
        self.dropped.lines += 1;
        self.dropped.bytes += bytes;
        false
    }

    /// What was dropped, once, when there is room again to keep lines.
    pub(crate) fn let_up(&mut self, now: u64) -> Option<Dropped> {
        self.fill(now);
        (self.dropping && self.room >= self.most / 2).then(|| self.take())
    }

    /// When [`Gate::let_up`] should be asked; none while nothing is dropped.
    pub(crate) fn due(&self) -> Option<u64> {
        let missing = (self.most / 2).saturating_sub(self.room);
        self.dropping
            .then(|| self.at + missing.div_ceil(self.per_second.max(1)))
    }

    /// What has been dropped and not been said yet.
    pub(crate) fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Says what was dropped although there may be no room yet, because the process has ended.
    pub(crate) fn take(&mut self) -> Dropped {
        self.dropping = false;
        std::mem::take(&mut self.dropped)
    }

    fn fill(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at);
        self.room = self
            .room
            .saturating_add(passed.saturating_mul(self.per_second))
            .min(self.most);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn an_even_stream_below_the_rate_is_kept_for_ever() {
        let mut gate = Gate::new(1000, 100, 0);
        assert!((0..10_000).all(|ms| gate.keeps(ms, 1)));
        assert_eq!(gate.due(), None);
    }

    #[test]
    fn a_flood_is_kept_up_to_the_burst_and_counted_beyond() {
        let mut gate = Gate::new(1000, 100, 0);
        let kept = (0..100).filter(|_| gate.keeps(0, 50)).count();
        assert_eq!(kept, 20);
        assert_eq!(gate.dropped(), Dropped { lines: 80, bytes: 4000 });
    }

    #[test]
    fn it_lets_up_when_half_of_the_bucket_is_there_again_and_says_so_once() {
        let mut gate = Gate::new(1000, 100, 0);
        while gate.keeps(0, 100) {}
        assert_eq!(gate.due(), Some(500));
        assert!(!gate.keeps(400, 1), "a small line does not slip through a flood");
        assert_eq!(gate.let_up(499), None);
        assert_eq!(gate.let_up(500), Some(Dropped { lines: 2, bytes: 101 }));
        assert_eq!(gate.let_up(500), None);
        assert!(gate.keeps(500, 100));
    }

    #[test]
    fn over_a_long_flood_the_rate_is_kept_to() {
        let mut gate = Gate::new(10_000, 100, 0);
        let mut kept = 0;
        for now in 0..60_000 {
            gate.let_up(now);
            kept += (0..10).filter(|_| gate.keeps(now, 100)).count() * 100;
        }
        assert!((580_000..=610_000).contains(&kept), "{kept}");
    }

    #[test]
    fn nothing_is_dropped_without_a_bound() {
        let mut gate = Gate::new(0, 100, 0);
        assert!((0..1000).all(|_| gate.keeps(0, 1 << 40)));
    }

    #[test]
    fn a_count_survives_its_keeper() {
        let mut gate = Gate::new(1000, 100, 0);
        gate.resume(Dropped { lines: 3, bytes: 30 });
        assert_eq!(gate.let_up(0), Some(Dropped { lines: 3, bytes: 30 }));
    }
}
