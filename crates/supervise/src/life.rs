//! What follows what in the life of an instance: started, ended, waiting, stopped. No clock, no process: times are handed
//! in (milliseconds of any clock that does not go backwards), and what is to be done comes out as [`Act`]s.

use crate::protocol::{Exit, KeepSpec};
use crate::restart::Backoff;

/// How long a process that exited with 0 may have others still around before it counts as having put itself into the
/// background, milliseconds. Long enough for a shell's last pipe to end, short enough not to be noticed.
const AFTERMATH_MS: u64 = 300;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Act {
    /// Start the process; answer with [`Life::started`] or [`Life::exited`].
    Start,
    /// SIGTERM to the process and all that it started.
    Terminate,
    /// SIGKILL to the same.
    Kill,
    /// Write this into the log.
    Note(String),
}

/// What comes after a process that was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing: the keeper ends too.
    End,
    /// The next life, at once.
    Again,
}

/// Where the life stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The process runs since then.
    Running { since: u64 },
    /// It was asked to end and has not yet.
    Stopping {
        since: u64,
        kill_at: u64,
        killed: bool,
        then: Then,
    },
    /// It has ended; what it started is awaited, and killed from `kill_at` on.
    Clearing {
        exit: Exit,
        uptime: u64,
        kill_at: u64,
        killed: bool,
        then: Option<Then>,
    },
    /// The next start is at `until`.
    Waiting { until: u64, crash_loop: bool },
    /// Nothing will happen any more.
    Ended,
}

/// The life of an instance.
#[derive(Debug)]
pub(crate) struct Life {
    phase: Phase,
    backoff: Backoff,
    stop_ms: u64,
    number: u32,
    last_exit: Option<Exit>,
}

impl Life {
    /// An instance with `number` lives behind it, the next of which starts at the first [`Life::tick`] from `start_at` on.
    pub(crate) fn new(spec: &KeepSpec, number: u32, exits: u32, last_exit: Option<Exit>, start_at: u64) -> Self {
        let backoff = Backoff::new(spec.restart, exits);
        Self {
            phase: Phase::Waiting {
                until: start_at,
                crash_loop: backoff.is_crash_loop(),
            },
            backoff,
            stop_ms: spec.stop_ms,
            number,
            last_exit,
        }
    }

    /// Where it stands.
    pub(crate) fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Which life this is: 1 for the first process.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Exits in a row without staying up.
    pub(crate) fn exits(&self) -> u32 {
        self.backoff.exits()
    }

    /// How the last life that is over ended.
    pub(crate) fn last_exit(&self) -> Option<&Exit> {
        self.last_exit.as_ref()
    }

    /// Whether [`Life::family`] waits to be told what the process left behind.
    pub(crate) fn is_clearing(&self) -> bool {
        matches!(self.phase, Phase::Clearing { .. })
    }

    /// When [`Life::tick`] has something to do, if it has.
    pub(crate) fn due(&self) -> Option<u64> {
        match &self.phase {
            Phase::Waiting { until, .. } => Some(*until),
            Phase::Stopping {
                kill_at, killed: false, ..
            } => Some(*kill_at),
            _ => None,
        }
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: u64, acts: &mut Vec<Act>) {
        match &mut self.phase {
            Phase::Waiting { until, .. } if now >= *until => {
                self.number += 1;
                acts.push(Act::Start);
            }
            Phase::Stopping { kill_at, killed, .. } if now >= *kill_at && !*killed => {
                *killed = true;
                acts.push(Act::Note(format!(
                    "still running {} ms after SIGTERM: SIGKILL",
                    self.stop_ms
                )));
                acts.push(Act::Kill);
            }
            _ => {}
        }
    }

    /// The process runs, since `since`.
    pub(crate) fn started(&mut self, since: u64) {
        self.phase = Phase::Running { since };
    }

    /// A process that an earlier keeper started, in the life with this number, goes on.
    pub(crate) fn adopted(&mut self, since: u64) {
        self.number = self.number.max(1);
        self.phase = Phase::Running { since };
    }

    /// The process has ended, or could not be started. What it left behind is asked for next.
    pub(crate) fn exited(&mut self, now: u64, exit: Exit) {
        self.phase = match &self.phase {
            Phase::Running { since } => Phase::Clearing {
                kill_at: if exit == (Exit::Code { code: 0 }) {
                    now + AFTERMATH_MS
                } else {
                    now
                },
                exit,
                uptime: now.saturating_sub(*since),
                killed: false,
                then: None,
            },
            // What it started has as long to end as it had itself: a shell dies of SIGTERM at once, its server takes its time.
            Phase::Stopping {
                since,
                kill_at,
                killed,
                then,
            } => Phase::Clearing {
                exit,
                uptime: now.saturating_sub(*since),
                kill_at: *kill_at,
                killed: *killed,
                then: Some(*then),
            },
            Phase::Waiting { .. } => Phase::Clearing {
                exit,
                uptime: 0,
                kill_at: now,
                killed: false,
                then: None,
            },
            Phase::Clearing { .. } | Phase::Ended => return,
        };
    }

    /// These processes, as `pid command`, are what the one that ended left behind and still run.
    pub(crate) fn family(&mut self, now: u64, left: Vec<String>, acts: &mut Vec<Act>) {
        let Phase::Clearing {
            exit,
            kill_at,
            killed,
            then,
            ..
        } = &mut self.phase
        else {
            return;
        };
        if left.is_empty() {
            return self.over(now, acts);
        }
        if now < *kill_at {
            return;
        }
        if !*killed {
            *killed = true;
            acts.push(Act::Note(format!(
                "left processes behind, which are killed: {}",
                left.join(", ")
            )));
            if then.is_none() && *exit == (Exit::Code { code: 0 }) {
                *exit = Exit::ForkedAway { left };
            }
        }
        // Again at every look: one of them may have forked while the others were killed.
        acts.push(Act::Kill);
    }

    /// It shall end, and the keeper with it.
    pub(crate) fn stop(&mut self, now: u64, acts: &mut Vec<Act>) {
        match &mut self.phase {
            Phase::Running { .. } => self.ask(now, Then::End, acts),
            Phase::Stopping { then, .. } => *then = Then::End,
            Phase::Clearing { then, .. } => *then = Some(Then::End),
            Phase::Waiting { .. } => self.phase = Phase::Ended,
            Phase::Ended => {}
        }
    }

    /// It shall end and start again. Refused, with the reason, when it is being stopped for good.
    pub(crate) fn restart(&mut self, now: u64, acts: &mut Vec<Act>) -> Result<(), String> {
        match &mut self.phase {
            Phase::Running { .. } => self.ask(now, Then::Again, acts),
            Phase::Stopping { then: Then::End, .. }
            | Phase::Clearing {
                then: Some(Then::End), ..
            }
            | Phase::Ended => {
                return Err("it is being stopped".to_owned());
            }
            Phase::Stopping { .. } => {}
            Phase::Clearing { then, .. } => *then = Some(Then::Again),
            Phase::Waiting { until, .. } => *until = now,
        }
        Ok(())
    }

    fn ask(&mut self, now: u64, then: Then, acts: &mut Vec<Act>) {
        if let Phase::Running { since } = self.phase {
            self.phase = Phase::Stopping {
                since,
                kill_at: now + self.stop_ms,
                killed: false,
                then,
            };
            acts.push(Act::Terminate);
        }
    }

    fn over(&mut self, now: u64, acts: &mut Vec<Act>) {
        let Phase::Clearing { exit, uptime, then, .. } = std::mem::replace(&mut self.phase, Phase::Ended) else {
            return;
        };
        let mut note = format!("{exit} after {}.{:03} s", uptime / 1000, uptime % 1000);
        self.last_exit = Some(exit);
        match then {
            Some(Then::End) => {}
            Some(Then::Again) => {
                self.phase = Phase::Waiting {
                    until: now,
                    crash_loop: false,
                }
            }
            None => {
                if let Some(wait) = self.backoff.after(uptime) {
                    note.push_str(&format!("; starting again in {} ms", wait.ms));
                    if wait.crash_loop {
                        note.push_str(&format!(" (crash loop: {} exits in a row)", self.backoff.exits()));
                    }
                    self.phase = Phase::Waiting {
                        until: now + wait.ms,
                        crash_loop: wait.crash_loop,
                    };
                }
            }
        }
        acts.push(Act::Note(note));
    }
}

#[cfg(test)]
#[path = "life_tests.rs"]
mod tests;
