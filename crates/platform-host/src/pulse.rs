//! Whether an instance is ready, decided from its lives and its probes. Pure: time is passed in, in milliseconds of any steady clock.

use seaworthy_spec::Health;

use crate::probe::Outcome;

/// While nobody listens, asking again costs the application nothing.
const UNTIL_LISTENING: u64 = 50;

/// A worker has no probe: it is ready when it has stayed up this long.
const WORKER_UP: u64 = 1000;

/// What probing has found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No process.
    Down,
    /// A process that has not passed its probes yet.
    Starting,
    /// Its probes pass.
    Ready,
    /// They passed, and fail now.
    Unready,
}

/// What a probe changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing that anybody needs to know.
    None,
    /// The probes passed for the first time in this life.
    Verified,
    /// They fail now.
    Lost,
    /// They pass again.
    Regained,
}

/// The health of one instance.
#[derive(Debug)]
pub(crate) struct Pulse {
    health: Health,
    listens: bool,
    phase: Phase,
    life: u32,
    up_since: u64,
    good: u32,
    bad: u32,
    live_bad: u32,
    /// The wait after the next bad answer while starting; grows up to the interval, because an answer costs the application work.
    patience: u64,
    last: Option<Outcome>,
}

impl Pulse {
    pub(crate) fn new(health: Health, listens: bool) -> Self {
        Self {
            health,
            listens,
            phase: Phase::Down,
            life: 0,
            up_since: 0,
            good: 0,
            bad: 0,
            live_bad: 0,
            patience: UNTIL_LISTENING,
            last: None,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    /// What the last readiness probe found in this life.
    pub(crate) fn last(&self) -> Option<&Outcome> {
        self.last.as_ref()
    }

    /// A process of this life runs. Of another life than before: everything known is forgotten.
    pub(crate) fn runs(&mut self, life: u32, now: u64) {
        if self.life == life && self.phase != Phase::Down {
            return;
        }
        let (health, listens) = (self.health.clone(), self.listens);
        *self = Self {
            phase: Phase::Starting,
            life,
            up_since: now,
            ..Self::new(health, listens)
        };
    }

    /// Its process ended.
    pub(crate) fn ended(&mut self) {
        self.phase = Phase::Down;
        self.last = None;
    }

    /// Takes the outcome of a readiness probe.
    pub(crate) fn probed(&mut self, outcome: Outcome) -> Change {
        let good = outcome == Outcome::Good;
        let answered = !matches!(outcome, Outcome::Good | Outcome::Refused);
        self.last = Some(outcome);
        if good {
            self.good += 1;
            self.bad = 0;
        } else {
            self.bad += 1;
            self.good = 0;
            if answered {
                self.patience = (self.patience * 2).min(self.interval());
            }
        }
        let passed = self.good >= self.health.passes.max(1);
        let failed = self.bad >= self.health.fails.max(1);
        match self.phase {
            Phase::Starting if passed => self.to(Phase::Ready, Change::Verified),
            Phase::Unready if passed => self.to(Phase::Ready, Change::Regained),
            Phase::Ready if failed => self.to(Phase::Unready, Change::Lost),
            _ => Change::None,
        }
    }

    /// Takes back that it is ready: somebody else answered its probes.
    pub(crate) fn distrust(&mut self) {
        self.phase = Phase::Starting;
        self.good = 0;
    }

    /// Takes the outcome of a liveness probe; `true` when the process should be started again.
    /// A process that has not been ready yet is not judged by it: that is what `start` is for.
    pub(crate) fn live(&mut self, outcome: &Outcome) -> bool {
        self.live_bad = if *outcome == Outcome::Good {
            0
        } else {
            self.live_bad + 1
        };
        let dead = self.live_bad >= self.health.fails.max(1);
        if dead {
            self.live_bad = 0;
        }
        dead && matches!(self.phase, Phase::Ready | Phase::Unready)
    }

    /// A worker is ready by staying up.
    pub(crate) fn stayed_up(&mut self, now: u64) -> Change {
        if self.listens || self.phase != Phase::Starting || now < self.up_since + WORKER_UP {
            return Change::None;
        }
        self.to(Phase::Ready, Change::Verified)
    }

    /// How long to wait until there is something to do again; none while there is no process, and for a worker that is ready.
    pub(crate) fn wait(&self, now: u64) -> Option<u64> {
        match (self.phase, self.listens) {
            (Phase::Down, _) => None,
            (Phase::Starting, false) => Some((self.up_since + WORKER_UP).saturating_sub(now)),
            (_, false) => None,
            (Phase::Starting, true) => Some(match self.last {
                None => 0,
                // Nobody waits for it any more.
                Some(Outcome::Refused) if self.is_late(now) => self.interval(),
                Some(Outcome::Good | Outcome::Refused) => UNTIL_LISTENING,
                Some(_) => self.patience,
            }),
            (Phase::Ready | Phase::Unready, true) => Some(self.interval()),
        }
    }

    /// Whether it has used up the time it may take to start.
    pub(crate) fn is_late(&self, now: u64) -> bool {
        self.phase == Phase::Starting && now >= self.up_since + self.health.start.millis
    }

    fn interval(&self) -> u64 {
        self.health.interval.millis.max(UNTIL_LISTENING)
    }

    fn to(&mut self, phase: Phase, change: Change) -> Change {
        self.phase = phase;
        change
    }
}

#[cfg(test)]
mod tests {
    use seaworthy_spec::units::Span;

    use super::*;

    fn pulse(listens: bool) -> Pulse {
        let health = Health {
            live: None,
            ready: Some("/ready".to_owned()),
            interval: Span::secs(2),
            timeout: Span::secs(1),
            passes: 2,
            fails: 3,
            start: Span::secs(60),
        };
        let mut pulse = Pulse::new(health, listens);
        pulse.runs(1, 1000);
        pulse
    }

    #[test]
    fn consecutive_good_probes_verify_and_a_bad_one_starts_the_count_again() {
        let mut pulse = pulse(true);
        assert_eq!(pulse.probed(Outcome::Good), Change::None);
        assert_eq!(pulse.probed(Outcome::Status(503)), Change::None);
        assert_eq!(pulse.probed(Outcome::Good), Change::None);
        assert_eq!(pulse.probed(Outcome::Good), Change::Verified);
        assert_eq!(pulse.phase(), Phase::Ready);
    }

    #[test]
    fn a_new_life_must_pass_again() {
        let mut pulse = pulse(true);
        pulse.probed(Outcome::Good);
        pulse.probed(Outcome::Good);
        pulse.runs(1, 2000);
        assert_eq!(pulse.phase(), Phase::Ready, "the same life goes on");
        pulse.runs(2, 3000);
        assert_eq!(pulse.phase(), Phase::Starting);
        pulse.probed(Outcome::Good);
        assert_eq!(pulse.probed(Outcome::Good), Change::Verified);
    }

    #[test]
    fn readiness_is_lost_after_fails_and_regained_after_passes() {
        let mut pulse = pulse(true);
        pulse.probed(Outcome::Good);
        pulse.probed(Outcome::Good);
        let bad = [Outcome::TimedOut, Outcome::Refused, Outcome::Status(500)];
        let changes: Vec<_> = bad.into_iter().map(|outcome| pulse.probed(outcome)).collect();
        assert_eq!(changes, [Change::None, Change::None, Change::Lost]);
        pulse.probed(Outcome::Good);
        assert_eq!(pulse.probed(Outcome::Good), Change::Regained);
    }

    #[test]
    fn probes_are_quick_until_it_listens_and_then_spare_the_application() {
        let mut pulse = pulse(true);
        assert_eq!(pulse.wait(1000), Some(0));
        pulse.probed(Outcome::Refused);
        assert_eq!(pulse.wait(1000), Some(50));
        let mut waits = Vec::new();
        for _ in 0..7 {
            pulse.probed(Outcome::Status(503));
            waits.extend(pulse.wait(1000));
        }
        assert_eq!(waits, [100, 200, 400, 800, 1600, 2000, 2000]);
        pulse.probed(Outcome::Good);
        assert_eq!(pulse.wait(1000), Some(50));
        pulse.probed(Outcome::Good);
        assert_eq!(pulse.wait(1000), Some(2000));
    }

    #[test]
    fn liveness_restarts_after_fails_and_only_what_was_ready() {
        let mut pulse = pulse(true);
        let dead = |pulse: &mut Pulse| (0..3).map(|_| pulse.live(&Outcome::TimedOut)).collect::<Vec<_>>();
        assert_eq!(dead(&mut pulse), [false, false, false]);
        pulse.probed(Outcome::Good);
        pulse.probed(Outcome::Good);
        assert_eq!(dead(&mut pulse), [false, false, true]);
    }

    #[test]
    fn a_worker_is_ready_when_it_stayed_up() {
        let mut pulse = pulse(false);
        assert_eq!(pulse.stayed_up(1999), Change::None);
        assert_eq!(pulse.wait(1999), Some(1));
        assert_eq!(pulse.stayed_up(2000), Change::Verified);
        assert_eq!(pulse.wait(2000), None);
    }

    #[test]
    fn it_is_late_when_start_is_over_and_never_once_it_is_ready() {
        let mut pulse = pulse(true);
        assert!(!pulse.is_late(60_999));
        assert!(pulse.is_late(61_000));
        pulse.probed(Outcome::Refused);
        assert_eq!((pulse.wait(60_999), pulse.wait(61_000)), (Some(50), Some(2000)));
        pulse.probed(Outcome::Good);
        pulse.probed(Outcome::Good);
        assert!(!pulse.is_late(100_000));
    }
}
