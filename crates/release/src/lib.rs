//! The release state machine: sans-I/O and event-sourced.
//!
//! A [`Machine`] holds a [`Plan`](seaworthy_plan::Plan) and a [`State`]. [`Machine::handle`] turns an [`Event`] into
//! journal [`Entry`]s and changes nothing; [`Machine::apply`] folds one entry into the state. What shall run now is read off the
//! state ([`Machine::pending`]), and so is the next timer ([`Machine::timer`]). The shell around it therefore has one duty:
//!
//! ```text
//! event ─► handle ─► entries ─► written to the journal ─► apply ─► pending effect ─► run it ─► event
//! ```
//!
//! Recovery is the same code: fold the journal, look at what is pending, run it again (every effect is idempotent).
//!
//! What comes next is not a list of steps computed at the start but a question asked of the state each time
//! (`forward`, `beside`, `revert`), so that finishing, undoing and recovering need no bookkeeping of their own.
//! Blue-green and canary extend it by further answers to the same question.
#![forbid(unsafe_code)]

mod beside;
mod command;
mod draft;
mod effect;
mod entry;
mod forward;
mod machine;
mod moment;
mod phase;
mod reason;
mod revert;
mod shift;
mod state;
mod verdict;

pub use effect::{Effect, Observation, Table};
pub use entry::{Command, Entry, Event, NotNow};
pub use machine::Machine;
pub use moment::{Due, Moment};
pub use phase::{Outcome, Phase};
pub use reason::Reason;
pub use state::{Direction, Held, Question, State};
pub use verdict::{Latency, Measurement, Measures, SideMeasures, Verdict};
