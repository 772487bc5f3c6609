use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Malformed, Span};

/// What a gate says, written `"error_rate < 1%"`, `"p95 < 500ms"`, `"p95 < 1.2 * stable.p95"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Expression {
    /// What is measured on the new side.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// What it is compared with.
    pub bound: Bound,
}

/// What the edge measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Metric {
    /// The share of attempts that failed.
    ErrorRate,
    /// The median latency.
    P50,
    /// The 90th percentile of latency.
    P90,
    /// The 95th percentile of latency.
    P95,
    /// The 99th percentile of latency.
    P99,
}

/// How a measurement is compared with its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

/// What a measurement is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Bound {
    /// A share in percent, 0–100.
    Percent(f64),
    /// A latency.
    Latency(Span),
    /// A multiple of what the stable side shows.
    Stable {
        /// The factor.
        factor: f64,
        /// The stable side's metric, of the same kind as the one that is judged.
        metric: Metric,
    },
}

const REMEDY: &str = "write for example \"error_rate < 1%\", \"p95 < 500ms\" or \"p95 < 1.2 * stable.p95\"";

const METRICS: [(&str, Metric); 5] = [
    ("error_rate", Metric::ErrorRate),
    ("p50", Metric::P50),
    ("p90", Metric::P90),
    ("p95", Metric::P95),
    ("p99", Metric::P99),
];

/// Longer signs first, so that `<=` is not read as `<`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Below),
    (">", Comparison::Above),
];

impl Comparison {
    /// Splits a comparison sign off the beginning of a text.
    pub(crate) fn split(text: &str) -> Option<(Self, &str)> {
        COMPARISONS
            .iter()
            .find_map(|(sign, comparison)| Some((*comparison, text.strip_prefix(sign)?)))
    }
}

impl FromStr for Metric {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let known = METRICS
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, metric)| *metric);
        known.ok_or_else(|| {
            let remedy = crate::suggest::remedy(text, METRICS.map(|(name, _)| name), REMEDY);
            Malformed::new(format!("{text:?} is not measured by the edge"), remedy)
        })
    }
}

impl FromStr for Expression {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let refusal = || Malformed::new(format!("{text:?} is not a gate"), REMEDY);
        let sign = text.find(['<', '>', '=', '!']).ok_or_else(refusal)?;
        let (metric, rest) = text.split_at(sign);
        let metric: Metric = metric.trim().parse()?;
        let (comparison, bound) = Comparison::split(rest).ok_or_else(refusal)?;
        let bound = read_bound(bound.trim(), metric).ok_or_else(refusal)??;
        Ok(Self {
            metric,
            comparison,
            bound,
        })
    }
}

/// The right-hand side. `None` is not a bound at all, an error is one of the wrong kind.
fn read_bound(text: &str, metric: Metric) -> Option<Result<Bound, Malformed>> {
    let is_rate = metric == Metric::ErrorRate;
    let positive = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite() && *number >= 0.0)
    };
    if let Some((factor, name)) = text.split_once("stable.").filter(|(factor, _)| !factor.contains('%')) {
        let factor = match factor.trim() {
            "" => 1.0,
            product => positive(product.strip_suffix('*')?).filter(|factor| *factor > 0.0)?,
        };
        let stable: Metric = match name.trim().parse() {
            Ok(stable) => stable,
            Err(unknown) => return Some(Err(unknown)),
        };
        let same_kind = is_rate == (stable == Metric::ErrorRate);
        let refusal = || Malformed::new(format!("{metric} and stable.{stable} are not of one kind"), REMEDY);
        return Some(
            same_kind
                .then_some(Bound::Stable { factor, metric: stable })
                .ok_or_else(refusal),
        );
    }
    if let Some(percent) = text.strip_suffix('%') {
        let percent = positive(percent).filter(|percent| *percent <= 100.0)?;
        let refusal = || {
            Malformed::new(
                format!("{metric} is a time, not a share"),
                format!("write for example \"{metric} < 500ms\""),
            )
        };
        return Some(is_rate.then_some(Bound::Percent(percent)).ok_or_else(refusal));
    }
    let refusal = || {
        Malformed::new(
            "error_rate is a share, and a share is written in percent",
            "write for example \"error_rate < 1%\"",
        )
    };
    if is_rate {
        return Some(Err(refusal()));
    }
    Some(text.parse().map(Bound::Latency))
}

impl fmt::Display for Metric {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = METRICS
            .iter()
            .find(|(_, metric)| metric == self)
            .map_or("", |(name, _)| name);
        out.write_str(name)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = COMPARISONS
            .iter()
            .find(|(_, comparison)| comparison == self)
            .map_or("", |(sign, _)| sign);
        out.write_str(sign)
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(out, "{percent}%"),
            Self::Latency(span) => write!(out, "{span}"),
            Self::Stable { factor: 1.0, metric } => write!(out, "stable.{metric}"),
            Self::Stable { factor, metric } => write!(out, "{factor} * stable.{metric}"),
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} {}", self.metric, self.comparison, self.bound)
    }
}
