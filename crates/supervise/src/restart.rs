//! How long to wait before an instance is started again: exponential backoff, and when it has become a crash loop.

use crate::protocol::RestartPolicy;

/// Counts exits in a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    policy: RestartPolicy,
    exits: u32,
}

/// A wait before the next start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    /// How long, milliseconds.
    pub(crate) ms: u64,
    /// Whether this is a crash loop.
    pub(crate) crash_loop: bool,
}

impl Backoff {
    /// Starts with so many exits already behind it.
    pub(crate) fn new(policy: RestartPolicy, exits: u32) -> Self {
        Self { policy, exits }
    }

    /// Exits in a row so far.
    pub(crate) fn exits(&self) -> u32 {
        self.exits
    }

    /// Whether so many exits are a crash loop.
    pub(crate) fn is_crash_loop(&self) -> bool {
        self.policy.crash_loop > 0 && self.exits >= self.policy.crash_loop
    }

    /// The wait after an exit that came `uptime` milliseconds after the start; none: it is not started again.
    pub(crate) fn after(&mut self, uptime: u64) -> Option<Wait> {
        if uptime >= self.policy.stable_ms {
            self.exits = 0;
        }
        self.exits = self.exits.saturating_add(1);
        if !self.policy.again {
            return None;
        }
        let crash_loop = self.is_crash_loop();
        let doubled = 1u64
            .checked_shl(self.exits - 1)
            .map_or(u64::MAX, |factor| self.policy.first_ms.saturating_mul(factor));
        Some(Wait {
            ms: if crash_loop {
                self.policy.most_ms
            } else {
                doubled.min(self.policy.most_ms)
            },
            crash_loop,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const POLICY: RestartPolicy = RestartPolicy {
        again: true,
        first_ms: 100,
        most_ms: 5000,
        stable_ms: 10_000,
        crash_loop: 5,
    };

    #[test]
    fn waits_double_and_a_crash_loop_goes_on_at_the_longest() {
        let mut backoff = Backoff::new(POLICY, 0);
        let waits: Vec<_> = (0..7)
            .map(|_| backoff.after(0).unwrap())
            .map(|w| (w.ms, w.crash_loop))
            .collect();
        assert_eq!(
            waits,
            [
                (100, false),
                (200, false),
                (400, false),
                (800, false),
                (5000, true),
                (5000, true),
                (5000, true)
            ]
        );
    }

    #[test]
    fn staying_up_starts_the_count_anew() {
        let mut backoff = Backoff::new(POLICY, 4);
        assert_eq!(
            backoff.after(10_000),
            Some(Wait {
                ms: 100,
                crash_loop: false
            })
        );
        assert_eq!(
            backoff.after(9_999),
            Some(Wait {
                ms: 200,
                crash_loop: false
            })
        );
    }

    #[test]
    fn the_longest_wait_holds_however_many_exits_there_were() {
        let mut backoff = Backoff::new(
            RestartPolicy {
                crash_loop: 0,
                ..POLICY
            },
            1_000,
        );
        assert_eq!(
            backoff.after(0),
            Some(Wait {
                ms: 5000,
                crash_loop: false
            })
        );
        assert_eq!(Backoff::new(POLICY, u32::MAX).after(0).unwrap().ms, 5000);
    }

    #[test]
    fn a_task_is_not_started_again() {
        assert_eq!(Backoff::new(RestartPolicy { again: false, ..POLICY }, 0).after(0), None);
    }
}
