//! Verdicts: what a measurement says about a gate.
//!
//! Four of them, worst wins: fail > error > inconclusive > pass (release.md, "Gates"). A gate passes only with a full sample
//! and a whole window, fails at once when the errors seen exceed what a full sample could forgive, and zero measurements never pass.

use seaworthy_plan::{Gate, Judging};
use seaworthy_spec::units::{Bound, Comparison, Metric};
use serde::{Deserialize, Serialize};

/// What one side showed over some time. Counted per attempt on the side attempted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct SideMeasures {
    /// Attempts.
    pub attempts: u64,
    /// Attempts that ended with 5xx, a reset, a refused connection or a timeout.
    pub errors: u64,
    /// Latency percentiles, milliseconds. None without an answer.
    pub latency: Option<Latency>,
}

/// Latency percentiles, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// The median.
    pub p50: f64,
    /// The 90th percentile.
    pub p90: f64,
    /// The 95th percentile.
    pub p95: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// Everything a judgement looks at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Measures {
    /// The new side since it was given its present weight.
    pub hold: SideMeasures,
    /// The new side over the window.
    pub new: SideMeasures,
    /// The stable side over the window.
    pub stable: SideMeasures,
    /// Whether the present weight is as old as the window.
    pub window_full: bool,
}

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A full sample and a whole window, all good.
    Pass,
    /// Not enough is known.
    Inconclusive,
    /// It could not be judged.
    Error,
    /// The new side is bad.
    Fail,
}

/// One gate at one tick, kept with the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// The gate's name.
    pub gate: String,
    /// What was measured: a share in percent, or milliseconds.
    pub value: Option<f64>,
    /// What it was compared with.
    pub threshold: Option<f64>,
    /// Requests of the new side in this hold.
    pub sample: u64,
    /// Failing ticks in a row, this one included.
    pub failing: u32,
    /// What it says.
    pub verdict: Verdict,
}

/// What earlier judgements left behind for the next one of the same gate.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Before {
    /// Failing ticks in a row before this one.
    pub(crate) failing: u32,
    /// What the stable side set last. At 100 % it has no traffic any more to compare with.
    pub(crate) threshold: Option<f64>,
}

/// Judges one gate.
pub(crate) fn judge(gate: &Gate, judging: &Judging, seen: &Measures, before: Before) -> Measurement {
    let value = value(gate.expression.metric, &seen.new);
    let threshold = threshold(&gate.expression.bound, &seen.stable).or(before.threshold);
    let sample = seen.hold.attempts;
    let raw = raw(gate, judging, seen, value, threshold);
    let failing = if raw == Verdict::Fail { before.failing + 1 } else { 0 };
    // A gate that needs several failing ticks in a row says so by not passing until then.
    let verdict = if raw == Verdict::Fail && failing < gate.consecutive {
        Verdict::Inconclusive
    } else {
        raw
    };
    Measurement {
        gate: gate.name.clone(),
        value,
        threshold,
        sample,
        failing,
        verdict,
    }
}

fn raw(gate: &Gate, judging: &Judging, seen: &Measures, value: Option<f64>, threshold: Option<f64>) -> Verdict {
    let full = seen.hold.attempts >= u64::from(judging.sample);
    if gate.expression.metric == Metric::ErrorRate
        && let Some(threshold) = threshold
        && forbids_more(gate.expression.comparison)
        && seen.hold.errors as f64 * 100.0 > threshold * f64::from(judging.sample)
    {
        return Verdict::Fail;
    }
    match (value, threshold) {
        _ if !full => Verdict::Inconclusive,
        (Some(value), Some(threshold)) if !holds(gate.expression.comparison, value, threshold) => Verdict::Fail,
        (Some(_), Some(_)) if seen.window_full => Verdict::Pass,
        _ => Verdict::Inconclusive,
    }
}

/// Whether more errors can only make it worse, so that it is known early.
fn forbids_more(comparison: Comparison) -> bool {
    matches!(comparison, Comparison::Below | Comparison::AtMost)
}

fn holds(comparison: Comparison, value: f64, threshold: f64) -> bool {
    match comparison {
        Comparison::Below => value < threshold,
        Comparison::AtMost => value <= threshold,
        Comparison::Above => value > threshold,
        Comparison::AtLeast => value >= threshold,
        Comparison::Equal => value == threshold,
        Comparison::NotEqual => value != threshold,
    }
}

fn threshold(bound: &Bound, stable: &SideMeasures) -> Option<f64> {
    match bound {
        Bound::Percent(percent) => Some(*percent),
        Bound::Latency(span) => Some(span.millis as f64),
        Bound::Stable { factor, metric } => value(*metric, stable).map(|value| value * factor),
    }
}

/// A metric of a side: percent or milliseconds. None where nothing was seen.
fn value(metric: Metric, side: &SideMeasures) -> Option<f64> {
    match metric {
        Metric::ErrorRate => (side.attempts > 0).then(|| side.errors as f64 * 100.0 / side.attempts as f64),
        Metric::P50 => side.latency.map(|latency| latency.p50),
        Metric::P90 => side.latency.map(|latency| latency.p90),
        Metric::P95 => side.latency.map(|latency| latency.p95),
        Metric::P99 => side.latency.map(|latency| latency.p99),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use seaworthy_spec::NoData;

    use super::*;

    fn gate(expression: &str, consecutive: u32) -> Gate {
        Gate {
            name: expression.into(),
            expression: expression.parse().unwrap(),
            consecutive,
            no_data: NoData::Wait,
        }
    }

    fn side(attempts: u64, errors: u64, p95: f64) -> SideMeasures {
        let latency = (attempts > 0).then_some(Latency {
            p50: p95 / 2.0,
            p90: p95,
            p95,
            p99: p95,
        });
        SideMeasures {
            attempts,
            errors,
            latency,
        }
    }

    fn seen(new: SideMeasures, stable: SideMeasures, window_full: bool) -> Measures {
        Measures {
            hold: new,
            new,
            stable,
            window_full,
        }
    }

    fn verdict(expression: &str, seen: &Measures) -> Verdict {
        judge(&gate(expression, 1), &Judging::none(), seen, Before::default()).verdict
    }

    #[test]
    fn zero_measurements_never_pass() {
        let nothing = seen(side(0, 0, 0.0), side(0, 0, 0.0), true);
        for expression in [
            "error_rate < 5%",
            "error_rate >= 0%",
            "p95 < 500ms",
            "p95 < 1.2 * stable.p95",
        ] {
            assert_eq!(verdict(expression, &nothing), Verdict::Inconclusive, "{expression}");
        }
    }

    #[test]
    fn it_passes_with_a_full_sample_and_a_whole_window_only() {
        assert_eq!(
            verdict("error_rate < 5%", &seen(side(99, 0, 1.0), side(0, 0, 0.0), true)),
            Verdict::Inconclusive
        );
        assert_eq!(
            verdict("error_rate < 5%", &seen(side(100, 0, 1.0), side(0, 0, 0.0), false)),
            Verdict::Inconclusive
        );
        assert_eq!(
            verdict("error_rate < 5%", &seen(side(100, 4, 1.0), side(0, 0, 0.0), true)),
            Verdict::Pass
        );
        assert_eq!(
            verdict("error_rate < 5%", &seen(side(100, 5, 1.0), side(0, 0, 0.0), true)),
            Verdict::Fail
        );
    }

    #[test]
    fn errors_beyond_what_a_full_sample_forgives_fail_at_once() {
        assert_eq!(
            verdict("error_rate < 5%", &seen(side(6, 6, 1.0), side(0, 0, 0.0), false)),
            Verdict::Fail
        );
        assert_eq!(
            verdict("error_rate < 5%", &seen(side(6, 5, 1.0), side(0, 0, 0.0), false)),
            Verdict::Inconclusive
        );
    }

    #[test]
    fn latency_is_judged_on_a_full_sample_and_against_the_stable_side() {
        assert_eq!(
            verdict("p95 < 500ms", &seen(side(50, 0, 900.0), side(0, 0, 0.0), true)),
            Verdict::Inconclusive
        );
        assert_eq!(
            verdict("p95 < 500ms", &seen(side(100, 0, 900.0), side(0, 0, 0.0), true)),
            Verdict::Fail
        );
        assert_eq!(
            verdict(
                "p95 < 1.2 * stable.p95",
                &seen(side(100, 0, 110.0), side(500, 0, 100.0), true)
            ),
            Verdict::Pass
        );
        assert_eq!(
            verdict(
                "p95 < 1.2 * stable.p95",
                &seen(side(100, 0, 130.0), side(500, 0, 100.0), true)
            ),
            Verdict::Fail
        );
        assert_eq!(
            verdict(
                "p95 < 1.2 * stable.p95",
                &seen(side(100, 0, 130.0), side(0, 0, 0.0), true)
            ),
            Verdict::Inconclusive
        );
    }

    fn after(seen: &Measurement) -> Before {
        Before {
            failing: seen.failing,
            threshold: None,
        }
    }

    #[test]
    fn a_stable_side_without_traffic_is_compared_as_it_was_last_seen() {
        let gate = gate("p95 < 1.2 * stable.p95", 1);
        let before = Before {
            failing: 0,
            threshold: Some(120.0),
        };
        let verdict = |p95| {
            let seen = seen(side(100, 0, p95), side(0, 0, 0.0), true);
            judge(&gate, &Judging::none(), &seen, before).verdict
        };
        assert_eq!((verdict(110.0), verdict(130.0)), (Verdict::Pass, Verdict::Fail));
    }

    #[test]
    fn several_failing_ticks_in_a_row_are_needed_where_the_gate_says_so() {
        let slow = seen(side(200, 0, 900.0), side(0, 0, 0.0), true);
        let good = seen(side(200, 0, 100.0), side(0, 0, 0.0), true);
        let gate = gate("p95 < 500ms", 3);
        let first = judge(&gate, &Judging::none(), &slow, Before::default());
        let second = judge(&gate, &Judging::none(), &slow, after(&first));
        assert_eq!(
            (first.verdict, second.verdict),
            (Verdict::Inconclusive, Verdict::Inconclusive)
        );
        assert_eq!(
            judge(&gate, &Judging::none(), &slow, after(&second)).verdict,
            Verdict::Fail
        );
        let between = judge(&gate, &Judging::none(), &good, after(&second));
        assert_eq!((between.verdict, between.failing), (Verdict::Pass, 0));
    }
}
