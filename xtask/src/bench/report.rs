//! docs/benchmarks.md: one section per part, each replaced as a whole when it is measured again.

use std::fs;
use std::path::Path;

use crate::Outcome;

const INTRODUCTION: &str = "\
# Benchmarks

Measured by `cargo xtask bench`, which writes this file. Each section carries the machine and the date of its own run. \
What a figure should be stands beside it, also where it falls short.
";

/// Puts the text of one part into the file.
pub(super) fn write(path: &Path, headings: &[(&str, &str)], part: &str, text: &str) -> Outcome {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, replaced(&before, headings, part, text))
        .map_err(|error| format!("{}: {error}", path.display()).into())
}

/// The report with one section replaced: the others stay as they are, in the order of the headings.
fn replaced(before: &str, headings: &[(&str, &str)], part: &str, text: &str) -> String {
    let mut report = INTRODUCTION.to_owned();
    for (name, heading) in headings {
        let heading = format!("\n## {heading}\n");
        let section = if *name == part {
            Some(text)
        } else {
            section(before, &heading)
        };
        if let Some(section) = section {
            report.push_str(&format!("{heading}\n{}\n", section.trim()));
        }
    }
    report
}

fn section<'a>(report: &'a str, heading: &str) -> Option<&'a str> {
    let rest = report.split_once(heading)?.1;
    Some(rest.split_once("\n## ").map_or(rest, |(section, _)| section))
}

#[cfg(test)]
mod tests {
    use super::{INTRODUCTION, replaced};

    const HEADINGS: &[(&str, &str)] = &[("edge", "The edge"), ("rest", "At rest")];

    #[test]
    fn sections_keep_their_order_and_the_others_their_text() {
        let first = replaced("", HEADINGS, "rest", "58 MB");
        let both = replaced(&first, HEADINGS, "edge", "20,000/s\n");
        assert_eq!(
            both,
            format!("{INTRODUCTION}\n## The edge\n\n20,000/s\n\n## At rest\n\n58 MB\n")
        );
        let again = replaced(&both, HEADINGS, "edge", "21,000/s");
        assert_eq!(again, both.replace("20,000", "21,000"));
    }
}
