//! Times of day and what else is said about when.

super::texts! {
    /// A time zone; whether the machine knows it is checked where time is read.
    TimeZone is "time zone" like "Europe/Berlin": "^(UTC|[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)+)$",
        "write an IANA name, for example \"UTC\" or \"Europe/Berlin\"";
    /// A time of day.
    TimeOfDay is "time of day" like "02:00": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "write for example \"02:00\"";
    /// A day of the week and a time.
    Weekly is "day and time" like "sunday 01:00":
        "^(monday|tuesday|wednesday|thursday|friday|saturday|sunday) ([01][0-9]|2[0-3]):[0-5][0-9]$",
        "write for example \"sunday 01:00\"";
    /// Where a person must agree.
    Approval is "point of approval" like "before 100%": "^before ([1-9][0-9]?|100)%$",
        "write for example \"before 100%\"";
}
