//! Which names and values are allowed.

use seaworthy_platform::{Scope, Secret};

use super::{LONGEST_VALUE, SecretError};

const LONGEST_NAME: usize = 128;

/// Checks the name of a secret: letters, digits, `-`, `_`, `.`, beginning with a letter or a digit, at most 128 characters.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_name(name: &str) -> Result<(), SecretError> {
    check("a secret", name, "-_.")
}

/// Each part of a scope becomes a file or directory, so it has no dot and no slash.
pub(super) fn check_scope(scope: &Scope) -> Result<(), SecretError> {
    check_part("an organisation", &scope.organisation)?;
    check_part("an application", &scope.app)?;
    check_part("an environment", &scope.environment)
}

pub(super) fn check_part(kind: &'static str, name: &str) -> Result<(), SecretError> {
    check(kind, name, "-_")
}

fn check(kind: &'static str, name: &str, marks: &str) -> Result<(), SecretError> {
    let cause = if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST_NAME {
        "it is longer than 128 characters"
    } else if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        "it does not begin with a letter or a digit"
    } else if !name.chars().all(|c| c.is_ascii_alphanumeric() || marks.contains(c)) {
        "it has a character that is not allowed"
    } else {
        return Ok(());
    };
    Err(SecretError::Name {
        kind,
        name: name.chars().take(LONGEST_NAME).collect(),
        cause,
    })
}

/// A value ends up in an environment variable, which cannot hold a NUL; an empty one is what a failed command pipes.
pub(super) fn check_value(name: &str, value: &Secret) -> Result<(), SecretError> {
    let text = value.expose();
    let cause = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > LONGEST_VALUE {
        format!("has {} bytes, and {LONGEST_VALUE} are the most", text.len())
    } else if text.contains('\0') {
        "holds a NUL byte".to_owned()
    } else {
        return Ok(());
    };
    Err(SecretError::Value {
        name: name.to_owned(),
        cause,
    })
}
