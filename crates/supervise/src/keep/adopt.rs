//! What a new keeper makes of what the last one had written down.

use super::Mode;
use super::seen::Held;
use crate::life::{Act, Life};
use crate::protocol::{Exit, KeepSpec, Process, State, Status};

/// Where a new keeper starts from.
pub(crate) struct Start {
    /// The life so far.
    pub(crate) life: Life,
    /// The process that goes on.
    pub(crate) held: Option<Held>,
    /// The process of the current life, also when it has ended and only its family may be left.
    pub(crate) main: Option<Process>,
    /// What the log should say.
    pub(crate) note: Option<String>,
    /// What is to be done first.
    pub(crate) acts: Vec<Act>,
}

/// Nothing is left to keep: the instance has ended for good.
pub(crate) struct HasEnded;

/// Looks at what an earlier keeper left. `now` in milliseconds since boot.
pub(crate) fn start(
    spec: &KeepSpec,
    mode: Mode,
    boot_id: &str,
    previous: Option<Status>,
    now: u64,
    wall_ms: u64,
) -> Result<Start, HasEnded> {
    let fresh = |number, exits, last_exit, at| Start {
        life: Life::new(spec, number, exits, last_exit, at),
        held: None,
        main: None,
        note: None,
        acts: Vec::new(),
    };
    let Some(previous) = previous.filter(|status| status.instance == spec.instance) else {
        return Ok(fresh(0, 0, None, now));
    };
    let Status {
        life: number,
        exits_in_row: exits,
        last_exit,
        ..
    } = previous;
    let is_stopping = matches!(previous.state, State::Stopping { .. });
    if previous.state == State::Ended {
        return match mode {
            Mode::Adopt => Err(HasEnded),
            Mode::Start => Ok(fresh(number, 0, last_exit, now)),
        };
    }
    if let State::BackingOff { until_ms, .. } = previous.state {
        // Never longer than the policy allows, whatever has happened to the clock.
        let wait = until_ms.saturating_sub(wall_ms).min(spec.restart.most_ms);
        return Ok(fresh(number, exits, last_exit, now + wait));
    }
    let process = previous.process.filter(|_| previous.boot_id == boot_id);
    let Some(process) = process else {
        // It ran when the machine went down. A service starts again; a task that may have done half of its work does not.
        let mut start = fresh(number, 0, Some(Exit::Unknown), now);
        if is_stopping || !spec.restart.again {
            start.life.stop(now, &mut start.acts);
        }
        start.note = Some("the machine was started anew since the last life".to_owned());
        return Ok(start);
    };
    let mut start = fresh(number, exits, last_exit, now);
    start.main = Some(process);
    start.life.adopted(since(process));
    start.held = Held::adopt(process);
    if is_stopping {
        start.life.stop(now, &mut start.acts);
    }
    start.note = Some(match &start.held {
        Some(_) => format!("a new keeper goes on with process {}", process.pid),
        None => {
            start.life.exited(now, Exit::Unknown);
            start.acts.clear();
            format!("process {} ended while it had no keeper", process.pid)
        }
    });
    Ok(start)
}

/// When a process was started, milliseconds since boot.
fn since(process: Process) -> u64 {
    process.start_ticks.saturating_mul(1000) / rustix::param::clock_ticks_per_second().max(1)
}
