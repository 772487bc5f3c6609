//! Whether a value satisfies its variable's constraints.

use std::fmt;

use regex::Regex;
use seaworthy_spec::{EnvKind, EnvVar};
use serde::{Deserialize, Serialize};

use crate::catalogue::{Check, ENV_MATCHES, ENV_ONE_OF, ENV_TOO_SHORT, ENV_TYPE};

/// A constraint that a value breaks. Tells of the constraint and of the value's length, never of the value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// Not of this kind.
    Kind(EnvKind),
    /// None of these.
    OneOf(Vec<String>),
    /// Does not match this expression as a whole.
    Matches(String),
    /// The expression itself cannot be read.
    BadExpression(String),
    /// Too few characters.
    TooShort {
        /// The least number.
        least: u32,
        /// How many there are.
        length: usize,
    },
}

impl Violation {
    /// The check that it belongs to.
    pub fn check(&self) -> &'static Check {
        match self {
            Self::Kind(_) => &ENV_TYPE,
            Self::OneOf(_) => &ENV_ONE_OF,
            Self::Matches(_) | Self::BadExpression(_) => &ENV_MATCHES,
            Self::TooShort { .. } => &ENV_TOO_SHORT,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "is not {}", describe(*kind)),
            Self::OneOf(allowed) => write!(f, "is none of {}", allowed.join(", ")),
            Self::Matches(expression) => write!(f, "does not match {expression}"),
            Self::BadExpression(expression) => {
                write!(f, "cannot be compared: {expression} is not a regular expression")
            }
            Self::TooShort { least, length } => write!(f, "has {length} characters, and {least} are the least"),
        }
    }
}

fn describe(kind: EnvKind) -> &'static str {
    match kind {
        EnvKind::String => "text",
        EnvKind::Integer => "a whole number",
        EnvKind::Number => "a number",
        EnvKind::Boolean => "`true` or `false`",
        EnvKind::Url => "an absolute URL (scheme://host…)",
        EnvKind::Port => "a port (1–65535)",
    }
}

/// Every constraint that a value breaks.
pub fn violations(variable: &EnvVar, value: &str) -> Vec<Violation> {
    let mut broken = Vec::new();
    if !is_of(variable.kind, value) {
        broken.push(Violation::Kind(variable.kind));
    }
    if !variable.one_of.is_empty() && !variable.one_of.iter().any(|allowed| allowed == value) {
        broken.push(Violation::OneOf(variable.one_of.clone()));
    }
    if let Some(expression) = &variable.matches {
        // The whole value must match, whether or not the expression is anchored.
        match Regex::new(&format!("^(?:{expression})$")) {
            Ok(regex) if regex.is_match(value) => {}
            Ok(_) => broken.push(Violation::Matches(expression.clone())),
            Err(_) => broken.push(Violation::BadExpression(expression.clone())),
        }
    }
    if let Some(least) = variable.min_length {
        let length = value.chars().count();
        if length < least as usize {
            broken.push(Violation::TooShort { least, length });
        }
    }
    broken
}

fn is_of(kind: EnvKind, value: &str) -> bool {
    match kind {
        EnvKind::String => true,
        EnvKind::Integer => value.parse::<i128>().is_ok(),
        EnvKind::Number => value.parse::<f64>().is_ok_and(f64::is_finite),
        EnvKind::Boolean => matches!(value, "true" | "false"),
        EnvKind::Url => is_url(value),
        EnvKind::Port => value.parse::<u16>().is_ok_and(|port| port > 0),
    }
}

/// An absolute URL as RFC 3986 has it, as far as a typing mistake would break it: scheme, `://`, something, no white space.
fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else {
        return false;
    };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        && rest.starts_with(|c: char| !"/?#".contains(c) || scheme == "file" || scheme == "sqlite" || scheme == "unix")
        && !value.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;
    use seaworthy_spec::EnvSource;

    fn variable(kind: EnvKind) -> EnvVar {
        EnvVar {
            source: EnvSource::Missing,
            one_of: Vec::new(),
            matches: None,
            min_length: None,
            kind,
        }
    }

    #[test]
    fn kinds_are_told_apart() {
        for (kind, good, bad) in [
            (EnvKind::Integer, "-12", "1.5"),
            (EnvKind::Number, "1.5", "inf"),
            (EnvKind::Boolean, "true", "yes"),
            (EnvKind::Url, "postgres://db/app", "db.example.com/app"),
            (EnvKind::Url, "https://x", "https://"),
            (EnvKind::Port, "65535", "0"),
            (EnvKind::Port, "80", "65536"),
        ] {
            assert_eq!(violations(&variable(kind), good), [], "{kind:?} {good}");
            assert_eq!(
                violations(&variable(kind), bad),
                [Violation::Kind(kind)],
                "{kind:?} {bad}"
            );
        }
    }

    #[test]
    fn an_expression_must_match_the_whole_value() {
        let mut variable = variable(EnvKind::String);
        variable.matches = Some("[a-z]+|[0-9]+".to_owned());
        assert_eq!(violations(&variable, "abc"), []);
        assert_eq!(violations(&variable, "123"), []);
        assert_eq!(
            violations(&variable, "abc1").len(),
            1,
            "a part that matches is not enough"
        );
    }

    #[test]
    fn every_broken_constraint_is_told_at_once_and_none_tells_the_value() {
        let variable = EnvVar {
            source: EnvSource::Missing,
            one_of: vec!["info".to_owned()],
            matches: Some("[0-9]+".to_owned()),
            min_length: Some(32),
            kind: EnvKind::Port,
        };
        let broken = violations(&variable, "hunter2");
        assert_eq!(broken.len(), 4);
        for violation in broken {
            assert!(!format!("{violation} {violation:?}").contains("hunter2"));
        }
    }

    #[test]
    fn length_is_counted_in_characters() {
        let mut variable = variable(EnvKind::String);
        variable.min_length = Some(4);
        assert_eq!(violations(&variable, "äöüß"), []);
        assert_eq!(
            violations(&variable, "äöü"),
            [Violation::TooShort { least: 4, length: 3 }]
        );
    }
}
