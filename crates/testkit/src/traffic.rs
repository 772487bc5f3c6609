//! The traffic of a simulated service, and what the edge would have counted of it.

use std::collections::VecDeque;

use seaworthy_release::{Latency, Measures, Moment, SideMeasures};

use crate::World;

/// What people send and what the two versions make of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Traffic {
    /// Requests of the whole service in a second.
    pub per_second: u64,
    /// The share of the new side's answers that are errors, percent.
    pub errors: u64,
    /// Every percentile of the new side's latency, milliseconds.
    pub new_ms: f64,
    /// The same of the stable side.
    pub stable_ms: f64,
}

/// 50 requests a second, all answered well by both versions.
impl Default for Traffic {
    fn default() -> Self {
        Self {
            per_second: 50,
            errors: 0,
            new_ms: 20.0,
            stable_ms: 20.0,
        }
    }
}

/// What was counted since the present share was given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    since: Option<Moment>,
    pub(crate) hold: SideMeasures,
    window: VecDeque<(Moment, u64, u64)>,
}

impl World {
    /// What the edge would have counted by now.
    pub(crate) fn measure(&mut self, since: &Moment) -> Measures {
        if self.counted.since.as_ref() != Some(since) {
            self.counted = Counted {
                since: Some(since.clone()),
                ..Counted::default()
            };
        }
        let now = self.now();
        let new = self.new_sides();
        let weight = |wanted: bool| -> u64 {
            let sides = self
                .weights
                .iter()
                .filter(|weight| new.contains(&weight.side) == wanted);
            sides.map(|weight| u64::from(weight.weight)).sum()
        };
        let (fresh, whole) = (weight(true), weight(true) + weight(false));
        let attempts = self.traffic.per_second * fresh / whole.max(1);
        let errors = attempts * self.traffic.errors / 100;
        let counted = &mut self.counted;
        counted.hold.attempts += attempts;
        counted.hold.errors += errors;
        counted.hold.latency = latency(counted.hold.attempts, self.traffic.new_ms);
        counted.window.push_back((now.clone(), attempts, errors));
        let window = self.machine.plan().settings.judging.window.millis;
        while counted
            .window
            .front()
            .is_some_and(|(at, ..)| at.after(window).is_due(&now))
        {
            counted.window.pop_front();
        }
        let sum = |part: fn(&(Moment, u64, u64)) -> u64| counted.window.iter().map(part).sum();
        let (seen, bad): (u64, u64) = (sum(|tick| tick.1), sum(|tick| tick.2));
        let rest = self.traffic.per_second - attempts;
        Measures {
            hold: counted.hold,
            new: SideMeasures {
                attempts: seen,
                errors: bad,
                latency: latency(seen, self.traffic.new_ms),
            },
            stable: SideMeasures {
                attempts: rest,
                errors: 0,
                latency: latency(rest, self.traffic.stable_ms),
            },
            window_full: since.after(window).is_due(&now),
        }
    }
}

fn latency(attempts: u64, millis: f64) -> Option<Latency> {
    (attempts > 0).then_some(Latency {
        p50: millis,
        p90: millis,
        p95: millis,
        p99: millis,
    })
}
