//! Quantities as they are written in the file: each carries its unit in the value.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A length of time, written `"500ms"`, `"30s"`, `"15m"`, `"3h"`, `"7d"`; kept in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span {
    /// Milliseconds.
    pub millis: u64,
}

impl Span {
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

/// An amount of memory or disk, written `"512MiB"`, `"1GiB"`; kept in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Size {
    /// Bytes.
    pub bytes: u64,
}

/// Processor time in cores, written `"0.25"`; kept in thousandths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cores {
    /// Thousandths of a core.
    pub millis: u64,
}

/// One value or a range, written `"0.25"` or `"0.25..0.5"` (request..limit, or least..most).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Range<T> {
    /// The lower bound: the request, the least.
    pub low: T,
    /// The upper bound: the limit, the most. Equal to `low` where one value was written.
    pub high: T,
}
