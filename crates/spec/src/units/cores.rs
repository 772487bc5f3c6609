use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Malformed;

/// Processor time in cores, written `"0.25"`; kept in thousandths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cores {
    /// Thousandths of a core.
    pub millis: u64,
}

impl Cores {
    /// More than any machine has; keeps sums over many instances far from overflow.
    const MOST: u64 = 65_536;

    /// A number of thousandths of a core.
    pub const fn millis(millis: u64) -> Self {
        Self { millis }
    }
}

impl FromStr for Cores {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let refusal = || {
            let cause = format!("{text:?} is not a number of cores");
            Malformed::new(cause, "write cores with at most three decimals, for example 0.25")
        };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) || fraction.len() > 3 {
            return Err(refusal());
        }
        let whole: u64 = whole
            .parse()
            .ok()
            .filter(|whole| *whole <= Self::MOST)
            .ok_or_else(refusal)?;
        let thousandths: u64 = format!("{fraction:0<3}").parse().map_err(|_| refusal())?;
        match whole * 1000 + thousandths {
            0 => Err(Malformed::new("0 cores run nothing", "write at least 0.001")),
            millis => Ok(Self::millis(millis)),
        }
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, thousandths) = (self.millis / 1000, self.millis % 1000);
        if thousandths == 0 {
            return write!(out, "{whole}");
        }
        write!(out, "{whole}.{}", format!("{thousandths:03}").trim_end_matches('0'))
    }
}
