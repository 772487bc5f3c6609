//! A plan as `seaworthy plan` shows it.

use seaworthy_api as api;
use seaworthy_checks::available;
use seaworthy_plan::{Plan, describe, tell_detected};

use super::file::Read;
use super::wanted::Wanted;
use crate::refusal::word;

pub(super) fn show(read: &Read, wanted: &Wanted, plan: &Plan) -> api::Plan {
    let spec = &read.merged.spec;
    let detected = wanted.sources.iter().filter_map(|(name, source)| {
        spec.services
            .get(name)
            .map(|service| tell_detected(service, name, &source.detected))
    });
    api::Plan {
        version: api::VERSION,
        app: read.scope.app.clone(),
        environment: read.scope.environment.clone(),
        strategy: word(plan.strategy),
        from: plan.from_revision().map(|revision| revision.0),
        unchanged: plan.unchanged(),
        services: plan
            .changes
            .iter()
            .map(|change| api::ServiceChange {
                service: change.service.clone(),
                change: change.action.word().to_owned(),
                why: change.why.clone(),
            })
            .collect(),
        steps: describe(plan)
            .into_iter()
            .map(|step| api::PlannedStep {
                phase: step.phase.to_owned(),
                what: step.what,
                why: step.why,
            })
            .collect(),
        detected: detected.flatten().collect(),
        defaults: read
            .merged
            .defaults()
            .into_iter()
            .map(|(key, value)| format!("{key} = {value}"))
            .collect(),
        not_guaranteed: available::not_guaranteed(spec),
        not_available: not_available(read).into_iter().map(|finding| finding.reason).collect(),
        findings: Vec::new(),
    }
}

/// What the file asks for and this version does not act on, as findings that `up` refuses.
pub(crate) fn not_available(read: &Read) -> Vec<api::Finding> {
    available::not_available(&read.merged.spec, &read.merged)
        .into_iter()
        .map(|found| api::Finding {
            id: "not_available".to_owned(),
            severity: "error".to_owned(),
            place: found.place,
            reason: format!("{}: {} is not available yet", found.key, found.what),
            remedy: "take it out of the file, or wait for a version that has it".to_owned(),
            key: Some(found.key),
        })
        .collect()
}
