//! What a release under way waits for, in one line.

use seaworthy_api::{Hold, Release};

/// What a release waits for at `now_ms`, milliseconds since the epoch; none when it has ended. `held`: for an answer.
pub(super) fn waits_for(release: &Release, held: bool, now_ms: u64) -> Option<String> {
    if release.outcome.is_some() {
        return None;
    }
    if let Some(step) = release.steps.iter().rev().find(|step| step.ended_ms.is_none()) {
        return Some(format!("the end of step {}: {}", step.number, step.what));
    }
    if release.phase == "queued" {
        return Some("its turn".to_owned());
    }
    if let Some(reason) = release.reason.as_ref().filter(|_| held) {
        return Some(format!("a person's answer: {}", reason.cause));
    }
    if let Some(asked) = release.approvals.iter().find(|asked| asked.given_ms.is_none()) {
        return Some(format!(
            "approval before {} % (seaworthy approve {})",
            asked.before, release.id
        ));
    }
    let hold = release.holds.iter().rev().find(|hold| hold.ended_ms.is_none())?;
    Some(match paused_by(release) {
        Some(by) => format!(
            "somebody to let it go on; {by} paused it at {} % (seaworthy resume {})",
            hold.percent, release.id
        ),
        None => end_of(hold, release, now_ms),
    })
}

/// Who paused it, if nobody has let it go on since.
fn paused_by(release: &Release) -> Option<&str> {
    let mut steered = release.steered.iter().rev();
    let last = steered.find(|steering| matches!(steering.what.as_str(), "paused" | "resumed"))?;
    (last.what == "paused").then_some(last.by.as_str())
}

fn end_of(hold: &Hold, release: &Release, now_ms: u64) -> String {
    let what = match hold.phase.as_str() {
        "baking" => "the end of the bake".to_owned(),
        _ => format!("the end of the hold at {} %", hold.percent),
    };
    let left = hold.until_ms.unwrap_or(now_ms).saturating_sub(now_ms);
    if left > 0 {
        return format!("{what}, {} s more", left.div_ceil(1000));
    }
    // Its time is over, so a gate is what keeps it: the newest judgement of each names those that have not passed.
    let newest = release.gates.last().map_or(0, |gate| gate.at_ms);
    let open: Vec<&str> = release
        .gates
        .iter()
        .filter(|gate| gate.at_ms == newest && gate.verdict != "pass")
        .map(|gate| gate.gate.as_str())
        .collect();
    match open.is_empty() {
        true => what,
        false => format!("{what}, for which {} must pass", open.join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use seaworthy_api::{Approval, Measurement, Steering};

    use super::*;

    fn holding() -> Release {
        let text = r#"{"version":1,"id":"r2","app":"shop","environment":"production","kind":"release","strategy":"canary",
            "from":"a","to":"b","phase":"holding","outcome":null,"reason":null,"by":"root","commit":null,"asked_ms":1,
            "ended_ms":null,"steps":[],"gates":[],"notes":[],
            "holds":[{"phase":"holding","percent":10,"began_ms":1000,"until_ms":31000,"ended_ms":null}]}"#;
        serde_json::from_str(text).unwrap()
    }

    fn waits(change: impl FnOnce(&mut Release), now_ms: u64) -> Option<String> {
        let mut release = holding();
        change(&mut release);
        waits_for(&release, false, now_ms)
    }

    #[test]
    fn a_hold_says_how_long_it_lasts_and_then_which_gate_keeps_it() {
        let text = |seen: Option<String>| seen.unwrap();
        assert_eq!(text(waits(|_| {}, 19_500)), "the end of the hold at 10 %, 12 s more");
        let gate = |name: &str, at_ms, verdict: &str| Measurement {
            at_ms,
            gate: name.into(),
            value: None,
            threshold: Some(5.0),
            sample: 3,
            verdict: verdict.into(),
        };
        let seen = waits(
            |release| {
                release.gates = vec![
                    gate("errors", 30_000, "inconclusive"),
                    gate("errors", 31_000, "pass"),
                    gate("p95", 31_000, "inconclusive"),
                ];
            },
            32_000,
        );
        assert_eq!(text(seen), "the end of the hold at 10 %, for which p95 must pass");
    }

    #[test]
    fn a_person_is_named_with_the_command_that_is_waited_for() {
        let approval = Approval {
            before: 50,
            asked_ms: 2000,
            given_ms: None,
            by: None,
        };
        let seen = waits(|release| release.approvals.push(approval.clone()), 2500);
        assert_eq!(seen.as_deref(), Some("approval before 50 % (seaworthy approve r2)"));
        let steering = |what: &str| Steering {
            at_ms: 2000,
            by: "ada".into(),
            what: what.into(),
        };
        let paused = waits(|release| release.steered.push(steering("paused")), 2500);
        assert_eq!(
            paused.as_deref(),
            Some("somebody to let it go on; ada paused it at 10 % (seaworthy resume r2)")
        );
        let resumed = waits(
            |release| release.steered.extend([steering("paused"), steering("resumed")]),
            30_500,
        );
        assert_eq!(resumed.as_deref(), Some("the end of the hold at 10 %, 1 s more"));
    }

    #[test]
    fn what_has_ended_waits_for_nothing() {
        assert_eq!(waits(|release| release.outcome = Some("succeeded".into()), 2000), None);
    }

    #[test]
    fn a_reason_to_go_back_is_a_question_only_when_it_is_held() {
        let mut release = holding();
        release.phase = "reverting".into();
        release.holds[0].ended_ms = Some(1500);
        release.reason = Some(seaworthy_api::Reason {
            kind: "edge".into(),
            cause: "the edge does not answer".into(),
            remedy: String::new(),
            last_lines: Vec::new(),
        });
        assert_eq!(waits_for(&release, false, 2000), None);
        let held = waits_for(&release, true, 2000);
        assert_eq!(held.as_deref(), Some("a person's answer: the edge does not answer"));
    }
}
