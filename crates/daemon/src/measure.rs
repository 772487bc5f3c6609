//! What the edge counted, per side and over time: the input of gates. Pure.
//!
//! The edge's counters only grow (until its process is replaced). A judgement looks at differences: since the new side was given
//! its present share, and over the window.

use std::collections::VecDeque;

use seaworthy_release::{Latency, Measures, SideMeasures};

/// Counters of one side at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Counters {
    /// Attempts that ended with an answer or with an error to the client.
    answered: u64,
    /// Those of class 5xx: answers of the target, and errors in its place.
    failed: u64,
    /// Attempts that failed and were made again elsewhere, because nothing had been sent.
    retried: u64,
    /// Cumulative latency buckets: upper bound in milliseconds, count.
    buckets: Vec<(f64, u64)>,
}

/// Both sides at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sample {
    at_ms: u64,
    new: Counters,
    stable: Counters,
}

/// Samples as they came, as far back as the window and the present hold look.
#[derive(Debug, Default)]
pub(crate) struct Series {
    since_ms: u64,
    start: Option<Sample>,
    samples: VecDeque<Sample>,
}

impl Sample {
    /// Reads the edge's exposition. Routes of other applications do not count; the side of `release` is the new one.
    pub(crate) fn read(at_ms: u64, exposition: &str, routes: &str, release: &str) -> Self {
        let mut sample = Self {
            at_ms,
            ..Self::default()
        };
        for line in exposition.lines() {
            let Some((name, labels, value)) = parse(line) else {
                continue;
            };
            if !label(labels, "route").is_some_and(|route| route.starts_with(routes)) {
                continue;
            }
            let side = match label(labels, "release") {
                Some(of) if of == release => &mut sample.new,
                Some(of) if !of.is_empty() => &mut sample.stable,
                _ => continue,
            };
            match name {
                "seaworthy_edge_requests_total" => {
                    side.answered += value as u64;
                    if label(labels, "class") == Some("5xx") {
                        side.failed += value as u64;
                    }
                }
                "seaworthy_edge_retries_total" => side.retried += value as u64,
                "seaworthy_edge_request_duration_seconds_bucket" => {
                    let bound = label(labels, "le")
                        .and_then(|le| le.parse::<f64>().ok())
                        .unwrap_or(f64::INFINITY)
                        * 1000.0;
                    side.add_bucket(bound, value as u64);
                }
                _ => {}
            }
        }
        sample
    }
}

impl Counters {
    fn add_bucket(&mut self, bound: f64, count: u64) {
        match self.buckets.iter_mut().find(|(other, _)| *other == bound) {
            Some((_, sum)) => *sum += count,
            None => {
                let at = self.buckets.partition_point(|(other, _)| *other < bound);
                self.buckets.insert(at, (bound, count));
            }
        }
    }

    /// What came since `before`. Counters that are smaller now were reset with their process, and count whole.
    fn since(&self, before: &Self) -> SideMeasures {
        let reset = self.answered < before.answered;
        let zero = Self::default();
        let before = if reset { &zero } else { before };
        let retried = self.retried.saturating_sub(before.retried);
        let buckets: Vec<(f64, u64)> = self
            .buckets
            .iter()
            .map(|(bound, count)| {
                let earlier = before
                    .buckets
                    .iter()
                    .find(|(other, _)| other == bound)
                    .map_or(0, |(_, count)| *count);
                (*bound, count.saturating_sub(earlier))
            })
            .collect();
        SideMeasures {
            attempts: self.answered.saturating_sub(before.answered) + retried,
            errors: self.failed.saturating_sub(before.failed) + retried,
            latency: latency(&buckets),
        }
    }
}

impl Series {
    /// Takes a sample in and says what gates look at. `since_ms` is when the new side was given its present share.
    pub(crate) fn measure(&mut self, sample: Sample, since_ms: u64, window_ms: u64) -> Measures {
        if self.since_ms != since_ms || self.start.is_none() {
            // What was counted between the change of weights and this first look is not known to be after it.
            *self = Self {
                since_ms,
                start: Some(sample.clone()),
                samples: VecDeque::new(),
            };
        }
        let edge = sample.at_ms.saturating_sub(window_ms);
        while self.samples.get(1).is_some_and(|second| second.at_ms <= edge) {
            self.samples.pop_front();
        }
        let start = self.start.clone().unwrap_or_default();
        let from = self.samples.front().cloned().unwrap_or_else(|| start.clone());
        let measures = Measures {
            hold: sample.new.since(&start.new),
            new: sample.new.since(&from.new),
            stable: sample.stable.since(&from.stable),
            window_full: sample.at_ms >= since_ms + window_ms,
        };
        self.samples.push_back(sample);
        measures
    }
}

/// Percentiles by linear interpolation within a bucket, as Prometheus' `histogram_quantile` does it.
fn latency(buckets: &[(f64, u64)]) -> Option<Latency> {
    let whole = buckets.last().map(|(_, count)| *count).filter(|count| *count > 0)?;
    let quantile = |share: f64| {
        let rank = share * whole as f64;
        let at = buckets
            .partition_point(|(_, count)| (*count as f64) < rank)
            .min(buckets.len() - 1);
        let (upper, count) = buckets[at];
        let (lower, below) = if at == 0 { (0.0, 0) } else { buckets[at - 1] };
        if upper.is_infinite() || count == below {
            return lower;
        }
        lower + (upper - lower) * (rank - below as f64) / (count - below) as f64
    };
    Some(Latency {
        p50: quantile(0.50),
        p90: quantile(0.90),
        p95: quantile(0.95),
        p99: quantile(0.99),
    })
}

/// `name{labels} value` of the text format; comments and lines without labels are none.
fn parse(line: &str) -> Option<(&str, &str, f64)> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once("} ")?;
    Some((name, labels, value.trim().parse().ok()?))
}

/// The value of a label. Names of routes and releases hold no quote, so no escape is undone.
fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    labels
        .split(',')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exposition(new_good: u64, new_bad: u64, retries: u64) -> String {
        format!(
            "# HELP seaworthy_edge_requests_total Requests.\n\
             seaworthy_edge_requests_total{{route=\"shop/production/web\",release=\"r2\",class=\"2xx\"}} {new_good}\n\
             seaworthy_edge_requests_total{{route=\"shop/production/web\",release=\"r2\",class=\"5xx\"}} {new_bad}\n\
             seaworthy_edge_requests_total{{route=\"shop/production/web\",release=\"r1\",class=\"2xx\"}} 900\n\
             seaworthy_edge_requests_total{{route=\"other/production/web\",release=\"r2\",class=\"5xx\"}} 77\n\
             seaworthy_edge_retries_total{{route=\"shop/production/web\",release=\"r2\"}} {retries}\n\
             seaworthy_edge_request_duration_seconds_bucket{{route=\"shop/production/web\",release=\"r2\",le=\"0.1\"}} {new_good}\n\
             seaworthy_edge_request_duration_seconds_bucket{{route=\"shop/production/web\",release=\"r2\",le=\"+Inf\"}} {new_good}\n"
        )
    }

    fn sample(at_ms: u64, good: u64, bad: u64, retries: u64) -> Sample {
        Sample::read(at_ms, &exposition(good, bad, retries), "shop/production/", "r2")
    }

    #[test]
    fn only_what_came_since_the_change_of_weights_counts() {
        let mut series = Series::default();
        series.measure(sample(1000, 50, 9, 0), 1000, 30_000);
        let seen = series.measure(sample(2000, 140, 12, 2), 1000, 30_000);
        assert_eq!(
            (seen.hold.attempts, seen.hold.errors),
            (95, 5),
            "a retry that saved the client counts against the side"
        );
        assert!(!seen.window_full);
        let next_hold = series.measure(sample(3000, 200, 12, 2), 3000, 30_000);
        assert_eq!(next_hold.hold.attempts, 0);
    }

    #[test]
    fn the_window_forgets_and_the_hold_does_not() {
        let mut series = Series::default();
        for second in 0..=20 {
            series.measure(sample(second * 1000, second * 10, 0, 0), 0, 5000);
        }
        let seen = series.measure(sample(21_000, 210, 0, 0), 0, 5000);
        assert_eq!(
            (seen.hold.attempts, seen.new.attempts, seen.window_full),
            (210, 50, true)
        );
    }

    #[test]
    fn a_new_edge_counts_from_zero() {
        let mut series = Series::default();
        series.measure(sample(0, 500, 0, 0), 0, 5000);
        assert_eq!(series.measure(sample(1000, 7, 0, 0), 0, 5000).hold.attempts, 7);
    }

    #[test]
    fn percentiles_lie_within_their_bucket() {
        let found = latency(&[(10.0, 50), (20.0, 90), (100.0, 100), (f64::INFINITY, 100)]);
        assert_eq!(
            found.map(|latency| (latency.p50, latency.p90, latency.p95)),
            Some((10.0, 20.0, 60.0))
        );
        assert_eq!(latency(&[(10.0, 0), (f64::INFINITY, 0)]), None);
    }
}
