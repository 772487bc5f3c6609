//! Quantities print as what they are read from.
#![allow(clippy::unwrap_used)]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use seaworthy_spec::Step;
use seaworthy_spec::units::{Bound, Comparison, Cores, Expression, Malformed, Metric, Pace, Range, Rate, Size, Span};

#[expect(clippy::needless_pass_by_value, reason = "the callers make the value for this")]
fn round<T: FromStr<Err = Malformed> + Display + PartialEq + Debug>(value: T) {
    let text = value.to_string();
    let again: T = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(again, value, "{text}");
}

fn span() -> impl Strategy<Value = Span> {
    let unit = prop::sample::select(vec![1, 1000, 60_000, 3_600_000, 86_400_000]);
    (0..1000_u64, unit).prop_map(|(number, unit)| Span::millis(number * unit))
}

fn metric() -> impl Strategy<Value = Metric> {
    prop::sample::select(vec![
        Metric::ErrorRate,
        Metric::P50,
        Metric::P90,
        Metric::P95,
        Metric::P99,
    ])
}

fn expression() -> impl Strategy<Value = Expression> {
    let comparisons = vec![
        Comparison::Below,
        Comparison::AtMost,
        Comparison::Above,
        Comparison::AtLeast,
        Comparison::Equal,
        Comparison::NotEqual,
    ];
    let parts = (
        metric(),
        prop::sample::select(comparisons),
        1..100_000_u32,
        span(),
        any::<bool>(),
        metric(),
    );
    parts.prop_map(|(metric, comparison, number, span, relative, other)| {
        let rate = metric == Metric::ErrorRate;
        let stable = if rate == (other == Metric::ErrorRate) {
            other
        } else {
            metric
        };
        let bound = match (relative, rate) {
            (true, _) => Bound::Stable {
                factor: f64::from(number) / 100.0,
                metric: stable,
            },
            (false, true) => Bound::Percent(f64::from(number) / 1000.0),
            (false, false) => Bound::Latency(span),
        };
        Expression {
            metric,
            comparison,
            bound,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn units_round_trip(
        span in span(), millis in 0..=Span::LONGEST.millis, bytes in any::<u64>(), mib in 0..1_u64 << 40,
        (low, more) in (1..1_000_000_u64, 0..1_000_000_u64), percent in 1..=100_u32, requests in 1..u32::MAX, per_client: bool,
        expression in expression(),
    ) {
        round(span);
        round(Span::millis(millis));
        round(Size::bytes(bytes));
        round(Size::mib(mib));
        round(Cores::millis(low));
        round(Range { low: Cores::millis(low), high: Cores::millis(low + more) });
        round(Range { low: Size::bytes(low), high: Size::bytes(low + more) });
        round(Range { low: low as u32, high: (low + more) as u32 });
        round(Step { percent, hold: span });
        let window = Span::millis(span.millis + 1);
        round(Rate { requests, window, per_client });
        round(Pace { percent, every: window });
        round(expression);
    }

    #[test]
    fn no_text_panics(text in "[0-9a-zA-Z%./* <>=-]{0,16}") {
        let _ = (text.parse::<Span>(), text.parse::<Size>(), text.parse::<Cores>(), text.parse::<Rate>());
        let _ = (text.parse::<Pace>(), text.parse::<Step>(), text.parse::<Range<Cores>>(), text.parse::<Expression>());
    }
}

#[test]
fn what_people_write() {
    assert_eq!("15m".parse(), Ok(Span::secs(900)));
    assert_eq!(
        "0.25..0.5".parse(),
        Ok(Range {
            low: Cores::millis(250),
            high: Cores::millis(500)
        })
    );
    assert_eq!("1GiB".parse(), Ok(Size::mib(1024)));
    assert_eq!(
        "100%".parse(),
        Ok(Step {
            percent: 100,
            hold: Span::secs(0)
        })
    );
    assert_eq!(
        "100 / 15m per client".parse(),
        Ok(Rate {
            requests: 100,
            window: Span::secs(900),
            per_client: true
        })
    );
    let stable = Bound::Stable {
        factor: 1.2,
        metric: Metric::P95,
    };
    let expected = Expression {
        metric: Metric::P95,
        comparison: Comparison::Below,
        bound: stable,
    };
    assert_eq!("p95<1.2*stable.p95".parse(), Ok(expected));
}

#[test]
fn what_is_refused_says_what_to_write() {
    let refusal = |error: Malformed| format!("{error} | {}", error.remedy());
    assert_eq!(
        refusal("30".parse::<Span>().unwrap_err()),
        "\"30\" has no unit | the units are ms, s, m, h and d, for example \"30s\""
    );
    assert_eq!(
        refusal("1G".parse::<Size>().unwrap_err()),
        "\"G\" is not a unit of size | the units are B, KiB, MiB, GiB and TiB: \"1GiB\""
    );
    for text in [
        "-1s",
        "1.5h",
        "99999999999d",
        "18446744073709551616s",
        "",
        "s",
        "1 s",
        "1h30m",
        "+5s",
    ] {
        assert!(text.parse::<Span>().is_err(), "{text}");
    }
    for text in ["0", "0.0001", "1e3", "-1", ".5", "1.", "NaN", "99999999999999999999"] {
        assert!(text.parse::<Cores>().is_err(), "{text}");
    }
    for text in ["0 / 1m", "100 / 0s", "100/1m per person", "100"] {
        assert!(text.parse::<Rate>().is_err(), "{text}");
    }
    for text in ["0%", "101%", "10", "10% for", "10% for 5", "10 % for5m"] {
        assert!(text.parse::<Step>().is_err(), "{text}");
    }
}
