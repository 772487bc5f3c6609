use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Malformed, Span, read_percent};

/// How fast a number of instances may change, written `"50% / 30s"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pace {
    /// At most so many percent, 1–100.
    pub percent: u32,
    /// In this time, longer than zero.
    pub every: Span,
}

impl FromStr for Pace {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let refusal = || Malformed::new(format!("{text:?} is not a pace"), "write for example \"50% / 30s\"");
        let (percent, every) = text.split_once('/').ok_or_else(refusal)?;
        let pace = Self {
            percent: read_percent(percent.trim())?,
            every: every.trim().parse()?,
        };
        if pace.every.millis == 0 {
            Err(refusal())
        } else {
            Ok(pace)
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}% / {}", self.percent, self.every)
    }
}
