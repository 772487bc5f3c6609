//! How good the value of a secret is. Whoever holds the value calls [`assess`]; the answer does not tell it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The least entropy of a secret, bits: what the OWASP Session Management Cheat Sheet demands of a session identifier.
pub const LEAST_BITS: u32 = 64;

/// How good a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// How many characters it has.
    pub length: usize,
    /// The estimate of its entropy, bits. See [`estimate_bits`].
    pub bits: u32,
    /// What is wrong with it.
    pub flaw: Option<Flaw>,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Somebody meant to replace it.
    Placeholder,
    /// A default of some product, or among the first that are guessed.
    WellKnown,
    /// Less than [`LEAST_BITS`].
    Weak,
}

/// Defaults of common products and the head of every published list of leaked passwords.
const WELL_KNOWN: &[&str] = &[
    "abc",
    "access",
    "admin",
    "administrator",
    "app",
    "dbpassword",
    "debug",
    "default",
    "demo",
    "dev",
    "development",
    "dragon",
    "guest",
    "iloveyou",
    "jwt",
    "jwtsecret",
    "key",
    "letmein",
    "local",
    "login",
    "master",
    "minio",
    "minioadmin",
    "mongo",
    "monkey",
    "mysecret",
    "mysql",
    "none",
    "null",
    "p@ssw0rd",
    "p@ssword",
    "pass",
    "passw0rd",
    "password",
    "postgres",
    "postgresql",
    "prod",
    "production",
    "qwerty",
    "qwertyuiop",
    "rabbitmq",
    "redis",
    "root",
    "sa",
    "secret",
    "secretkey",
    "shadow",
    "staging",
    "super",
    "supersecret",
    "superuser",
    "sysadmin",
    "temp",
    "test",
    "tester",
    "testing",
    "toor",
    "user",
    "username",
    "verysecret",
    "welcome",
];

/// Words that only a placeholder has inside.
const PLACEHOLDER_PARTS: &[&str] = &[
    "changeit",
    "changeme",
    "changethis",
    "changetoasecure",
    "dummyvalue",
    "example",
    "fillmein",
    "generatea",
    "insertyour",
    "placeholder",
    "putyour",
    "replaceme",
    "replacethis",
    "replacewith",
    "secrethere",
    "tokenhere",
    "keyhere",
    "tobedefined",
    "yourapi",
    "yoursecret",
    "yourpassword",
    "yourtoken",
    "yourkey",
    "yourjwt",
];

/// Words that are a placeholder as a whole, or as a word between punctuation.
const PLACEHOLDER_WORDS: &[&str] = &[
    "dummy",
    "fixme",
    "foobar",
    "here",
    "placeholder",
    "sample",
    "tbd",
    "todo",
    "your",
];

/// Judges a value. Of a URL that carries a password, the password is judged.
pub fn assess(value: &str) -> Assessment {
    let judged = crate::plain::password_of_url(value).unwrap_or(value).trim();
    let bits = estimate_bits(judged);
    let flaw = if is_placeholder(judged) {
        Some(Flaw::Placeholder)
    } else if is_well_known(judged) {
        Some(Flaw::WellKnown)
    } else if bits < LEAST_BITS {
        Some(Flaw::Weak)
    } else {
        None
    };
    Assessment {
        length: judged.chars().count(),
        bits,
        flaw,
    }
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    let letters: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
    let enclosed = |open, close| lower.starts_with(open) && lower.ends_with(close);
    letters.is_empty()
        || letters.chars().all(|c| c == 'x')
        || lower.contains("xxxxx")
        || enclosed("<", ">")
        || enclosed("${", "}")
        || enclosed("{{", "}}")
        || PLACEHOLDER_PARTS.iter().any(|part| letters.contains(part))
        || lower
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| PLACEHOLDER_WORDS.contains(&word))
}

/// Well-known also with digits or punctuation around it (`admin123!`), or digits or keyboard rows alone.
fn is_well_known(value: &str) -> bool {
    let lower = value.to_lowercase();
    let core: String = lower.chars().filter(|c| c.is_alphanumeric() || *c == '@').collect();
    let stem = core.trim_end_matches(|c: char| c.is_ascii_digit());
    let counted =
        |digits: &str| digits.len() >= 3 && ("01234567890".contains(digits) || "09876543210".contains(digits));
    WELL_KNOWN.contains(&core.as_str())
        || (core.len() - stem.len() <= 4 && WELL_KNOWN.contains(&stem))
        || counted(&core)
        || core.chars().collect::<BTreeSet<_>>().len() <= 1
}

/// An upper estimate of the entropy of a value, bits: log₂ of the size of the alphabet that its characters come from, for each
/// character that is neither a repetition nor a step of a run (`aaaa`, `1234`), of one period of the value (`abcabcabc` counts as
/// `abc`). It knows no words, so a long sentence is overrated; it never calls a random value of [`LEAST_BITS`] weak that uses its
/// alphabet evenly.
pub fn estimate_bits(value: &str) -> u32 {
    let characters: Vec<char> = value.chars().collect();
    let characters = &characters[..period(&characters)];
    let distinct = characters.iter().collect::<BTreeSet<_>>().len();
    // A long value of few characters was drawn from few.
    let alphabet = if distinct * 4 < characters.len() {
        distinct
    } else {
        alphabet(characters)
    };
    let counted = characters.len() - steps_of_runs(characters);
    (counted as f64 * (alphabet.max(1) as f64).log2()).floor() as u32
}

/// The length of the shortest beginning whose repetition is the value.
fn period(characters: &[char]) -> usize {
    let length = characters.len();
    (1..=length / 2)
        .find(|period| (*period..length).all(|i| characters[i] == characters[i - period]))
        .unwrap_or(length)
}

/// How many characters continue a run: the same distance (−1, 0 or 1) as between the two before.
fn steps_of_runs(characters: &[char]) -> usize {
    characters
        .windows(3)
        .filter(|three| {
            let step = i64::from(u32::from(three[1])) - i64::from(u32::from(three[0]));
            step.abs() <= 1 && i64::from(u32::from(three[2])) - i64::from(u32::from(three[1])) == step
        })
        .count()
}

/// The size of the alphabet that the characters come from: hexadecimal, or the sum of the classes that occur.
fn alphabet(characters: &[char]) -> usize {
    let any = |test: fn(&char) -> bool| characters.iter().any(test);
    let all = |test: fn(&char) -> bool| characters.iter().all(test);
    if all(char::is_ascii_digit) {
        return 10;
    }
    if all(|c| matches!(c, '0'..='9' | 'a'..='f')) || all(|c| matches!(c, '0'..='9' | 'A'..='F')) {
        return 16;
    }
    let mut size = 0;
    let mut class = |test, of| size += if any(test) { of } else { 0 };
    class(char::is_ascii_lowercase, 26);
    class(char::is_ascii_uppercase, 26);
    class(char::is_ascii_digit, 10);
    class(|c| c.is_ascii() && !c.is_ascii_alphanumeric(), 33);
    // One script's letters; a guess, and on the low side.
    class(|c| !c.is_ascii(), 64);
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flaw(value: &str) -> Option<Flaw> {
        assess(value).flaw
    }

    #[test]
    fn placeholders_are_seen() {
        for value in [
            "changeme",
            "CHANGE_ME",
            "change-me-in-production",
            "xxx",
            "XXXXXXXX",
            "your-secret-here",
            "your_jwt_secret_key",
            "example",
            "TODO",
            "todo: ask ops",
            "<password>",
            "${JWT_SECRET}",
            "{{ jwt }}",
            "sk_live_xxxxxxxxxxxxxxxx",
            "...",
            "",
            "replace-with-a-long-random-string",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            assert_eq!(flaw(value), Some(Flaw::Placeholder), "{value}");
        }
    }

    #[test]
    fn defaults_are_seen() {
        for value in [
            "password",
            "admin",
            "postgres",
            "secret",
            "123456",
            "Password1!",
            "admin123",
            "12345678",
            "P@ssw0rd",
            "minioadmin",
            "aaaaaaaaaaaaaaaa",
            "postgres://app:postgres@db/app",
            "SuperSecret2024",
        ] {
            assert_eq!(flaw(value), Some(Flaw::WellKnown), "{value}");
        }
    }

    #[test]
    fn guessable_values_are_weak() {
        for value in [
            "kaDru7",
            "tr0ub4dor",
            "8f3a1c9d",
            "abcabcabcabcabcabcabcabcabc",
            "7402918",
            "q1w2e3r4",
        ] {
            assert_eq!(flaw(value), Some(Flaw::Weak), "{value} {}", assess(value).bits);
        }
    }

    #[test]
    fn random_values_are_good() {
        for value in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "kY7v2QnX4bRw9sTz",
            "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4",
            "https://hooks.slack.com/services/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",
            "postgres://app:kY7v2QnX4bRw9sTz@db/app",
        ] {
            assert_eq!(flaw(value), None, "{value} {}", assess(value).bits);
        }
    }

    #[test]
    fn the_assessment_does_not_tell_the_value() {
        assert!(!format!("{:?}", assess("correct-horse")).contains("horse"));
    }
}
