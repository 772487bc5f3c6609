//! When a client's connection is closed because nothing happens on it. Looked at once a second, so that requests pay nothing.

/// Longest time for a head to arrive whole, and for the first one to begin, seconds.
pub(crate) const HEAD_SECONDS: u32 = 10;

/// Longest time between two requests, seconds.
pub(crate) const KEEP_ALIVE_SECONDS: u32 = 75;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing was ever sent on it.
    Fresh,
    /// A head has begun; the number tells one from the next.
    Head(u32),
    /// A request is being answered.
    Busy,
    /// It waits for its next request; the number tells one wait from the next.
    Waiting(u32),
}

/// What to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Leave it.
    Keep,
    /// Close it after what is still to be written.
    Close,
    /// Drop it: a client that does not finish a head is owed no answer.
    Drop,
}

/// How long a connection has been in its phase.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Age {
    phase: Phase,
    seconds: u32,
}

impl Age {
    /// Of a connection just accepted.
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Fresh,
            seconds: 0,
        }
    }

    /// Another second has passed and it is in `phase` now.
    pub(crate) fn tick(&mut self, phase: Phase) -> Verdict {
        if phase == self.phase {
            self.seconds += 1;
        } else {
            *self = Self { phase, seconds: 0 };
        }
        match phase {
            Phase::Fresh | Phase::Head(_) if self.seconds > HEAD_SECONDS => Verdict::Drop,
            Phase::Waiting(_) if self.seconds > KEEP_ALIVE_SECONDS => Verdict::Close,
            _ => Verdict::Keep,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many seconds in `phase` the verdict is something other than to keep it.
    fn patience(phase: Phase) -> Option<(u32, Verdict)> {
        let mut age = Age::new();
        (0..600).find_map(|second| match age.tick(phase) {
            Verdict::Keep => None,
            verdict => Some((second, verdict)),
        })
    }

    #[test]
    fn each_phase_has_its_patience() {
        assert_eq!(patience(Phase::Fresh), Some((HEAD_SECONDS, Verdict::Drop)));
        assert_eq!(patience(Phase::Head(1)), Some((HEAD_SECONDS + 1, Verdict::Drop)));
        assert_eq!(
            patience(Phase::Waiting(1)),
            Some((KEEP_ALIVE_SECONDS + 1, Verdict::Close))
        );
        assert_eq!(patience(Phase::Busy), None);
    }

    #[test]
    fn a_new_head_or_wait_begins_anew() {
        let mut age = Age::new();
        for second in 0..300 {
            assert_eq!(age.tick(Phase::Head(second / 5)), Verdict::Keep);
        }
    }
}
