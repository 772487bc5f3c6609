//! Releases: the history, one in full, and how one ended.

use seaworthy_api::{Reason, Release, Step};

use super::paint::Paint;
use super::plan::short;
use super::table::Table;
use super::{duration, gates, progress, sides};

/// The history, newest first.
pub(crate) fn history(releases: &[Release], now_ms: u64, paint: Paint) -> String {
    if releases.is_empty() {
        return "no release yet; `seaworthy up` makes the first\n".to_owned();
    }
    let mut table = Table::new(["RELEASE", "OUTCOME", "KIND", "ASKED", "TOOK", "BY", "COMMIT", "REASON"]);
    for release in releases {
        let outcome = release.outcome.as_deref().unwrap_or(&release.phase);
        table.row([
            release.id.clone(),
            paint.state(outcome),
            kind(release),
            duration::local(release.asked_ms),
            release.ended_ms.map_or_else(
                || paint.dim(&format!("{} so far", duration::between(release.asked_ms, now_ms))),
                |ended| duration::between(release.asked_ms, ended),
            ),
            release.by.clone(),
            release.commit.as_ref().map(commit).unwrap_or_default(),
            release
                .reason
                .as_ref()
                .map(|reason| paint.dim(&reason.kind))
                .unwrap_or_default(),
        ]);
    }
    table.render(paint)
}

/// Everything that is known of one release.
pub(crate) fn full(release: &Release, now_ms: u64, paint: Paint) -> String {
    let mut text = format!(
        "{} · {} · {}\n\n",
        paint.bold(&release.id),
        release.app,
        release.environment
    );
    let mut facts = Table::new(["", ""]);
    let mut fact = |name: &str, value: String| facts.row([paint.dim(name), value]);
    match &release.outcome {
        Some(outcome) => fact("outcome", paint.state(outcome)),
        None => fact("phase", paint.state(&release.phase)),
    }
    fact("kind", kind(release));
    let from = release.from.as_deref().map_or("nothing", short);
    fact("revision", format!("{from} → {}", short(&release.to)));
    fact(
        "asked",
        format!("{} by {}", duration::local(release.asked_ms), release.by),
    );
    if let Some(of) = &release.commit {
        fact("commit", commit(of));
    }
    let until = release.ended_ms.unwrap_or(now_ms);
    fact("took", duration::between(release.asked_ms, until));
    text.push_str(&facts.render(paint));
    if !release.steps.is_empty() {
        let mut table = Table::new(["STEP", "BEGAN", "TOOK", "PHASE", "WHAT", "OBSERVED"]);
        for step in &release.steps {
            table.row(row(step, now_ms, paint));
        }
        text.push('\n');
        text.push_str(&table.render(paint));
    }
    let people = people(release, now_ms, paint);
    for part in [gates::table(release, paint), people] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    if let Some(reason) = &release.reason {
        text.push('\n');
        text.push_str(&why(reason, paint));
    }
    if !release.notes.is_empty() {
        text.push_str(&format!("\n{}\n", paint.bold("Notes")));
        text.extend(release.notes.iter().map(|note| format!("  {note}\n")));
    }
    text
}

fn row(step: &Step, now_ms: u64, paint: Paint) -> [String; 6] {
    let took = match (step.began_ms, step.ended_ms) {
        (Some(began), Some(ended)) => duration::between(began, ended),
        (Some(began), None) => format!("{} so far", duration::between(began, now_ms)),
        (None, _) => String::new(),
    };
    [
        format!("{} {:>2}", progress::mark(step.result.as_deref(), paint), step.number),
        step.began_ms
            .map(|began| paint.dim(&duration::clock(began)))
            .unwrap_or_default(),
        took,
        step.phase.clone(),
        sides::short(&step.what),
        step.detail
            .as_deref()
            .map(|detail| paint.dim(detail))
            .unwrap_or_default(),
    ]
}

/// What people did, and where their word was waited for. Empty when the release needed nobody.
fn people(release: &Release, now_ms: u64, paint: Paint) -> String {
    let mut rows: Vec<(u64, String, String)> = Vec::new();
    for asked in &release.approvals {
        let waited = duration::between(asked.asked_ms, asked.given_ms.or(release.ended_ms).unwrap_or(now_ms));
        let what = match &asked.by {
            Some(by) => format!(
                "approval needed before {} %, given by {by} after {waited}",
                asked.before
            ),
            None => format!("approval needed before {} %, not given in {waited}", asked.before),
        };
        rows.push((asked.asked_ms, String::new(), what));
    }
    let steered = release.steered.iter();
    rows.extend(steered.map(|steering| (steering.at_ms, steering.by.clone(), steering.what.clone())));
    rows.sort_by_key(|(at, _, _)| *at);
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new(["AT", "WHO", "WHAT"]);
    for (at, who, what) in rows {
        table.row([paint.dim(&duration::clock(at)), who, what]);
    }
    table.render(paint)
}

fn kind(release: &Release) -> String {
    match (release.kind.as_str(), release.strategy.as_str()) {
        ("release", strategy) => strategy.replace('_', "-"),
        (kind, _) => kind.to_owned(),
    }
}

fn commit(commit: &seaworthy_api::Commit) -> String {
    let id = commit.id.get(..10).unwrap_or(&commit.id);
    match commit.dirty {
        true => format!("{id} + changes"),
        false => id.to_owned(),
    }
}

/// Why a release ended as it did, with the last lines of what failed.
pub(crate) fn why(reason: &Reason, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.bad(&format!("{}:", reason.kind)), reason.cause);
    text.extend(
        reason
            .last_lines
            .iter()
            .map(|line| format!("  {} {line}\n", paint.dim("│"))),
    );
    if !reason.remedy.is_empty() {
        text.push_str(&format!("  {} {}\n", paint.dim("→"), reason.remedy));
    }
    text
}

/// How it ended, for whoever followed it.
pub(crate) fn ending(release: &Release, urls: &[String], paint: Paint) -> String {
    let took = release
        .ended_ms
        .map(|ended| format!(" in {}", duration::between(release.asked_ms, ended)));
    let took = took.unwrap_or_default();
    let id = paint.bold(&release.id);
    let serving = |release: &Release| match &release.from {
        Some(_) => "the version before it serves",
        None => "nothing was serving before it, and nothing is now",
    };
    let mut text = match release.outcome.as_deref() {
        Some("succeeded") => format!("{} {id} succeeded{took}\n", paint.good("✓")),
        Some("failed_before_traffic") => {
            format!(
                "{} {id} failed before it got any traffic{took}; {}\n",
                paint.bad("✗"),
                serving(release)
            )
        }
        Some("rolled_back") => format!("{} {id} was rolled back{took}; {}\n", paint.bad("✗"), serving(release)),
        Some("aborted") => format!("{} {id} was aborted{took}; {}\n", paint.warn("!"), serving(release)),
        Some(other) => format!("{} {id} ended {other}{took}\n", paint.bad("✗")),
        None => format!(
            "{} {id} is held and waits for a person; {}\n",
            paint.warn("!"),
            serving(release)
        ),
    };
    if let Some(reason) = &release.reason {
        text.push_str(&why(reason, paint));
    }
    text.extend(urls.iter().map(|url| format!("  {}\n", paint.link(url))));
    text
}

#[cfg(test)]
mod tests {
    use seaworthy_api::{Approval, Steering};

    use super::*;

    fn sample() -> Release {
        Release {
            version: 1,
            id: "r3".into(),
            app: "hello".into(),
            environment: "production".into(),
            kind: "release".into(),
            strategy: "rolling".into(),
            from: Some("aaaaaaaaaaaaaaaa".into()),
            to: "bbbbbbbbbbbbbbbb".into(),
            phase: "starting".into(),
            outcome: Some("failed_before_traffic".into()),
            reason: Some(Reason {
                kind: "never_ready".into(),
                cause: "web-1 never became ready".into(),
                remedy: "look at /ready".into(),
                last_lines: vec!["listening".into()],
            }),
            by: "root".into(),
            commit: None,
            asked_ms: 1000,
            ended_ms: Some(3400),
            steps: vec![Step {
                number: 1,
                phase: "starting".into(),
                what: "start 1 × web".into(),
                began_ms: Some(1000),
                ended_ms: Some(3000),
                result: Some("failed".into()),
                detail: None,
            }],
            gates: Vec::new(),
            holds: Vec::new(),
            approvals: Vec::new(),
            steered: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn a_failure_ends_with_cause_lines_and_remedy() {
        let text = ending(&sample(), &[], Paint::new(false));
        assert_eq!(
            text,
            "✗ r3 failed before it got any traffic in 2.4 s; the version before it serves\n\
             never_ready: web-1 never became ready\n  │ listening\n  → look at /ready\n"
        );
    }

    #[test]
    fn a_success_ends_with_where_to_look() {
        let release = Release {
            outcome: Some("succeeded".into()),
            reason: None,
            ..sample()
        };
        let text = ending(&release, &["http://127.0.0.1:8080/".into()], Paint::new(false));
        assert_eq!(text, "✓ r3 succeeded in 2.4 s\n  http://127.0.0.1:8080/\n");
    }

    #[test]
    fn the_full_picture_has_every_step_and_the_reason() {
        let text = full(&sample(), 9000, Paint::new(false));
        for part in [
            "aaaaaaaaaaaa → bbbbbbbbbbbb",
            "✗  1",
            "start 1 × web",
            "2.0 s",
            "never_ready",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn people_are_named_with_what_they_did_in_order() {
        let release = Release {
            approvals: vec![Approval {
                before: 50,
                asked_ms: 2000,
                given_ms: Some(3200),
                by: Some("ada".into()),
            }],
            steered: vec![Steering {
                at_ms: 1500,
                by: "bob".into(),
                what: "paused".into(),
            }],
            ..sample()
        };
        let text = people(&release, 9000, Paint::new(false));
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].ends_with("bob  paused"), "{text}");
        assert!(
            lines[2].ends_with("approval needed before 50 %, given by ada after 1.2 s"),
            "{text}"
        );
        assert_eq!(people(&sample(), 9000, Paint::new(false)), "");
    }

    #[test]
    fn no_history_says_what_to_do() {
        assert!(history(&[], 0, Paint::new(false)).contains("seaworthy up"));
    }
}
