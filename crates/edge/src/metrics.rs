//! Counters of one worker. Each has one writer, its worker, and is read by the control thread at a scrape.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the latency buckets, microseconds. About five per decade where services answer, because a gate
/// compares quantiles interpolated between them.
pub(crate) const BUCKETS: [u64; 26] = [
    500, 1_000, 2_000, 3_000, 5_000, 7_500, 10_000, 15_000, 20_000, 30_000, 50_000, 75_000, 100_000, 150_000, 200_000,
    300_000, 500_000, 750_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 5_000_000, 7_500_000, 10_000_000,
    30_000_000,
];

/// How long a series is kept after no configuration has named it.
const KEEP: Duration = Duration::from_secs(3600);

/// A counter with a single writer: a plain load and store, no locked instruction.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds `by`. Only the owning worker calls this.
    pub(crate) fn add(&self, by: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
    }

    /// Reads it.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why an attempt at a target failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody listens there.
    Refused,
    /// No connection within `connect_timeout_ms`.
    ConnectTimeout,
    /// No connection for another reason that lies with the target or the way to it.
    Connect,
    /// No connection because this machine had no descriptor, port or memory left for it.
    Local,
    /// The connection ended, or something other than HTTP came, before the head of an answer.
    Reset,
    /// No answer within `answer_timeout_ms`.
    AnswerTimeout,
    /// The connection ended in the middle of an answer.
    Truncated,
}

impl Failure {
    /// All of them, in the order of their counters.
    pub(crate) const ALL: [Self; 7] = [
        Self::Refused,
        Self::ConnectTimeout,
        Self::Connect,
        Self::Local,
        Self::Reset,
        Self::AnswerTimeout,
        Self::Truncated,
    ];

    /// The label in metrics.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::ConnectTimeout => "connect_timeout",
            Self::Connect => "connect",
            Self::Local => "local",
            Self::Reset => "reset",
            Self::AnswerTimeout => "answer_timeout",
            Self::Truncated => "truncated",
        }
    }

    /// The sentence in a target's report.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Refused => "it refused a connection: nobody listens at its address",
            Self::ConnectTimeout => "it did not take a connection in time",
            Self::Connect => "a connection to it failed",
            Self::Local => "this machine had no descriptor or port left for a connection",
            Self::Reset => "it ended a connection before it answered",
            Self::AnswerTimeout => "it did not begin to answer in time",
            Self::Truncated => "it ended a connection in the middle of an answer",
        }
    }
}

/// What one worker counted for one route and release.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// Answers by status class, 1xx to 5xx.
    pub(crate) classes: [Counter; 5],
    /// Answers by latency, each in the first bucket that takes it; the last is for all beyond.
    pub(crate) buckets: [Counter; BUCKETS.len() + 1],
    /// Sum of latencies, microseconds.
    pub(crate) micros: Counter,
    /// Requests that waited for a target.
    pub(crate) held: Counter,
    /// Attempts repeated because nothing had been sent.
    pub(crate) retries: Counter,
    /// Failed attempts by [`Failure`].
    pub(crate) failures: [Counter; Failure::ALL.len()],
    /// Copies that were not sent, of shadow requests.
    pub(crate) dropped: Counter,
}

impl Series {
    /// An answer began `after` its request came.
    pub(crate) fn answered(&self, status: http::StatusCode, after: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.classes[class].add(1);
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        self.buckets[BUCKETS.partition_point(|bound| *bound < micros)].add(1);
        self.micros.add(micros);
    }

    /// An attempt failed.
    pub(crate) fn failed(&self, failure: Failure) {
        self.failures[failure as usize].add(1);
    }
}

/// Route and release; the release is empty for answers that no side gave.
pub(crate) type Labels = (Arc<str>, Arc<str>);

/// Series by their labels.
#[derive(Debug, Default)]
struct Family(Mutex<HashMap<Labels, (Arc<Series>, Instant)>>);

impl Family {
    fn named(&self, labels: &[Labels], now: Instant) -> Vec<Arc<Series>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = labels.iter().map(|label| {
            let entry = known.entry(label.clone()).or_insert_with(|| (Arc::default(), now));
            entry.1 = now;
            Arc::clone(&entry.0)
        });
        let wanted = wanted.collect();
        known.retain(|_, (_, named)| now.duration_since(*named) < KEEP);
        wanted
    }

    fn snapshot(&self) -> Vec<(Labels, Arc<Series>)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .map(|(labels, (series, _))| (labels.clone(), Arc::clone(series)))
            .collect()
    }
}

/// All that one worker counts.
#[derive(Debug, Default)]
pub(crate) struct WorkerMetrics {
    requests: Family,
    /// Apart from requests, so that what no client saw is never taken for what one saw.
    shadows: Family,
    /// Connections of clients that were accepted.
    pub(crate) accepted: Counter,
    /// Connections of clients that ended.
    pub(crate) ended: Counter,
    /// Failures to accept one (out of descriptors, mostly).
    pub(crate) accept_errors: Counter,
    /// Requests answered 400 because they were not sound.
    pub(crate) rejected: Counter,
}

impl WorkerMetrics {
    /// The series for each of `labels`, kept from before where it exists. Ones not named for an hour are forgotten,
    /// so that releases of years do not add up.
    pub(crate) fn series(&self, labels: &[Labels], now: Instant) -> Vec<Arc<Series>> {
        self.requests.named(labels, now)
    }

    /// The same for shadow requests.
    pub(crate) fn shadows(&self, labels: &[Labels], now: Instant) -> Vec<Arc<Series>> {
        self.shadows.named(labels, now)
    }

    /// Everything counted of requests, for a scrape.
    pub(crate) fn snapshot(&self) -> Vec<(Labels, Arc<Series>)> {
        self.requests.snapshot()
    }

    /// Everything counted of shadow requests.
    pub(crate) fn shadow_snapshot(&self) -> Vec<(Labels, Arc<Series>)> {
        self.shadows.snapshot()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_counted_once_in_its_class_and_bucket() {
        let series = Series::default();
        series.answered(http::StatusCode::OK, Duration::from_micros(500));
        series.answered(http::StatusCode::BAD_GATEWAY, Duration::from_micros(501));
        series.answered(http::StatusCode::NOT_FOUND, Duration::from_secs(60));
        let counts: Vec<u64> = series.classes.iter().map(Counter::get).collect();
        assert_eq!(counts, [0, 1, 0, 1, 1]);
        assert_eq!(series.buckets[0].get(), 1);
        assert_eq!(series.buckets[1].get(), 1);
        assert_eq!(series.buckets[BUCKETS.len()].get(), 1);
    }

    #[test]
    fn series_survive_configurations_and_are_forgotten_an_hour_after_the_last_that_named_them() {
        let metrics = WorkerMetrics::default();
        let label = |release: &str| (Arc::from("route"), Arc::from(release));
        let start = Instant::now();
        metrics.series(&[label("r1")], start)[0].retries.add(3);
        assert_eq!(metrics.series(&[label("r1"), label("r2")], start)[0].retries.get(), 3);
        metrics.series(&[label("r2")], start + KEEP / 2);
        assert_eq!(metrics.snapshot().len(), 2);
        metrics.series(&[label("r2")], start + KEEP);
        assert_eq!(metrics.snapshot().len(), 1);
    }
}
