//! A plan in words: what would happen, in order, with a reason for each step.

use serde::{Deserialize, Serialize};

use crate::{Action, Kind, Plan, Strategy};

/// One step in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// The phase it belongs to.
    pub phase: &'static str,
    /// What happens.
    pub what: String,
    /// Why.
    pub why: String,
}

/// Tells a plan step by step.
pub fn describe(plan: &Plan) -> Vec<PlannedStep> {
    let mut steps = Vec::new();
    let mut say = |phase, what: String, why: &str| {
        steps.push(PlannedStep {
            phase,
            what,
            why: why.to_owned(),
        })
    };
    if plan.unchanged() {
        return steps;
    }
    say(
        "checking",
        "check that memory, disk and routes are there for it".to_owned(),
        "nothing may start that cannot run",
    );
    for change in &plan.changes {
        if plan.builds(&change.service)
            && let Some(service) = plan.to.services.get(&change.service)
        {
            let what = match &service.build.command {
                Some(command) => format!("build {} with `{command}`", change.service),
                None => format!("copy the source of {}", change.service),
            };
            say("building", what, "unchanged input is not built again");
        }
    }
    for change in plan.changes.iter().filter(|change| plan.migrates(&change.service)) {
        say(
            "migrating",
            format!("run the migration of {}", change.service),
            "once, in the new artifact with the new environment",
        );
    }
    for change in &plan.changes {
        let beside = plan.beside() && moves_by_weight(plan, &change.action);
        for (phase, what) in if beside {
            Vec::new()
        } else {
            sentences(&change.action, plan)
        } {
            say(phase, what, &change.why);
        }
    }
    if plan.beside() {
        for (phase, what) in weights(plan) {
            say(phase, what, "each share is judged before the next");
        }
    }
    if plan.strategy == Strategy::First {
        say(
            "shifting",
            "route all traffic to it".to_owned(),
            "there is no stable side to compare with: live gates do not apply",
        );
    } else {
        if plan.from.as_ref().is_some_and(|from| from.routes != plan.to.routes) {
            say(
                "shifting",
                "take up the changed routes".to_owned(),
                "every new side is ready by then",
            );
        }
        if plan.kind != Kind::Scale && plan.settings.bake.millis > 0 {
            say(
                "baking",
                format!("watch it for {}", plan.settings.bake),
                "an instance that fails now is taken back",
            );
        }
    }
    for change in &plan.changes {
        if let Action::Remove { side, .. } = &change.action {
            say("retiring", format!("drain and stop {side}"), &change.why);
        }
    }
    steps
}

/// What one change does, by phase.
fn sentences(action: &Action, plan: &Plan) -> Vec<(&'static str, String)> {
    match action {
        Action::Add { side, replicas } => vec![("starting", format!("start {replicas} × {side} and wait until ready"))],
        Action::Replace {
            old,
            new,
            replicas,
            overlap: true,
            ..
        } => {
            let batch = plan
                .settings
                .max_surge
                .max(plan.settings.max_unavailable)
                .min(*replicas)
                .max(1);
            vec![
                ("starting", format!("start {batch} × {new} and wait until ready")),
                (
                    "shifting",
                    format!("replace {old} by {new}, {batch} at a time, {replicas} in all; drain, then stop each"),
                ),
            ]
        }
        Action::Replace {
            old,
            new,
            replicas,
            overlap: false,
            ..
        } => vec![
            (
                "starting",
                format!("stop {old}; it does not serve until its successor is ready"),
            ),
            ("starting", format!("start {replicas} × {new} and wait until ready")),
        ],
        Action::Scale { side, from, to } if to > from => {
            vec![("starting", format!("start {} × {side} and wait until ready", to - from))]
        }
        Action::Scale { side, from, to } => vec![("retiring", format!("drain and stop {} × {side}", from - to))],
        Action::Restart { side, replicas } => vec![("shifting", format!("replace {replicas} × {side} one at a time"))],
        Action::Keep { .. } | Action::Remove { .. } => Vec::new(),
    }
}

/// Whether a change is moved by weights: it takes requests and both sides may run.
fn moves_by_weight(plan: &Plan, action: &Action) -> bool {
    matches!(action, Action::Replace { new, overlap: true, .. }
        if plan.to.services.get(&new.service).is_some_and(|service| service.listens))
}

/// The steps of a canary, or the one step of blue-green.
fn weights(plan: &Plan) -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    let sides: Vec<String> = plan
        .changes
        .iter()
        .filter(|change| moves_by_weight(plan, &change.action))
        .filter_map(|change| plan.to.side_id(&change.service).map(|side| side.to_string()))
        .collect();
    if sides.is_empty() {
        return told;
    }
    let judging = &plan.settings.judging;
    let gates: Vec<&str> = judging.gates.iter().map(|gate| gate.name.as_str()).collect();
    for step in plan.settings.steps_in_force() {
        if plan.settings.approve.is_some_and(|before| step.percent >= before) {
            told.push(("holding", format!("wait for approval before {} %", step.percent)));
        }
        told.push((
            "shifting",
            format!(
                "start enough of {}, verify, give it {} %",
                sides.join(", "),
                step.percent
            ),
        ));
        if step.hold.millis > 0 {
            let judged = format!(
                "hold {} and judge {} on {} requests or more",
                step.hold,
                gates.join(", "),
                judging.sample
            );
            told.push(("holding", judged));
        }
    }
    told
}
