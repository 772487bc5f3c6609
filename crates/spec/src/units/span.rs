use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Malformed, split};

/// A length of time, written `"500ms"`, `"30s"`, `"15m"`, `"3h"`, `"7d"`; kept in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span {
    /// Milliseconds.
    pub millis: u64,
}

const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1000),
    ("ms", 1),
];

impl Span {
    /// The longest time that the file can say, a hundred years: far from where arithmetic on times overflows.
    pub const LONGEST: Self = Self {
        millis: 36_500 * 86_400_000,
    };

    /// A span of whole seconds.
    pub const fn secs(secs: u64) -> Self {
        Self { millis: secs * 1000 }
    }

    /// A span of milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self { millis }
    }

    /// The same length as the standard library's type.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.millis)
    }
}

impl FromStr for Span {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (digits, unit) = split(text);
        let Ok(number) = digits.parse::<u64>() else {
            return Err(Malformed::new(
                format!("{text:?} is not a time"),
                "write a number and its unit, for example \"30s\"",
            ));
        };
        let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            let cause = if unit.is_empty() {
                format!("{text:?} has no unit")
            } else {
                format!("{unit:?} is not a unit of time")
            };
            return Err(Malformed::new(
                cause,
                format!("the units are ms, s, m, h and d, for example \"{number}s\""),
            ));
        };
        let span = number
            .checked_mul(*millis)
            .map(Self::millis)
            .filter(|span| *span <= Self::LONGEST);
        span.ok_or_else(|| {
            Malformed::new(
                format!("{text:?} is longer than a hundred years"),
                "write at most \"36500d\"",
            )
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millis == 0 {
            return out.write_str("0s");
        }
        for (name, millis) in UNITS {
            if self.millis.is_multiple_of(millis) {
                return write!(out, "{}{name}", self.millis / millis);
            }
        }
        write!(out, "{}ms", self.millis)
    }
}
