//! Regular expressions.

use crate::form::TextForm;
use crate::mistake::Complaint;
use crate::shape::TextShape;

/// A regular expression in the syntax of Rust's `regex` crate.
pub(crate) struct Pattern;

impl TextForm for Pattern {
    const SHAPE: TextShape = TextShape {
        name: "regular expression",
        pattern: "",
        example: "^[A-Za-z0-9]+$",
    };

    fn check(text: &str) -> Result<(), Complaint> {
        let Err(error) = regex::Regex::new(text) else {
            return Ok(());
        };
        // The crate draws the expression with a pointer below it; the last line is the reason.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let remedy = "patterns follow https://docs.rs/regex; back-references and look-around are not part of them";
        Err(Complaint::new(
            "spec.bad_pattern",
            format!("this is not a regular expression: {reason}"),
            remedy,
        ))
    }
}
