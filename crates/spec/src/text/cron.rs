//! Schedules.

use crate::form::TextForm;
use crate::mistake::Complaint;
use crate::shape::TextShape;

/// A cron expression of five fields.
pub(crate) struct Cron;

/// A field's name, its bounds, and the names that stand for numbers from the lower bound on.
struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

const MONTHS: &[&str] = &[
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS: [Field; 5] = [
    Field {
        name: "minute",
        least: 0,
        most: 59,
        words: &[],
    },
    Field {
        name: "hour",
        least: 0,
        most: 23,
        words: &[],
    },
    Field {
        name: "day of the month",
        least: 1,
        most: 31,
        words: &[],
    },
    Field {
        name: "month",
        least: 1,
        most: 12,
        words: MONTHS,
    },
    // Both 0 and 7 are Sunday.
    Field {
        name: "day of the week",
        least: 0,
        most: 7,
        words: DAYS,
    },
];

const REMEDY: &str = "write minute, hour, day, month and weekday, for example \"0 3 * * *\" for every night at three";

impl TextForm for Cron {
    const SHAPE: TextShape = TextShape {
        name: "schedule",
        pattern: r"^\s*\S+\s+\S+\s+\S+\s+\S+\s+\S+\s*$",
        example: "0 3 * * *",
    };

    fn check(text: &str) -> Result<(), Complaint> {
        let refusal = |cause| Complaint::new("spec.bad_schedule", cause, REMEDY);
        let fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() != FIELDS.len() {
            return Err(refusal(format!(
                "a schedule has five fields, this has {}",
                fields.len()
            )));
        }
        match FIELDS.iter().zip(fields).find(|(field, written)| !field.takes(written)) {
            None => Ok(()),
            Some((field, written)) => {
                let Field { name, least, most, .. } = field;
                Err(refusal(format!("{written:?} does not fit the {name} ({least}–{most})")))
            }
        }
    }
}

impl Field {
    /// Whether the field takes a list of values, ranges and steps: `1,5-9,*/15`.
    fn takes(&self, written: &str) -> bool {
        written.split(',').all(|item| {
            let (range, step) = item
                .split_once('/')
                .map_or((item, None), |(range, step)| (range, Some(step)));
            let step_fits =
                step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| (1..=self.most).contains(&step)));
            step_fits && self.takes_range(range)
        })
    }

    fn takes_range(&self, range: &str) -> bool {
        if range == "*" {
            return true;
        }
        match range.split_once('-') {
            Some((from, to)) => matches!((self.value(from), self.value(to)), (Some(from), Some(to)) if from <= to),
            None => self.value(range).is_some(),
        }
    }

    fn value(&self, text: &str) -> Option<u32> {
        let named = self.words.iter().position(|word| word.eq_ignore_ascii_case(text));
        let named = named
            .and_then(|index| u32::try_from(index).ok())
            .map(|index| index + self.least);
        let digits = || {
            text.chars()
                .all(|c| c.is_ascii_digit())
                .then(|| text.parse().ok())
                .flatten()
        };
        named
            .or_else(digits)
            .filter(|value| (self.least..=self.most).contains(value))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn takes_what_cron_takes() {
        for good in [
            "* * * * *",
            "0 3 * * *",
            "*/15 0-6,22 1 JAN-mar MON",
            "5,10 0 1-31/2 12 7",
        ] {
            assert_eq!(Cron::check(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        for (bad, part) in [
            ("0 3 * *", "has 4"),
            ("60 3 * * *", "minute"),
            ("0 24 * * *", "hour"),
            ("0 0 0 * *", "day of the month"),
            ("0 0 1 13 *", "month"),
            ("0 0 1 1 MOND", "day of the week"),
            ("*/0 * * * *", "minute"),
            ("9-5 * * * *", "minute"),
            ("+5 * * * *", "minute"),
        ] {
            let cause = Cron::check(bad).unwrap_err().cause;
            assert!(cause.contains(part), "{bad}: {cause}");
        }
    }
}
