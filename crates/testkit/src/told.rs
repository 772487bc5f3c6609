//! A history as text, for checked-in output.

use seaworthy_release::Entry;

/// Tells a journal, one line per entry, with seconds since its beginning.
pub fn told(journal: &[Entry]) -> String {
    let mut text = String::new();
    let mut begun = None;
    for entry in journal {
        let (at, line) = match entry {
            Entry::Begun { at, .. } => (at, "begun".to_owned()),
            Entry::Entered { phase, at } => (at, format!("── {phase}")),
            Entry::BakeUntil { .. } => continue,
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
        let start = *begun.get_or_insert(at.boot_ms);
        text.push_str(&format!("{:>5} s  {line}\n", (at.boot_ms - start) / 1000));
    }
    text
}
