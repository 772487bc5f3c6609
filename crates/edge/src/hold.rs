//! Requests that wait because no target is ready: bounded in time and number.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::target::{UpstreamState, Waiting};

/// One request's wait. It may be interrupted and go on, within one allowance of time.
#[derive(Default)]
pub(crate) struct Hold {
    deadline: Option<Instant>,
    waiting: Option<Waiting>,
}

/// No target became ready in time, or too many wait already.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Over;

impl Hold {
    /// Whether this request had to wait so far.
    pub(crate) fn begun(&self) -> bool {
        self.deadline.is_some()
    }

    /// Waits until something changed at `upstream`; `ready` tells whether it has changed already.
    pub(crate) async fn wait(
        &mut self,
        upstream: &Arc<UpstreamState>,
        within: Duration,
        most: u32,
        ready: impl FnOnce() -> bool,
    ) -> Result<(), Over> {
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + within);
        if Instant::now() >= deadline {
            return Err(Over);
        }
        if self.waiting.is_none() {
            self.waiting = Some(upstream.wait(most).ok_or(Over)?);
        }
        let mut news = std::pin::pin!(upstream.ready.notified());
        // Enlisted before the last look, no news between the look and the wait is missed.
        news.as_mut().enable();
        if ready() {
            return Ok(());
        }
        timeout_at(deadline, news).await.map_err(|_| Over)
    }

    /// The request goes on; the next one may wait in its place.
    pub(crate) fn end(&mut self) {
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_wait_is_bounded_in_time_over_all_its_parts() {
        let upstream = Arc::new(UpstreamState::default());
        let mut hold = Hold::default();
        let began = Instant::now();
        let within = Duration::from_millis(300);
        let telling = async {
            tokio::time::sleep(within / 2).await;
            upstream.ready.notify_waiters();
        };
        let (first, ()) = tokio::join!(hold.wait(&upstream, within, 1, || false), telling);
        assert_eq!(first, Ok(()));
        assert_eq!(hold.wait(&upstream, within, 1, || false).await, Err(Over));
        // The second part had only what the first had left; a fresh allowance would have ended at one and a half.
        assert!(
            began.elapsed() >= within && began.elapsed() < within * 3 / 2,
            "{:?}",
            began.elapsed()
        );
    }

    #[tokio::test]
    async fn no_more_wait_than_allowed_and_a_place_is_given_back() {
        let upstream = Arc::new(UpstreamState::default());
        let within = Duration::from_secs(5);
        let (mut first, mut second) = (Hold::default(), Hold::default());
        first.wait(&upstream, within, 1, || true).await.unwrap();
        assert_eq!(second.wait(&upstream, within, 1, || true).await, Err(Over));
        assert_eq!(upstream.held(), 1);
        first.end();
        second.wait(&upstream, within, 1, || true).await.unwrap();
        drop(second);
        assert_eq!(upstream.held(), 0);
    }

    #[tokio::test]
    async fn without_an_allowance_there_is_no_wait() {
        let upstream = Arc::new(UpstreamState::default());
        assert_eq!(
            Hold::default().wait(&upstream, Duration::ZERO, 10, || true).await,
            Err(Over)
        );
    }
}
