//! What goes in (events) and what is written down (entries).

use seaworthy_platform::SideObserved;
use serde::{Deserialize, Serialize};

use crate::{Due, Effect, Held, Measurement, Measures, Moment, Observation, Outcome, Phase, Reason};

/// Something that happened outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It is this release's turn.
    Begin,
    /// An effect ended.
    Ended {
        /// Which.
        step: u32,
        /// How.
        result: Result<Observation, Reason>,
    },
    /// A side was looked at.
    Observed(SideObserved),
    /// A timer may be due.
    Tick,
    /// The edge's counters were read.
    Measured(Measures),
    /// A person wants something.
    Command(Command),
}

/// What a person can want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Let it go on before a step that needs a person's word.
    Approve {
        /// Who.
        by: String,
    },
    /// Do not wait for the end of the hold or of the bake.
    Promote {
        /// Who.
        by: String,
    },
    /// Stay at the present weight.
    Pause {
        /// Who.
        by: String,
    },
    /// Go on after a pause.
    Resume {
        /// Who.
        by: String,
    },
    /// Take it back.
    Abort {
        /// Who.
        by: String,
    },
    /// An answer to a question of a held release.
    Answer {
        /// Who.
        by: String,
        /// One of the possible answers.
        answer: String,
    },
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// It began.
    Begun {
        /// When.
        at: Moment,
        /// When it must have ended.
        deadline: Due,
    },
    /// It entered a phase.
    Entered {
        /// Which.
        phase: Phase,
        /// When.
        at: Moment,
    },
    /// The new side is watched until then.
    BakeUntil {
        /// When.
        due: Due,
    },
    /// The new side keeps its share until then.
    HoldUntil {
        /// Which step, from 0.
        step: usize,
        /// The new side's share, percent.
        percent: u32,
        /// When.
        due: Due,
        /// Since when.
        at: Moment,
    },
    /// A hold is over.
    StepPassed {
        /// Which step, from 0.
        step: usize,
        /// Who did not want to wait; none: its time was over and its gates passed.
        by: Option<String>,
        /// When.
        at: Moment,
    },
    /// The bake is over.
    Baked {
        /// Who did not want to wait; none: its time was over.
        by: Option<String>,
        /// When.
        at: Moment,
    },
    /// A person's word is needed.
    ApprovalNeeded {
        /// Before which percentage.
        before: u32,
        /// When.
        at: Moment,
    },
    /// A person gave it.
    Approved {
        /// Who.
        by: String,
        /// When.
        at: Moment,
    },
    /// A person stopped or continued the progress; judging goes on.
    Paused {
        /// Who.
        by: String,
        /// `false`: it goes on.
        paused: bool,
        /// When.
        at: Moment,
    },
    /// The gates were judged.
    Judged {
        /// Each gate.
        measurements: Vec<Measurement>,
        /// When.
        at: Moment,
    },
    /// An effect is about to run. Written before it does.
    Intent {
        /// Its number.
        step: u32,
        /// What.
        effect: Effect,
        /// When.
        at: Moment,
    },
    /// An effect was done.
    Done {
        /// Its number.
        step: u32,
        /// What was seen.
        seen: Observation,
        /// When.
        at: Moment,
    },
    /// An effect failed.
    Failed {
        /// Its number.
        step: u32,
        /// Why.
        reason: Reason,
        /// When.
        at: Moment,
    },
    /// An effect is no longer wanted; how far it came is not known.
    Cancelled {
        /// Its number.
        step: u32,
        /// When.
        at: Moment,
    },
    /// From now on what was done is undone.
    Reverting {
        /// Why.
        reason: Reason,
        /// A person wanted it.
        aborted: bool,
        /// When.
        at: Moment,
    },
    /// It waits for a person.
    Held {
        /// Why, and what can be answered.
        held: Held,
        /// When.
        at: Moment,
    },
    /// A person answered.
    Answered {
        /// Who.
        by: String,
        /// What.
        answer: String,
        /// When.
        at: Moment,
    },
    /// It reached a resting place.
    Ended {
        /// How.
        outcome: Outcome,
        /// Why, unless it succeeded.
        reason: Option<Reason>,
        /// When.
        at: Moment,
    },
}

/// A command came in a phase that has no use for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct NotNow {
    /// Why not.
    pub cause: String,
    /// What is possible now.
    pub possible: String,
}
