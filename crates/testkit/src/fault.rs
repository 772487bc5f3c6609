//! What goes wrong, and when: part of a simulation's input.

use std::collections::BTreeMap;

/// Something that goes wrong when an effect runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails, half done.
    Fails,
    /// It is done, and what came back says that it failed.
    FailsAfter,
    /// The daemon dies before the effect is done; the next daemon reads the journal.
    DaemonDiesBefore,
    /// The daemon dies when the effect is half done.
    DaemonDiesMidway,
    /// The daemon dies after the effect is done and before that is written down.
    DaemonDiesAfter,
    /// Nobody sees how it ends (a migration and a power cut); it had not begun.
    Unknown,
    /// Nobody sees how it ends; it had run to its end.
    UnknownDone,
    /// Every instance of every new side falls over just after it.
    NewSideFalls,
    /// A person aborts while it runs.
    Abort,
    /// It takes longer than the release may take.
    TakesForever,
    /// It takes longer than the release may take, and its end is seen before the timer.
    EndsTooLate,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Fails,
        Self::FailsAfter,
        Self::DaemonDiesBefore,
        Self::DaemonDiesMidway,
        Self::DaemonDiesAfter,
        Self::Unknown,
        Self::UnknownDone,
        Self::NewSideFalls,
        Self::Abort,
        Self::TakesForever,
        Self::EndsTooLate,
    ];
}

/// Faults by the number of the effect, counted over the whole history and including effects that are run again.
#[derive(Debug, Clone, Default)]
pub struct Faults(pub BTreeMap<u32, Fault>);

impl Faults {
    /// One fault.
    pub fn at(effect: u32, fault: Fault) -> Self {
        Self(BTreeMap::from([(effect, fault)]))
    }

    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }
}
