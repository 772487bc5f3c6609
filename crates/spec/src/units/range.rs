use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Malformed;

/// One value or a range, written `"0.25"` or `"0.25..0.5"` (request..limit, or least..most).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range<T> {
    /// The lower bound: the request, the least.
    pub low: T,
    /// The upper bound: the limit, the most. Equal to `low` where one value was written.
    pub high: T,
}

impl<T: Copy + PartialEq> Range<T> {
    /// One value.
    pub const fn exactly(value: T) -> Self {
        Self {
            low: value,
            high: value,
        }
    }

    /// Whether there is anything between the bounds.
    pub fn is_range(&self) -> bool {
        self.low != self.high
    }
}

impl<T: FromStr + PartialOrd + Copy> FromStr for Range<T>
where
    Malformed: From<T::Err>,
{
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let Some((low, high)) = text.split_once("..") else {
            let value = text.parse()?;
            return Ok(Self {
                low: value,
                high: value,
            });
        };
        let range = Self {
            low: low.trim().parse()?,
            high: high.trim().parse()?,
        };
        if range.low <= range.high {
            return Ok(range);
        }
        let remedy = format!("write \"{}..{}\"", high.trim(), low.trim());
        Err(Malformed::new(format!("{text:?} ends below its beginning"), remedy))
    }
}

impl From<std::num::ParseIntError> for Malformed {
    fn from(_: std::num::ParseIntError) -> Self {
        Self::new(
            "this is not a whole number or a range of them",
            "write for example 3 or \"3..20\"",
        )
    }
}

impl<T: fmt::Display + PartialEq> fmt::Display for Range<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            self.low.fmt(out)
        } else {
            write!(out, "{}..{}", self.low, self.high)
        }
    }
}
