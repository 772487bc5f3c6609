use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Malformed, split};

/// An amount of memory or disk, written `"512MiB"`, `"1GiB"`; kept in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Size {
    /// Bytes.
    pub bytes: u64,
}

const UNITS: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

impl Size {
    /// A size of bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self { bytes }
    }

    /// A size of mebibytes.
    pub const fn mib(mib: u64) -> Self {
        Self { bytes: mib << 20 }
    }
}

impl FromStr for Size {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (digits, unit) = split(text);
        let Ok(number) = digits.parse::<u64>() else {
            let remedy = "write a whole number and its unit, for example \"512MiB\"";
            return Err(Malformed::new(format!("{text:?} is not a size"), remedy));
        };
        let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            // `512M` and `512MB` mean one thing to Docker and another to disks; the file has one spelling.
            let letter = unit
                .chars()
                .next()
                .map(|c| c.to_ascii_uppercase())
                .filter(|c| "KMGT".contains(*c))
                .unwrap_or('M');
            let cause = if unit.is_empty() {
                format!("{text:?} has no unit")
            } else {
                format!("{unit:?} is not a unit of size")
            };
            return Err(Malformed::new(
                cause,
                format!("the units are B, KiB, MiB, GiB and TiB: \"{number}{letter}iB\""),
            ));
        };
        let bytes = number.checked_mul(*bytes);
        bytes
            .map(Self::bytes)
            .ok_or_else(|| Malformed::new(format!("{text:?} is too large"), "write at most \"16777215TiB\""))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, unit) = UNITS
            .into_iter()
            .find(|(_, unit)| self.bytes > 0 && self.bytes.is_multiple_of(*unit))
            .unwrap_or(("B", 1));
        write!(out, "{}{name}", self.bytes / unit)
    }
}
