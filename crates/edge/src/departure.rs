//! When the WebSockets of a draining target are closed: spread over its time, because all their clients come back at once.

use std::cell::Cell;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long the ends may take to part once they were told to.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// The departure of one worker's WebSockets from one target.
#[derive(Debug, Default)]
pub(crate) struct Departure {
    plan: Cell<Option<Plan>>,
    /// How many are open.
    aboard: Cell<u32>,
    /// How many have been given their turn by the plan.
    given: Cell<u32>,
    /// Told when there is another plan, or none any more.
    news: Notify,
}

/// Who goes when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    since: Instant,
    within: Duration,
    /// How many are to go; not 0.
    count: u32,
}

impl Plan {
    /// When the one with this number is told. The last one still has [`GRACE`] before the end, where there is time for it.
    fn turn(self, number: u32) -> Instant {
        // Whoever came later than the plan is dealt with as if it were another round.
        let share = f64::from(number % self.count) / f64::from(self.count);
        self.since + self.within.saturating_sub(GRACE).mul_f64(share)
    }

    /// When none is left.
    fn end(self) -> Instant {
        self.since + self.within.max(GRACE)
    }
}

/// Counts one WebSocket while it lives.
#[derive(Debug)]
pub(crate) struct Aboard<'a>(&'a Departure);

impl Drop for Aboard<'_> {
    fn drop(&mut self) {
        self.0.aboard.set(self.0.aboard.get() - 1);
    }
}

impl Departure {
    /// The target is draining, and its WebSockets are to be closed within this time since that began; `None`: it is not.
    pub(crate) fn set(&self, within: Option<Duration>, now: Instant) {
        let before = self.plan.get();
        if before.map(|plan| plan.within) == within {
            return;
        }
        self.plan.set(within.map(|within| Plan {
            since: before.map_or(now, |plan| plan.since),
            within,
            count: self.aboard.get().max(1),
        }));
        self.given.set(0);
        self.news.notify_waiters();
    }

    /// One more is open.
    pub(crate) fn board(&self) -> Aboard<'_> {
        self.aboard.set(self.aboard.get() + 1);
        Aboard(self)
    }

    /// Waits until it is the caller's turn to be told.
    pub(crate) async fn turn(&self) {
        let number = || self.given.replace(self.given.get().wrapping_add(1));
        self.reached(|plan| plan.turn(number())).await;
    }

    /// Waits until the time of all is over.
    pub(crate) async fn over(&self) {
        self.reached(Plan::end).await;
    }

    async fn reached(&self, moment: impl Fn(Plan) -> Instant) {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            // Enlisted before the look, no news between the look and the wait is missed.
            news.as_mut().enable();
            match self.plan.get() {
                None => news.await,
                Some(plan) => tokio::select! {
                    () = sleep_until(moment(plan)) => return,
                    () = news => {}
                },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn turns_are_spread_and_leave_time_to_part() {
        let since = Instant::now();
        let plan = Plan {
            since,
            within: Duration::from_secs(11),
            count: 4,
        };
        let turns: Vec<f64> = (0..5).map(|number| (plan.turn(number) - since).as_secs_f64()).collect();
        assert_eq!(turns, [0.0, 2.5, 5.0, 7.5, 0.0]);
        assert_eq!(plan.end() - since, Duration::from_secs(11));
        let at_once = Plan {
            within: Duration::ZERO,
            ..plan
        };
        assert_eq!(
            (at_once.turn(3) - since, at_once.end() - since),
            (Duration::ZERO, GRACE)
        );
    }

    #[tokio::test]
    async fn a_target_that_is_kept_after_all_keeps_its_websockets() {
        let departure = Departure::default();
        let _aboard = (departure.board(), departure.board());
        let (mut first, mut second) = (Box::pin(departure.turn()), Box::pin(departure.turn()));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        departure.set(Some(Duration::from_secs(3600)), Instant::now());
        first.await;
        assert!((&mut second).now_or_never().is_none(), "half an hour to go");
        departure.set(None, Instant::now());
        assert!((&mut second).now_or_never().is_none());
        // With another plan it counts anew, from now on.
        departure.set(Some(Duration::ZERO), Instant::now());
        second.await;
    }
}
