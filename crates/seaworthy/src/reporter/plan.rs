//! The plan of a release that was not run.

use seaworthy_api::Plan;

use super::paint::Paint;
use super::{findings, table::Table};

/// Changes, steps with their reasons, what was detected, the defaults in force, and what cannot be promised.
pub(crate) fn render(plan: &Plan, paint: Paint) -> String {
    let mut text = findings::render(&plan.findings, paint);
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&head(plan, paint));
    if !plan.services.is_empty() {
        let mut table = Table::new(["", "", "", ""]);
        for service in &plan.services {
            let change = match service.change.as_str() {
                "keep" => paint.dim("keep"),
                "remove" => paint.bad("remove"),
                "add" => paint.good("add"),
                other => paint.warn(other),
            };
            table.row([String::new(), change, service.service.clone(), paint.dim(&service.why)]);
        }
        text.push_str(&section("Changes", &indent(&table.render(paint)), paint));
    }
    if !plan.steps.is_empty() {
        let mut table = Table::new(["", "", "", ""]);
        for (number, step) in plan.steps.iter().enumerate() {
            let number = paint.dim(&format!("{:>2}", number + 1));
            table.row([number, step.phase.clone(), step.what.clone(), paint.dim(&step.why)]);
        }
        text.push_str(&section("Steps", &indent(&table.render(paint)), paint));
    }
    for (title, lines) in [
        ("Detected", &plan.detected),
        ("Defaults in force", &plan.defaults),
        ("Not guaranteed here", &plan.not_guaranteed),
        ("Not available yet (up refuses these)", &plan.not_available),
    ] {
        if !lines.is_empty() {
            let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
            text.push_str(&section(title, &lines, paint));
        }
    }
    text
}

fn head(plan: &Plan, paint: Paint) -> String {
    let name = paint.bold(&format!("{} · {}", plan.app, plan.environment));
    if plan.unchanged {
        return format!("{name}: nothing to do; what runs is what the file says\n");
    }
    match (&plan.from, plan.strategy.as_str()) {
        (None, _) => format!("{name}: first release; there is no stable version to compare with or to go back to\n"),
        (Some(from), strategy) => format!("{name}: {} from revision {}\n", strategy.replace('_', "-"), short(from)),
    }
}

/// The first characters of a digest, enough for a person to tell two apart.
pub(crate) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn section(title: &str, body: &str, paint: Paint) -> String {
    format!("\n{}\n{body}", paint.bold(title))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use seaworthy_api::{PlannedStep, ServiceChange};

    use super::*;

    fn sample() -> Plan {
        Plan {
            version: 1,
            app: "hello".into(),
            environment: "production".into(),
            strategy: "rolling".into(),
            from: Some("0123456789abcdef".into()),
            unchanged: false,
            services: vec![ServiceChange {
                service: "web".into(),
                change: "replace".into(),
                why: "its source differs".into(),
            }],
            steps: vec![PlannedStep {
                phase: "building".into(),
                what: "build web".into(),
                why: "new source".into(),
            }],
            detected: vec!["services.web: node, from package.json".into()],
            defaults: vec!["release.bake = \"1m\"".into()],
            not_guaranteed: Vec::new(),
            not_available: vec!["backups".into()],
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_plan_reads_from_change_to_caveat() {
        let text = render(&sample(), Paint::new(false));
        assert_eq!(
            text,
            "hello · production: rolling from revision 0123456789ab\n\
             \nChanges\n  replace  web  its source differs\n\
             \nSteps\n   1  building  build web  new source\n\
             \nDetected\n  services.web: node, from package.json\n\
             \nDefaults in force\n  release.bake = \"1m\"\n\
             \nNot available yet (up refuses these)\n  backups\n"
        );
    }

    #[test]
    fn nothing_to_do_is_said_so() {
        let plan = Plan {
            unchanged: true,
            services: Vec::new(),
            steps: Vec::new(),
            ..sample()
        };
        assert!(render(&plan, Paint::new(false)).starts_with("hello · production: nothing to do"));
    }
}
