//! Latencies in fixed buckets: constant memory, and no percentile further from the truth than 1/64 (1.6 %).
//!
//! Log-linear, as in HdrHistogram: values below 64 µs have a bucket each, and every further power of two has 64.

use std::time::Duration;

/// Buckets per power of two.
const STEPS: u64 = 64;
/// The power of two that `STEPS` is.
const STEP_BITS: u32 = STEPS.ilog2();
/// Longer values (about 19 hours) share the last bucket.
const LONGEST_MICROS: u64 = (1 << 36) - 1;
/// As many as the longest value needs.
const BUCKETS: usize = bucket(LONGEST_MICROS) + 1;

/// Counts of latencies.
#[derive(Debug, Clone)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
    longest: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            total: 0,
            longest: Duration::ZERO,
        }
    }
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros())
            .unwrap_or(u64::MAX)
            .min(LONGEST_MICROS);
        self.counts[bucket(micros)] += 1;
        self.total += 1;
        self.longest = self.longest.max(latency);
    }

    /// The latency that `percent` of all do not exceed, rounded up to the end of its bucket. Zero without any.
    pub fn percentile(&self, percent: f64) -> Duration {
        let wanted = (self.total as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_micros(last_of(bucket)).min(self.longest);
            }
        }
        Duration::ZERO
    }

    /// The longest latency, exactly.
    pub fn longest(&self) -> Duration {
        self.longest
    }
}

/// The bucket of a value.
const fn bucket(micros: u64) -> usize {
    if micros < STEPS {
        return micros as usize;
    }
    let shift = micros.ilog2() - STEP_BITS;
    (shift as u64 * STEPS + (micros >> shift)) as usize
}

/// The greatest value of a bucket.
const fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < 2 * STEPS {
        return bucket;
    }
    let shift = bucket / STEPS - 1;
    ((bucket % STEPS + STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{BUCKETS, Histogram, bucket, last_of};

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        for number in 0..BUCKETS {
            assert_eq!(bucket(last_of(number)), number);
            assert_eq!(bucket(last_of(number) + 1), number + 1);
        }
    }

    #[test]
    fn percentiles_are_within_a_bucket_of_the_truth() {
        let mut histogram = Histogram::default();
        for millis in 1..=1000 {
            histogram.record(Duration::from_millis(millis));
        }
        for (percent, truth) in [(50.0, 500.0), (95.0, 950.0), (99.0, 990.0), (100.0, 1000.0)] {
            let found = histogram.percentile(percent).as_secs_f64() * 1000.0;
            assert!(
                found >= truth && found <= truth * (1.0 + 1.0 / 64.0),
                "p{percent}: {found}"
            );
        }
        assert_eq!(histogram.longest(), Duration::from_secs(1));
    }

    #[test]
    fn nothing_measured_and_beyond_measure() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(99.0), Duration::ZERO);
        histogram.record(Duration::from_secs(1 << 40));
        assert_eq!(histogram.longest(), Duration::from_secs(1 << 40));
        assert!(histogram.percentile(50.0) > Duration::from_secs(60_000));
    }
}
