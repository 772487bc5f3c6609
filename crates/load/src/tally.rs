//! Counts, gaps and latencies. Knows no clock: every time is an argument, counted from the start of the load.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;

/// Why a request did not get a good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// A status of 500 or above.
    BadStatus,
    /// An answer that the plan does not call good.
    BadAnswer,
    /// No connection.
    Connect,
    /// The connection broke before the answer had arrived whole.
    Reset,
    /// No whole answer in time.
    Timeout,
}

/// What is known of a load so far, or at its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Requests that were due so far.
    pub scheduled: u64,
    /// Requests that ended, well or badly.
    pub total: u64,
    /// Those with a good answer.
    pub good: u64,
    /// Those without.
    pub failed: Failures,
    /// Requests that found their kept-alive connection closed before anything was sent, and went out on a new one.
    pub reopened: u64,
    /// Since the load began, milliseconds.
    pub elapsed_ms: u64,
    /// The longest time without a good answer, the time before the first and after the last included, milliseconds.
    pub longest_gap_ms: u64,
    /// Latencies of good answers, from when each request was due.
    pub latency: Latency,
    /// Answers by their `x-release` header, where they have one.
    pub by_release: BTreeMap<String, ReleaseCount>,
}

/// Requests without a good answer, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Failures {
    /// A status of 500 or above.
    pub bad_status: u64,
    /// An answer that the plan does not call good.
    pub bad_answer: u64,
    /// No connection.
    pub connect: u64,
    /// The connection broke before the answer had arrived whole.
    pub reset: u64,
    /// No whole answer in time.
    pub timeout: u64,
}

impl Failures {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.bad_status + self.bad_answer + self.connect + self.reset + self.timeout
    }
}

/// Percentiles, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Half of all.
    pub p50_ms: f64,
    /// 90 %.
    pub p90_ms: f64,
    /// 95 %.
    pub p95_ms: f64,
    /// 99 %.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Answers of one release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReleaseCount {
    /// Good ones.
    pub good: u64,
    /// Others.
    pub bad: u64,
}

/// The running counts behind a [`Summary`].
#[derive(Debug, Default)]
pub(crate) struct Tally {
    scheduled: u64,
    good: u64,
    failed: Failures,
    reopened: u64,
    last_good: Duration,
    longest_gap: Duration,
    latencies: Histogram,
    by_release: BTreeMap<String, ReleaseCount>,
}

impl Tally {
    /// A request became due.
    pub(crate) fn scheduled(&mut self) {
        self.scheduled += 1;
    }

    /// A request went out again, because its connection had been closed before anything was sent.
    pub(crate) fn reopened(&mut self) {
        self.reopened += 1;
    }

    /// A request that was due at `due` ended at `at`.
    pub(crate) fn ended(&mut self, due: Duration, at: Duration, release: Option<&str>, failure: Option<Failure>) {
        if let Some(release) = release {
            let count = self.by_release.entry(release.to_owned()).or_default();
            match failure {
                None => count.good += 1,
                Some(_) => count.bad += 1,
            }
        }
        match failure {
            None => {
                self.good += 1;
                self.latencies.record(at.saturating_sub(due));
                self.longest_gap = self.longest_gap.max(at.saturating_sub(self.last_good));
                self.last_good = self.last_good.max(at);
            }
            Some(Failure::BadStatus) => self.failed.bad_status += 1,
            Some(Failure::BadAnswer) => self.failed.bad_answer += 1,
            Some(Failure::Connect) => self.failed.connect += 1,
            Some(Failure::Reset) => self.failed.reset += 1,
            Some(Failure::Timeout) => self.failed.timeout += 1,
        }
    }

    /// Everything known at `now`.
    pub(crate) fn summary(&self, now: Duration) -> Summary {
        let gap = self.longest_gap.max(now.saturating_sub(self.last_good));
        let percentile = |percent| millis(self.latencies.percentile(percent));
        Summary {
            scheduled: self.scheduled,
            total: self.good + self.failed.total(),
            good: self.good,
            failed: self.failed,
            reopened: self.reopened,
            elapsed_ms: now.as_millis() as u64,
            longest_gap_ms: gap.as_millis() as u64,
            latency: Latency {
                p50_ms: percentile(50.0),
                p90_ms: percentile(90.0),
                p95_ms: percentile(95.0),
                p99_ms: percentile(99.0),
                max_ms: millis(self.latencies.longest()),
            },
            by_release: self.by_release.clone(),
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Failure, ReleaseCount, Tally};

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_gap_runs_from_one_good_answer_to_the_next() {
        let mut tally = Tally::default();
        tally.ended(at(0), at(10), None, None);
        tally.ended(at(20), at(30), None, Some(Failure::BadStatus));
        tally.ended(at(40), at(130), None, None);
        assert_eq!(tally.summary(at(140)).longest_gap_ms, 120);
    }

    #[test]
    fn silence_at_the_end_is_a_gap_too() {
        let mut tally = Tally::default();
        tally.ended(at(0), at(10), None, None);
        assert_eq!(tally.summary(at(500)).longest_gap_ms, 490);
    }

    #[test]
    fn latency_is_counted_from_when_a_request_was_due() {
        let mut tally = Tally::default();
        tally.ended(at(100), at(350), None, None);
        assert_eq!(tally.summary(at(350)).latency.max_ms, 250.0);
    }

    #[test]
    fn failures_are_counted_by_kind_and_answers_by_release() {
        let mut tally = Tally::default();
        tally.ended(at(0), at(1), Some("r1"), None);
        tally.ended(at(0), at(2), Some("r2"), Some(Failure::BadStatus));
        tally.ended(at(0), at(3), None, Some(Failure::Connect));
        let summary = tally.summary(at(4));
        assert_eq!((summary.total, summary.good, summary.failed.total()), (3, 1, 2));
        assert_eq!((summary.failed.bad_status, summary.failed.connect), (1, 1));
        assert_eq!(summary.by_release["r1"], ReleaseCount { good: 1, bad: 0 });
        assert_eq!(summary.by_release["r2"], ReleaseCount { good: 0, bad: 1 });
    }
}
