//! What the tour measured.

use std::time::Duration;

use seaworthy_api::{Release, Step};
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
    /// The share of the requests during its release that met it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exposed_percent: Option<f64>,
    /// From the gate's failing measurement until the stable side had all traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detect_to_stable_ms: Option<u64>,
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

    /// How far it came, as far as it came.
    fn reach(&self) -> String {
        let exposed = self
            .exposed_percent
            .map(|share| format!("; {share:.1} % of the requests met it"));
        let back = self.detect_to_stable_ms.map(|ms| {
            let took = duration::short(Duration::from_millis(ms));
            format!("; {took} from the verdict to all traffic on the version before it")
        });
        [exposed, back].into_iter().flatten().collect()
    }
}

/// How long it took from the failing verdict until the edge gave nothing to any side that this release had brought,
/// milliseconds. A step back that moves only some services does not count.
pub(super) fn detect_to_stable_ms(release: &Release) -> Option<u64> {
    let failed = release.gates.iter().find(|gate| gate.verdict == "fail")?;
    let (back, there): (Vec<&Step>, Vec<&Step>) = release.steps.iter().partition(|step| step.phase == "reverting");
    let brought: Vec<&str> = there
        .iter()
        .filter_map(|step| step.what.strip_prefix("bring ")?.split(' ').next())
        .collect();
    let all_stable = |step: &&&Step| {
        let shares = step.what.strip_prefix("route ");
        shares.is_some_and(|shares| !shares.split(' ').any(|side| brought.contains(&side)))
    };
    let stable = back
        .iter()
        .filter(|step| step.result.as_deref() == Some("done"))
        .find(all_stable)?;
    Some(stable.ended_ms?.saturating_sub(failed.at_ms))
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
                "{} the bad version ({}) {outcome}{}\n",
                mark(fine),
                words(&bad.fault),
                bad.reach(),
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
            bad: vec![
                Bad {
                    fault: "never_ready".into(),
                    outcome: "failed_before_traffic".into(),
                    exposed_percent: None,
                    detect_to_stable_ms: None,
                },
                Bad {
                    fault: "errors".into(),
                    outcome: "rolled_back".into(),
                    exposed_percent: Some(1.94),
                    detect_to_stable_ms: Some(62),
                },
            ],
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
            r#""bad":[{"fault":"never_ready","outcome":"failed_before_traffic"},"#,
            r#"{"fault":"errors","outcome":"rolled_back","exposed_percent":1.94,"detect_to_stable_ms":62}],"#,
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
                good: Good { outcome, seconds: 1.0 },
                ..sample()
            }
            .as_promised()
        );
        for number in 0..2 {
            let mut broken = sample();
            broken.bad[number].outcome = "succeeded".into();
            assert!(!broken.as_promised(), "{number}");
        }
    }

    #[test]
    fn a_person_reads_how_far_a_bad_version_came() {
        let text = sample().render(Paint::new(false));
        let told = "✓ the bad version (errors) rolled back; 1.9 % of the requests met it; \
                    62 ms from the verdict to all traffic on the version before it\n";
        assert!(text.contains(told), "{text}");
        assert!(text.contains("(never ready) failed before traffic\n"), "{text}");
    }

    #[test]
    fn back_means_that_no_service_has_traffic_on_the_new_side() {
        let step = |phase: &str, what: &str, ended_ms| {
            format!(
                r#"{{"number":1,"phase":"{phase}","what":"{what}","began_ms":1,"ended_ms":{ended_ms},"result":"done","detail":null}}"#
            )
        };
        let steps = [
            step("starting", "bring web@new to 1", 10),
            step("starting", "bring api@new to 1", 20),
            step(
                "shifting",
                "route api@new 10 %, api@old 90 %, web@new 10 %, web@old 90 %",
                30,
            ),
            step("reverting", "route api@new 33 %, api@old 66 %, web@old 100 %", 1100),
            step("reverting", "route api@old 100 %, web@old 100 %", 1150),
            step("reverting", "route api@old 100 %, web@old 100 %", 1900),
        ];
        let gate = |verdict: &str, at_ms| {
            format!(r#"{{"at_ms":{at_ms},"gate":"g","value":40,"threshold":5,"sample":9,"verdict":"{verdict}"}}"#)
        };
        let release = |gates: &[String]| -> Release {
            serde_json::from_str(&format!(
                r#"{{"version":1,"id":"r4","app":"demo","environment":"production","kind":"release","strategy":"canary",
                "from":"a","to":"b","phase":"reverting","outcome":"rolled_back","reason":null,"by":"root","commit":null,
                "asked_ms":1,"ended_ms":2000,"steps":[{}],"gates":[{}],"notes":[]}}"#,
                steps.join(","),
                gates.join(",")
            ))
            .unwrap()
        };
        let failing = release(&[gate("inconclusive", 800), gate("fail", 1000)]);
        assert_eq!(detect_to_stable_ms(&failing), Some(150));
        assert_eq!(detect_to_stable_ms(&release(&[gate("pass", 1000)])), None);
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
