//! What a keeper says about itself: in `keeper.json`, to whoever watches, to whoever asks.

use super::keeper::{Keeper, now, wall_ms};
use super::record;
use crate::life::Phase;
use crate::protocol::{PROTOCOL, Process, State, Status};

/// How often what the disk refused is tried again, milliseconds.
const RETRY_EVERY_MS: u64 = 1000;

impl Keeper {
    /// Where things stand.
    pub(super) fn status(&self) -> Status {
        let process = self.main;
        let running = || match process {
            Some(Process {
                pid,
                start_ticks,
                since_ms,
            }) => State::Running {
                pid,
                start_ticks,
                since_ms,
            },
            None => State::BackingOff {
                until_ms: wall_ms(),
                crash_loop: false,
            },
        };
        let stopping = || State::Stopping {
            pid: process.map_or(0, |process| process.pid),
        };
        Status {
            protocol: PROTOCOL,
            instance: self.spec.instance.clone(),
            keeper_pid: std::process::id(),
            boot_id: self.boot_id.clone(),
            state: match self.life.phase() {
                Phase::Running { .. } | Phase::Clearing { then: None, .. } => running(),
                Phase::Stopping { .. } | Phase::Clearing { then: Some(_), .. } => stopping(),
                Phase::Waiting { until, crash_loop } => State::BackingOff {
                    until_ms: wall_ms() + until.saturating_sub(now()),
                    crash_loop: *crash_loop,
                },
                Phase::Ended => State::Ended,
            },
            life: self.life.number(),
            last_exit: self.life.last_exit().cloned(),
            dropped_lines: self.output.missing(),
            exits_in_row: self.life.exits(),
            process,
            log_error: self.output.error().map(str::to_owned),
        }
    }

    /// Writes down and tells what has changed, and tells those who asked.
    pub(super) fn publish(&mut self, now: u64) {
        let status = self.status();
        let has_changed = !self.told.as_ref().is_some_and(|told| is_same(told, &status));
        // Written down before it is told: what somebody has seen, the next keeper knows.
        if has_changed {
            self.save(now, &status);
        }
        if has_changed || self.server.is_asked() {
            self.server.tell_status(&status, has_changed);
            self.told = Some(status);
        }
    }

    /// Writes it down.
    pub(super) fn save(&mut self, now: u64, status: &Status) {
        self.retry_at = match record::save(status) {
            Ok(()) => None,
            Err(_) => Some(now + RETRY_EVERY_MS),
        };
    }

    /// Tries again what the disk had refused.
    pub(super) fn retry(&mut self, now: u64) {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.output.retry();
            self.save(now, &self.status());
        }
        if self.output.error().is_some() && self.retry_at.is_none() {
            self.retry_at = Some(now + RETRY_EVERY_MS);
        }
    }
}

/// Whether nobody needs to be told. When a wait is over is computed from a clock that is set now and then, and how many
/// lines are missing is told with the next change of anything else.
fn is_same(told: &Status, now: &Status) -> bool {
    let is_same_wait = matches!(
        (&told.state, &now.state),
        (State::BackingOff { crash_loop: a, .. }, State::BackingOff { crash_loop: b, .. }) if a == b
    );
    let now = Status {
        dropped_lines: told.dropped_lines,
        ..now.clone()
    };
    if is_same_wait && told.life == now.life {
        return Status {
            state: told.state.clone(),
            ..now
        } == *told;
    }
    now == *told
}
