//! Several measurements of one thing.

use std::fmt;

/// The middle and the ends of some measurements.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub(super) fn of(measured: &[f64]) -> Option<Self> {
        let mut sorted = measured.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let (below, above) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        Some(Self {
            least,
            median: f64::midpoint(below, above),
            most,
        })
    }
}

/// `214 (198–240)`: the median and the ends; the precision counts decimals.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(0);
        write!(
            f,
            "{:.decimals$} ({:.decimals$}–{:.decimals$})",
            self.median, self.least, self.most
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_is_in_the_middle_of_odd_and_even_numbers() {
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]).map(|spread| spread.median), Some(2.0));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]).map(|spread| spread.median), Some(2.5));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn it_is_written_with_its_ends() {
        let spread = Spread {
            least: 1.0,
            median: 2.25,
            most: 30.0,
        };
        assert_eq!(format!("{spread}"), "2 (1–30)");
        assert_eq!(format!("{spread:.1}"), "2.2 (1.0–30.0)");
    }
}
