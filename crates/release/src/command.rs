//! What a person can want, and when it is possible.

use crate::draft::{Draft, not_now};
use crate::entry::{Command, NotNow};
use crate::{Direction, Entry, Phase, Reason};

impl Draft<'_> {
    pub(crate) fn command(&mut self, command: &Command) -> Result<(), NotNow> {
        match command {
            Command::Abort { by } => self.abort(by),
            Command::Answer { by, answer } => self.answer(by, answer),
            Command::Approve { by } => self.approve(by),
            Command::Promote { by } => self.promote(by),
            Command::Pause { by } => self.pause(by, true),
            Command::Resume { by } => self.pause(by, false),
        }
    }

    /// There is a way back until the new revision is stable.
    fn must_be_under_way(&self) -> Result<(), NotNow> {
        if let Direction::Back { .. } = self.state.direction {
            return Err(not_now(
                "it is being taken back already",
                "wait: seaworthy status shows how far it is",
            ));
        }
        if self.state.phase >= Phase::Retiring {
            return Err(not_now(
                "the new revision is stable already",
                "rollback goes back to the release before",
            ));
        }
        Ok(())
    }

    fn abort(&mut self, by: &str) -> Result<(), NotNow> {
        self.must_be_under_way()?;
        let reason = Reason::new("aborted", format!("{by} aborted it"), "nothing: the stable side serves");
        self.revert(reason, true);
        Ok(())
    }

    fn answer(&mut self, by: &str, answer: &str) -> Result<(), NotNow> {
        let Some(held) = &self.state.held else {
            return Err(not_now("it asks nothing", "abort takes it back"));
        };
        let answers = held.question.answers();
        if !answers.contains(&answer) {
            return Err(not_now(
                &format!("\"{answer}\" is no answer here"),
                &answers.join(" | "),
            ));
        }
        self.push(Entry::Answered {
            by: by.to_owned(),
            answer: answer.to_owned(),
            at: self.now.clone(),
        });
        Ok(())
    }

    fn approve(&mut self, by: &str) -> Result<(), NotNow> {
        self.must_be_under_way()?;
        if self.state.approval_needed.is_none() {
            return Err(not_now(
                "it waits for nobody's approval",
                "promote ends a hold, abort takes it back",
            ));
        }
        self.push(Entry::Approved {
            by: by.to_owned(),
            at: self.now.clone(),
        });
        Ok(())
    }

    fn promote(&mut self, by: &str) -> Result<(), NotNow> {
        self.must_be_under_way()?;
        let (by, at) = (Some(by.to_owned()), self.now.clone());
        match self.state.phase {
            Phase::Holding if self.state.approval_needed.is_some() => {
                Err(not_now("it waits for approval", "approve lets it go on"))
            }
            Phase::Holding => {
                self.push(Entry::StepPassed {
                    step: self.state.steps_passed,
                    by,
                    at,
                });
                Ok(())
            }
            Phase::Baking => {
                self.push(Entry::Baked { by, at });
                Ok(())
            }
            _ => Err(not_now("it holds nothing now", "wait for the next hold, or abort")),
        }
    }

    fn pause(&mut self, by: &str, paused: bool) -> Result<(), NotNow> {
        self.must_be_under_way()?;
        if self.state.paused == paused {
            let (cause, possible) = if paused {
                ("it is paused already", "resume lets it go on")
            } else {
                ("it is not paused", "pause stops it where it is")
            };
            return Err(not_now(cause, possible));
        }
        self.push(Entry::Paused {
            by: by.to_owned(),
            paused,
            at: self.now.clone(),
        });
        Ok(())
    }
}
