//! Open-loop load through the edge: half of it for the page, half for the api.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use seaworthy_load::{Plan, ReleaseCount, Running};

use crate::failure::Failure;

/// How long a request may take before it counts as lost.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The load under way.
#[derive(Debug)]
pub(super) struct Traffic {
    loads: Vec<Running>,
}

/// What the load has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Measured {
    /// Requests that ended.
    pub(super) requests: u64,
    /// Those without a good answer from a good version.
    without: u64,
    /// The longest time between two good answers on either route.
    pub(super) longest_gap_ms: u64,
    /// Answers by the release that gave them.
    by_release: BTreeMap<String, ReleaseCount>,
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
    fn with(mut self, load: &seaworthy_load::Summary) -> Self {
        for (release, count) in &load.by_release {
            let sum = self.by_release.entry(release.clone()).or_default();
            sum.good += count.good;
            sum.bad += count.bad;
        }
        Self {
            requests: self.requests + load.total,
            without: self.without + load.failed.total(),
            longest_gap_ms: self.longest_gap_ms.max(load.longest_gap_ms),
            by_release: self.by_release,
        }
    }

    /// Requests without a good answer, but for those that a bad version answered: they are told as its exposure.
    pub(super) fn failed(&self, bad: &[String]) -> u64 {
        let answered = bad.iter().filter_map(|release| self.by_release.get(release));
        self.without.saturating_sub(answered.map(|count| count.bad).sum())
    }

    /// The share of all requests since `before` that a release answered, percent.
    pub(super) fn exposed_percent(&self, before: &Self, release: &str) -> f64 {
        let met = |measured: &Self| {
            let count = measured.by_release.get(release);
            count.map_or(0, |count| count.good + count.bad)
        };
        let all = self.requests.saturating_sub(before.requests).max(1);
        let met = met(self).saturating_sub(met(before));
        (met as f64 * 10_000.0 / all as f64).round() / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(requests: u64, without: u64, bad: u64) -> Measured {
        let count = |good, bad| ReleaseCount { good, bad };
        Measured {
            requests,
            without,
            by_release: BTreeMap::from([
                ("r2".to_owned(), count(requests - without, 0)),
                ("r4".to_owned(), count(0, bad)),
            ]),
            ..Measured::default()
        }
    }

    #[test]
    fn the_answers_of_a_bad_version_are_its_exposure_and_nothing_else_is() {
        let (before, after) = (measured(100, 0, 0), measured(1100, 13, 12));
        assert_eq!(after.failed(&["r4".to_owned()]), 1, "one was lost");
        assert_eq!(after.failed(&[]), 13, "no version is bad unless it was shipped as one");
        assert_eq!(after.exposed_percent(&before, "r4"), 1.2);
        assert_eq!(after.exposed_percent(&before, "r5"), 0.0);
        assert_eq!(before.exposed_percent(&before, "r4"), 0.0, "no request, no exposure");
    }
}
