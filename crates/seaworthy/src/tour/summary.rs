//! What the tour measured.

use std::time::Duration;

use serde::Serialize;

use crate::reporter::duration;
use crate::reporter::paint::Paint;

/// The longest time without an answer that a release may cause, milliseconds.
const LONGEST_GAP_MS: u64 = 250;

/// The line that `seaworthy demo --once --json` ends with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Summary {
    /// Version of this document.
    pub(super) version: u32,
    /// Requests that were answered or lost.
    pub(super) requests: u64,
    /// Those that did not get a good answer from a good version.
    pub(super) failed: u64,
    /// Those that the edge let wait until an instance was ready.
    pub(super) held: u64,
    /// The longest time between two good answers.
    pub(super) longest_gap_ms: u64,
    /// The good version.
    pub(super) good: Good,
    /// The bad ones.
    pub(super) bad: Vec<Bad>,
    /// Where to look.
    pub(super) urls: Urls,
}

/// How the good version's release went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Good {
    pub(super) outcome: String,
    pub(super) seconds: f64,
}

/// How a bad version's release went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Bad {
    pub(super) fault: String,
    pub(super) outcome: String,
}

/// Where to look.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Urls {
    pub(super) page: String,
}

impl Bad {
    /// The outcome that a fault must have.
    fn wanted(&self) -> &'static str {
        match self.fault.as_str() {
            super::file::NEVER_READY => "failed_before_traffic",
            _ => "rolled_back",
        }
    }
}

impl Summary {
    /// Whether everything went as it must: nothing failed, the good version is in, the bad ones are out.
    pub(super) fn as_promised(&self) -> bool {
        self.requests > 0
            && self.failed == 0
            && self.good.outcome == "succeeded"
            && self.bad.iter().all(|bad| bad.outcome == bad.wanted())
    }

    /// The same for a person.
    pub(super) fn render(&self, paint: Paint) -> String {
        let mark = |fine: bool| if fine { paint.good("✓") } else { paint.bad("✗") };
        let gap = duration::short(Duration::from_millis(self.longest_gap_ms));
        let mut text = format!(
            "{} {} requests, {} failed, {} held; longest gap between two answers {gap}\n",
            mark(self.failed == 0 && self.longest_gap_ms <= LONGEST_GAP_MS),
            self.requests,
            self.failed,
            self.held,
        );
        let good = &self.good;
        let succeeded = good.outcome == "succeeded";
        let words = |outcome: &str| outcome.replace('_', " ");
        let (outcome, seconds) = (words(&good.outcome), good.seconds);
        text.push_str(&format!(
            "{} the good version {outcome} in {seconds:.1} s\n",
            mark(succeeded)
        ));
        for bad in &self.bad {
            let (fine, outcome) = (bad.outcome == bad.wanted(), words(&bad.outcome));
            text.push_str(&format!(
                "{} the bad version ({}) {outcome}\n",
                mark(fine),
                words(&bad.fault)
            ));
        }
        text
    }
}

/// The sum of the edge's counter of held requests in a Prometheus exposition.
pub(super) fn held(exposition: &str) -> u64 {
    let samples = exposition
        .lines()
        .filter_map(|line| line.strip_prefix("seaworthy_edge_held_total"));
    let values = samples
        .filter(|rest| rest.starts_with(['{', ' ']))
        .filter_map(|rest| rest.rsplit(' ').next());
    values.filter_map(|value| value.parse::<f64>().ok()).sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sample() -> Summary {
        Summary {
            version: 1,
            requests: 4000,
            failed: 0,
            held: 0,
            longest_gap_ms: 31,
            good: Good {
                outcome: "succeeded".into(),
                seconds: 6.5,
            },
            bad: vec![Bad {
                fault: "never_ready".into(),
                outcome: "failed_before_traffic".into(),
            }],
            urls: Urls {
                page: "http://127.0.0.1:4000/".into(),
            },
        }
    }

    #[test]
    fn the_line_is_the_one_of_the_manual() {
        let expected = concat!(
            r#"{"version":1,"requests":4000,"failed":0,"held":0,"longest_gap_ms":31,"#,
            r#""good":{"outcome":"succeeded","seconds":6.5},"#,
            r#""bad":[{"fault":"never_ready","outcome":"failed_before_traffic"}],"#,
            r#""urls":{"page":"http://127.0.0.1:4000/"}}"#
        );
        assert_eq!(serde_json::to_string(&sample()).unwrap(), expected);
    }

    #[test]
    fn any_broken_promise_is_a_failure() {
        assert!(sample().as_promised());
        assert!(!Summary { failed: 1, ..sample() }.as_promised());
        assert!(
            !Summary {
                requests: 0,
                ..sample()
            }
            .as_promised(),
            "no traffic proves nothing"
        );
        let outcome = "rolled_back".to_owned();
        assert!(
            !Summary {
                good: Good {
                    outcome: outcome.clone(),
                    seconds: 1.0
                },
                ..sample()
            }
            .as_promised()
        );
        let fault = "never_ready".to_owned();
        assert!(
            !Summary {
                bad: vec![Bad { fault, outcome }],
                ..sample()
            }
            .as_promised()
        );
    }

    #[test]
    fn held_requests_are_summed_over_routes() {
        let exposition = "# TYPE seaworthy_edge_held_total counter\n\
                          seaworthy_edge_held_total{route=\"a b\"} 3\nseaworthy_edge_held_total 4\n\
                          seaworthy_edge_held_total_other 100\n";
        assert_eq!(held(exposition), 7);
        assert_eq!(held(""), 0);
    }
}
