//! Open-loop load beside a test, on a thread of its own.

use std::time::Duration;

use seaworthy_load::{Plan, Running, Summary};
use tokio::runtime::Runtime;

use super::wait;

/// A load under way.
pub(crate) struct Traffic {
    runtime: Runtime,
    load: Running,
}

impl Traffic {
    pub(super) fn start(url: &str, rate: f64) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let plan = Plan::get(url, rate)
            .unwrap()
            .good_when(|answer| answer.status.is_success());
        let load = runtime.block_on(async { Running::start(plan) });
        Self { runtime, load }
    }

    /// Waits for so many more good answers.
    #[track_caller]
    pub(crate) fn flows(&self, more: u64) {
        let wanted = self.load.snapshot().good + more;
        let flowed = wait::until(Duration::from_secs(30), || self.load.snapshot().good >= wanted);
        assert!(
            flowed,
            "waited 30 s for {more} good answers: {:?}",
            self.load.snapshot()
        );
    }

    /// Ends it.
    pub(crate) fn stop(self) -> Summary {
        self.runtime.block_on(self.load.stop())
    }

    /// Ends it. Not one request may have been lost.
    #[track_caller]
    pub(crate) fn lost_nothing(self) -> Summary {
        let summary = self.stop();
        assert_eq!(summary.failed.total(), 0, "{summary:#?}");
        assert_eq!(summary.good, summary.scheduled, "{summary:#?}");
        summary
    }
}
