//! Quantities as they are written in the file: each carries its unit in the value.
//!
//! Every unit reads with `str::parse` and prints what reads as the same again.

mod cores;
mod expression;
mod form;
mod pace;
mod percent;
mod range;
mod rate;
mod size;
mod span;

pub use cores::Cores;
pub use expression::{Bound, Comparison, Expression, Metric};
pub(crate) use form::Ranged;
pub use pace::Pace;
pub(crate) use percent::Percent;
pub(crate) use percent::read_percent;
pub use range::Range;
pub use rate::Rate;
pub use size::Size;
pub use span::Span;

/// A text that is not a quantity of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Malformed {
    cause: String,
    remedy: String,
}

impl Malformed {
    pub(crate) fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }

    /// What to write instead.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

/// Splits `"30s"` into its digits and its unit.
fn split(text: &str) -> (&str, &str) {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(digits)
}
