//! Open-loop load through the edge: half of it for the page, half for the api.

use std::time::Duration;

use http::StatusCode;
use seaworthy_load::{Plan, Running};

use crate::failure::Failure;

/// How long a request may take before it counts as lost.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The load under way.
#[derive(Debug)]
pub(super) struct Traffic {
    loads: Vec<Running>,
}

/// What the load has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Measured {
    /// Requests that ended.
    pub(super) requests: u64,
    /// Those without a good answer from a good version.
    pub(super) failed: u64,
    /// The longest time between two good answers on either route.
    pub(super) longest_gap_ms: u64,
}

impl Traffic {
    /// Sends this many requests per second, until stopped.
    pub(super) fn start(page: &str, rate: u32) -> Result<Self, Failure> {
        let plans: Result<Vec<Plan>, _> = ["", "api/state"]
            .into_iter()
            .map(|path| Plan::get(&format!("{page}{path}"), f64::from(rate) / 2.0))
            .collect();
        let plans = plans.map_err(|error| Failure::Usage {
            cause: error.to_string(),
            remedy: "give another rate".into(),
        })?;
        let good = |answer: &seaworthy_load::Answer| {
            answer.status == StatusCode::OK && !answer.headers.contains_key("x-demo-fault") && !answer.body.is_empty()
        };
        let start = |plan: Plan| Running::start(plan.timeout(TIMEOUT).good_when(good));
        Ok(Self {
            loads: plans.into_iter().map(start).collect(),
        })
    }

    /// What has been seen until now.
    pub(super) fn so_far(&self) -> Measured {
        self.loads
            .iter()
            .map(Running::snapshot)
            .fold(Measured::default(), |sum, load| sum.with(&load))
    }

    /// Sends nothing more and waits for the last answer.
    pub(super) async fn stop(self) -> Measured {
        let mut measured = Measured::default();
        for load in self.loads {
            measured = measured.with(&load.stop().await);
        }
        measured
    }
}

impl Measured {
    fn with(self, load: &seaworthy_load::Summary) -> Self {
        Self {
            requests: self.requests + load.total,
            failed: self.failed + load.failed.total(),
            longest_gap_ms: self.longest_gap_ms.max(load.longest_gap_ms),
        }
    }
}
