//! Lengths and points of time as a person reads and writes them.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A length of time, as exact as it is interesting: `214 ms`, `1.3 s`, `42 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`.
pub(crate) fn short(time: Duration) -> String {
    let millis = time.as_millis();
    let seconds = time.as_secs();
    let pair = |big: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{big} {unit}"),
        _ => format!("{big} {unit} {small} {part}"),
    };
    match seconds {
        0 => format!("{millis} ms"),
        // Rounded down, so that a length never claims to have reached the next unit.
        1..=9 => format!("{}.{} s", seconds, millis % 1000 / 100),
        10..=59 => format!("{seconds} s"),
        60..=3599 => pair(seconds / 60, "min", seconds % 60, "s"),
        3600..=86_399 => pair(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => pair(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

/// The length between two times in milliseconds since the epoch; clocks that ran backwards give zero.
pub(crate) fn between(from_ms: u64, to_ms: u64) -> String {
    short(Duration::from_millis(to_ms.saturating_sub(from_ms)))
}

/// Only the largest unit, for columns: `214 ms`, `42 s`, `3 min`, `2 h`, `3 d`.
pub(crate) fn coarse(from_ms: u64, to_ms: u64) -> String {
    let millis = to_ms.saturating_sub(from_ms);
    match millis / 1000 {
        0 => format!("{millis} ms"),
        seconds @ 1..=59 => format!("{seconds} s"),
        seconds @ 60..=3599 => format!("{} min", seconds / 60),
        seconds @ 3600..=86_399 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Local date and time to the second.
pub(crate) fn local(at_ms: u64) -> String {
    written(at_ms, "%Y-%m-%d %H:%M:%S")
}

/// Local time of day to the millisecond.
pub(crate) fn clock(at_ms: u64) -> String {
    written(at_ms, "%H:%M:%S%.3f")
}

fn written(at_ms: u64, format: &str) -> String {
    let known = i64::try_from(at_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    match known {
        Some(time) => time.to_zoned(TimeZone::system()).strftime(format).to_string(),
        None => format!("{at_ms} ms"),
    }
}

/// Reads `500ms`, `30s`, `10m`, `2h`, `1d`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a length of time such as 30s, 10m, 2h or 1d");
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_exact_as_they_are_interesting() {
        for (millis, text) in [
            (0, "0 ms"),
            (214, "214 ms"),
            (999, "999 ms"),
            (1000, "1.0 s"),
            (1390, "1.3 s"),
            (9999, "9.9 s"),
            (10_000, "10 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (192_000, "3 min 12 s"),
            (7_500_000, "2 h 5 min"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(short(Duration::from_millis(millis)), text);
        }
    }

    #[test]
    fn a_clock_that_ran_backwards_gives_zero() {
        assert_eq!(between(2000, 1000), "0 ms");
        assert_eq!(coarse(2000, 1000), "0 ms");
    }

    #[test]
    fn columns_show_one_unit() {
        assert_eq!(coarse(0, 192_000), "3 min");
        assert_eq!(coarse(0, 90_000_000), "1 d");
    }

    #[test]
    fn lengths_are_read_with_their_unit() {
        assert_eq!(parse("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        for wrong in [
            "",
            "10",
            "m",
            "10 m",
            "-1s",
            "1w",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_beyond_the_calendar_is_shown_as_it_is() {
        assert_eq!(local(u64::MAX), format!("{} ms", u64::MAX));
    }
}
