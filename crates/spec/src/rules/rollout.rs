//! How the application changes: what fits together in a release.

use super::{Rules, key};
use crate::form::Print;
use crate::model::{OldCode, Release, Spec, Step, Strategy};
use crate::place::{At, Origin};
use crate::units::Span;

/// A canary that names no steps takes the usual ones.
pub(super) fn fill(spec: &mut Spec, rules: &mut Rules<'_, '_>) {
    let release = &mut spec.release;
    if release.strategy == Strategy::Canary && !rules.is_written("release.steps") {
        release.steps = Step::usual();
        let path = vec!["release".to_owned(), "steps".to_owned()];
        let at = At {
            offset: rules.offset("release"),
            origin: Origin::Default,
        };
        rules.reader.default_at(path, Vec::<Step>::print(&release.steps), at);
    }
}

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let release = &spec.release;
    match release.strategy {
        Strategy::Canary => steps(release, rules),
        Strategy::Rolling | Strategy::BlueGreen => no_steps(release, rules),
    }
    if release.strategy == Strategy::Rolling && release.max_surge == 0 && release.max_unavailable == 0 {
        let cause = "with max_surge = 0 and max_unavailable = 0 no instance may be added or taken away".to_owned();
        let place = if rules.is_written("release.max_surge") {
            "release.max_surge"
        } else {
            "release.max_unavailable"
        };
        let goes_by = ["release.strategy", "release.max_surge", "release.max_unavailable"];
        rules.tell(
            place,
            &goes_by,
            "spec.cannot_roll",
            cause,
            "allow one of them: max_surge = 1",
        );
    }
    deadline(release, rules);
    migrations(spec, rules);
}

fn steps(release: &Release, rules: &mut Rules<'_, '_>) {
    let goes_by = ["release.strategy"];
    for (index, pair) in release.steps.windows(2).enumerate() {
        let [before, step] = pair else { continue };
        let place = format!("release.steps[{}]", index + 1);
        if step.percent <= before.percent {
            let cause = format!("{}% does not follow {}%: steps ascend", step.percent, before.percent);
            rules.tell(
                &place,
                &goes_by,
                "spec.steps_not_ascending",
                cause,
                "order the steps by their weight",
            );
        }
        if before.hold.millis == 0 {
            let cause = format!("{}% is not held, so nothing could be judged", before.percent);
            let remedy = format!("write \"{}% for 10m\"", before.percent);
            rules.tell(
                &format!("release.steps[{index}]"),
                &goes_by,
                "spec.step_without_hold",
                cause,
                remedy,
            );
        }
    }
    if release.steps.last().is_none_or(|step| step.percent != 100) {
        let cause = "the last step is not 100%: the release would never end".to_owned();
        rules.tell(
            "release.steps",
            &goes_by,
            "spec.steps_without_end",
            cause,
            "add \"100%\" at the end",
        );
    }
    let Some(percent) = release.approve.as_deref().and_then(approved_percent) else {
        return;
    };
    if !release.steps.iter().any(|step| step.percent == percent) {
        let cause = format!("no step goes to {percent}%");
        rules.tell(
            "release.approve",
            &["release.strategy", "release.steps"],
            "spec.unknown_step",
            cause,
            "name a step of `steps`",
        );
    }
}

fn no_steps(release: &Release, rules: &mut Rules<'_, '_>) {
    let strategy = release.strategy;
    if !release.steps.is_empty() && rules.said_together("release.strategy", "release.steps") {
        let cause = format!("a {strategy} release has no steps");
        let remedy = "write strategy = \"canary\", or take the steps away";
        rules.tell(
            "release.steps",
            &["release.strategy"],
            "spec.steps_without_canary",
            cause,
            remedy,
        );
    }
    let percent = release.approve.as_deref().and_then(approved_percent);
    if percent.is_some_and(|percent| percent != 100) && rules.said_together("release.strategy", "release.approve") {
        let cause = format!("a {strategy} release has no steps to agree to");
        rules.tell(
            "release.approve",
            &["release.strategy"],
            "spec.unknown_step",
            cause,
            "write \"before 100%\"",
        );
    }
}

fn approved_percent(approve: &str) -> Option<u32> {
    approve.strip_prefix("before ")?.strip_suffix('%')?.parse().ok()
}

/// A release that cannot end in time would revert a version that is well.
fn deadline(release: &Release, rules: &mut Rules<'_, '_>) {
    let holds = if release.strategy == Strategy::Canary {
        release.steps.as_slice()
    } else {
        &[]
    };
    let holds = holds.iter().map(|step| step.hold.millis).fold(0, u64::saturating_add);
    let least = Span::millis(holds.saturating_add(release.bake.millis));
    if release.deadline < least {
        let what = if holds == 0 {
            "bake takes"
        } else {
            "holds and bake take"
        };
        let cause = format!("the release could never end in {}: {what} {least}", release.deadline);
        let goes_by = ["release.strategy", "release.steps", "release.bake"];
        rules.tell(
            "release.deadline",
            &goes_by,
            "spec.deadline_too_short",
            cause,
            format!("write more than \"{least}\""),
        );
    }
}

/// Two versions run side by side in these strategies, and one of them would meet a schema that it does not know.
fn migrations(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let strategy = spec.release.strategy;
    if strategy == Strategy::Rolling {
        return;
    }
    for (name, service) in &spec.services {
        if service
            .migrate
            .as_ref()
            .is_some_and(|migrate| migrate.old_code == OldCode::Breaks)
        {
            let cause = format!("a {strategy} release runs the old code beside a schema that breaks it");
            let remedy = "migrate by expand and contract (old_code = \"works\"), or release this change by rolling";
            let place = key("services", name, "migrate.old_code");
            rules.tell(&place, &["release.strategy"], "spec.breaking_migration", cause, remedy);
        }
    }
}
