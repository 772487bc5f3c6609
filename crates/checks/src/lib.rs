//! Findings over spec, environment and facts gathered elsewhere.
//!
//! Pure: [`run`] takes the merged file, the [`Facts`] about machine and secrets, and the places of keys, and answers with
//! findings in a stable order. Nothing is read, tried or printed here. Values of secrets never come in either: whoever holds
//! one calls [`strength::assess`] and [`value::violations`] and passes on what they say.
//!
//! | module | looks at |
//! |---|---|
//! | [`programs`] | sources and the programs that build and run them |
//! | `machine` | listening addresses, disk, state directory, kernel |
//! | `variables` | types and constraints of environment variables |
//! | `secrets` | missing, placeholder, well-known, weak and reused secrets |
//! | `plain` | credentials written into the file |
//! | `production` | settings that are dangerous in production |
//! | `fit` | whether both sides of a release fit the machine |
//! | [`available`] | what this version does not act on yet, and what it cannot guarantee |
#![forbid(unsafe_code)]

pub mod available;
pub mod catalogue;
pub mod facts;
mod finding;
mod fit;
pub mod listen;
mod machine;
mod places;
mod plain;
mod production;
pub mod programs;
pub mod secrets;
pub mod strength;
pub mod value;
mod variables;

pub use facts::{Fact, Facts};
pub use finding::{Finding, Severity};
pub use places::{Nowhere, Places};

use finding::Report;
use seaworthy_spec::Spec;

/// Everything that is wrong, dangerous or unknown, worst first.
pub fn run(spec: &Spec, facts: &Facts, places: &dyn Places) -> Vec<Finding> {
    let mut report = Report::new(places, is_development(&spec.environment.name));
    programs::check(spec, facts, &mut report);
    machine::check(spec, facts, &mut report);
    variables::check(spec, &mut report);
    secrets::check(spec, facts, &mut report);
    plain::check(spec, &mut report);
    production::check(spec, &mut report);
    fit::check(spec, facts, &mut report);
    report.into_findings()
}

/// Whether an environment is one for development. Everything else, staging too, is judged as production.
pub fn is_development(environment: &str) -> bool {
    matches!(environment, "development" | "dev")
}

/// The worst severity among findings; none when there are none.
pub fn worst(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}
