//! Whether a target gets requests: the decision, without clock and sockets.

/// What was seen of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A probe or a request went well.
    Good(Source),
    /// Nobody listens at its address. There is nothing to wait for: it is ejected at once.
    Refused,
    /// A probe or a request went wrong in another way.
    Bad,
}

/// Who saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The prober.
    Probe,
    /// A request of a client. It clears the count of bad ones but does not bring an ejected target back: only probes do.
    Request,
}

/// How many of what in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Good probes until an ejected target returns.
    pub(crate) passes: u32,
    /// Bad ones until it is ejected.
    pub(crate) fails: u32,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// It gets nothing from now on.
    Ejected,
    /// It gets requests (again).
    Returned,
}

/// What is known of one life of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Health {
    routable: bool,
    /// Whether it ever was.
    proven: bool,
    good: u32,
    bad: u32,
}

impl Health {
    /// A target that was verified before it came here is routable; another must pass its probes first.
    pub(crate) fn new(verified: bool) -> Self {
        Self {
            routable: verified,
            proven: verified,
            good: 0,
            bad: 0,
        }
    }

    /// Whether it gets requests.
    pub(crate) fn routable(&self) -> bool {
        self.routable
    }

    /// Whether it ever got requests.
    pub(crate) fn proven(&self) -> bool {
        self.proven
    }

    /// Takes up what was seen and says what follows.
    pub(crate) fn see(&mut self, seen: Seen, limits: Limits) -> Option<Change> {
        match seen {
            Seen::Good(source) => {
                self.bad = 0;
                if self.routable || source == Source::Request {
                    return None;
                }
                self.good += 1;
                (self.good >= limits.passes.max(1)).then(|| {
                    (self.routable, self.proven, self.good) = (true, true, 0);
                    Change::Returned
                })
            }
            Seen::Refused | Seen::Bad => {
                self.good = 0;
                self.bad = self.bad.saturating_add(1);
                let over = seen == Seen::Refused || self.bad >= limits.fails.max(1);
                (self.routable && over).then(|| {
                    (self.routable, self.bad) = (false, 0);
                    Change::Ejected
                })
            }
        }
    }

    /// Another authority than the edge's own probes vouches for it.
    pub(crate) fn vouch(&mut self) -> Option<Change> {
        if self.proven {
            return None;
        }
        (self.routable, self.proven, self.good, self.bad) = (true, true, 0, 0);
        Some(Change::Returned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { passes: 2, fails: 3 };
    const PROBED: Seen = Seen::Good(Source::Probe);
    const SERVED: Seen = Seen::Good(Source::Request);

    #[test]
    fn only_failures_in_a_row_eject() {
        let mut health = Health::new(true);
        for _ in 0..10 {
            assert_eq!(health.see(Seen::Bad, LIMITS), None);
            assert_eq!(health.see(Seen::Bad, LIMITS), None);
            assert_eq!(health.see(SERVED, LIMITS), None);
        }
        assert_eq!(health.see(Seen::Bad, LIMITS), None);
        assert_eq!(health.see(Seen::Bad, LIMITS), None);
        assert_eq!(health.see(Seen::Bad, LIMITS), Some(Change::Ejected));
        assert_eq!(health.see(Seen::Bad, LIMITS), None);
    }

    #[test]
    fn refusal_ejects_at_once_and_probes_in_a_row_bring_it_back() {
        let mut health = Health::new(true);
        assert_eq!(health.see(Seen::Refused, LIMITS), Some(Change::Ejected));
        assert_eq!(health.see(PROBED, LIMITS), None);
        assert_eq!(health.see(Seen::Bad, LIMITS), None);
        assert_eq!(health.see(PROBED, LIMITS), None);
        // A late answer to a request from before does not count as a probe.
        assert_eq!(health.see(SERVED, LIMITS), None);
        assert_eq!(health.see(PROBED, LIMITS), Some(Change::Returned));
        assert!(health.routable());
    }

    #[test]
    fn an_unverified_target_waits_for_its_probes_or_for_somebody_who_vouches() {
        let mut health = Health::new(false);
        assert!(!health.routable() && !health.proven());
        assert_eq!(health.vouch(), Some(Change::Returned));
        assert_eq!(health.see(Seen::Refused, LIMITS), Some(Change::Ejected));
        assert_eq!(health.vouch(), None, "what was ejected returns by its own probes only");
    }
}
