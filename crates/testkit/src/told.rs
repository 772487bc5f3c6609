//! A history as text, for checked-in output.

use seaworthy_release::{Entry, Verdict};

use crate::World;

/// Tells a journal, one line per entry, with seconds since its beginning.
pub fn told(journal: &[Entry]) -> String {
    let mut text = String::new();
    let mut clock: Option<(&str, i64)> = None;
    let mut before = 0_i64;
    for entry in journal {
        let (at, line) = match entry {
            Entry::Begun { at, .. } => (at, "begun".to_owned()),
            Entry::Entered { phase, at } => (at, format!("── {phase}")),
            Entry::BakeUntil { .. } => continue,
            Entry::Judged { measurements, .. } if measurements.iter().all(|seen| seen.verdict < Verdict::Error) => {
                continue;
            }
            Entry::Judged { measurements, at } => {
                let worst: Vec<String> = measurements
                    .iter()
                    .filter(|seen| seen.verdict >= Verdict::Error)
                    .map(|seen| format!("{} {:?} after {} requests", seen.gate, seen.verdict, seen.sample))
                    .collect();
                (at, format!("judged: {}", worst.join(", ")))
            }
            Entry::HoldUntil { percent, at, .. } => (at, format!("hold {percent} %")),
            Entry::StepPassed { step, by, at } => (at, told_passed(&format!("step {step}"), by.as_ref())),
            Entry::Baked { by, at } => (at, told_passed("the bake", by.as_ref())),
            Entry::ApprovalNeeded { before, at } => (at, format!("waits for approval before {before} %")),
            Entry::Approved { by, at } => (at, format!("{by} approved")),
            Entry::Paused { by, paused, at } => (
                at,
                format!("{by} {}", if *paused { "paused it" } else { "let it go on" }),
            ),
            Entry::Intent { step, effect, at } => (at, format!("{step:>2} {}", effect.describe())),
            Entry::Done { step, at, .. } => (at, format!("{step:>2} done")),
            Entry::Failed { step, reason, at } => (at, format!("{step:>2} failed: {}", reason.cause)),
            Entry::Cancelled { step, at } => (at, format!("{step:>2} cancelled")),
            Entry::Reverting { reason, at, .. } => (at, format!("back, because {}", reason.cause)),
            Entry::Held { held, at } => (
                at,
                format!("held: {} ({})", held.reason.cause, held.question.answers().join(" | ")),
            ),
            Entry::Answered { by, answer, at } => (at, format!("{by} answered {answer}")),
            Entry::Ended { outcome, at, .. } => (at, format!("ended {outcome}")),
        };
        let reading = i64::try_from(at.boot_ms).unwrap_or(i64::MAX);
        let start = match clock {
            Some((boot, start)) if boot == at.boot => start,
            Some(_) => {
                text.push_str("         ── reboot\n");
                reading - before
            }
            None => reading,
        };
        clock = Some((&at.boot, start));
        before = reading - start;
        text.push_str(&format!("{:>5} s  {line}\n", before / 1000));
    }
    text
}

impl World {
    /// Its history until now, with sides named `old` and `new` in place of their digests.
    pub fn told(&self) -> String {
        let mut text = told(self.journal());
        let plan = self.machine().plan();
        for (snapshot, word) in [(Some(&plan.to), "new"), (plan.from.as_ref(), "old")] {
            for service in snapshot.into_iter().flat_map(|snapshot| snapshot.services.values()) {
                text = text.replace(service.revision().as_str(), word);
            }
        }
        text
    }
}

fn told_passed(what: &str, by: Option<&String>) -> String {
    match by {
        Some(by) => format!("{by} did not wait for the end of {what}"),
        None => format!("{what} is over"),
    }
}
