//! What must be ready before what.

use std::collections::{BTreeMap, BTreeSet};

use super::{Rules, key};
use crate::model::Spec;
use crate::suggest;

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    known(spec, rules);
    distinct(rules);
    for cycle in cycles(spec) {
        let first = &cycle[0];
        let way: Vec<&str> = cycle.iter().chain([first]).map(String::as_str).collect();
        let cause = format!("{} needs itself: {}", first, way.join(" → "));
        let cause = if cycle.len() == 1 {
            format!("{first} needs itself")
        } else {
            cause
        };
        let remedy = "take one of these needs away; who calls whom at run time needs no order";
        rules.tell(
            &key("services", first, "needs"),
            &[],
            "spec.circular_needs",
            cause,
            remedy,
        );
    }
}

fn known(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let names: BTreeSet<String> = rules
        .names("services")
        .into_iter()
        .chain(rules.names("databases"))
        .collect();
    for (name, service) in &spec.services {
        for (index, need) in service.needs.iter().enumerate() {
            let place = key("services", name, &format!("needs[{index}]"));
            let job = spec
                .services
                .get(need)
                .is_some_and(|service| service.schedule.is_some());
            if job {
                let cause = format!("{need} is a job: it runs by schedule and is never ready");
                rules.tell(&place, &[], "spec.needs_job", cause, "need a service or a database");
            }
            if !names.contains(need) && !rules.may_be_unread() {
                let remedy = suggest::remedy(need, names.iter().map(String::as_str), "there is nothing to need");
                let cause = format!("there is no service or database {need:?}");
                rules.tell(&place, &[], "spec.unknown_name", cause, remedy);
            }
        }
    }
}

/// A service and a database of one name would both be `NAME_URL`.
fn distinct(rules: &mut Rules<'_, '_>) {
    let services = rules.names("services");
    for name in rules
        .names("databases")
        .into_iter()
        .filter(|name| services.contains(name))
    {
        let other = rules.place(&key("services", &name, ""));
        let cause = format!("a service has this name too ({other})");
        rules.tell(
            &key("databases", &name, ""),
            &[],
            "spec.same_name",
            cause,
            "give one of them another name",
        );
    }
}

/// The circles among the needs, each once. What needs nothing that is left is peeled off until only circles and what
/// hangs on them remain; following any need from there must run into a circle.
fn cycles(spec: &Spec) -> Vec<Vec<String>> {
    let mut left: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, service) in &spec.services {
        let needs = service
            .needs
            .iter()
            .map(String::as_str)
            .filter(|need| spec.services.contains_key(*need));
        left.insert(name, needs.collect());
    }
    let mut cycles = Vec::new();
    loop {
        let free: BTreeSet<&str> = left
            .iter()
            .filter(|(_, needs)| needs.is_empty())
            .map(|(name, _)| *name)
            .collect();
        if !free.is_empty() {
            take(&mut left, &free);
            continue;
        }
        let Some(start) = left.keys().next().copied() else {
            return cycles;
        };
        let mut way = vec![start];
        let cycle = loop {
            // Every name that is left needs another that is left, or it would be free.
            let Some(next) = way
                .last()
                .and_then(|last| left.get(last))
                .and_then(|needs| needs.first().copied())
            else {
                return cycles;
            };
            match way.iter().position(|name| *name == next) {
                Some(start) => break way.split_off(start),
                None => way.push(next),
            }
        };
        take(&mut left, &cycle.iter().copied().collect());
        cycles.push(from_least(&cycle));
    }
}

fn take(left: &mut BTreeMap<&str, BTreeSet<&str>>, gone: &BTreeSet<&str>) {
    left.retain(|name, _| !gone.contains(name));
    left.values_mut()
        .for_each(|needs| needs.retain(|need| !gone.contains(need)));
}

/// The circle told from its alphabetically first name on, whatever name it was found from.
fn from_least(cycle: &[&str]) -> Vec<String> {
    let least = cycle
        .iter()
        .enumerate()
        .min_by_key(|(_, name)| **name)
        .map_or(0, |(index, _)| index);
    cycle
        .iter()
        .cycle()
        .skip(least)
        .take(cycle.len())
        .map(|name| (*name).to_owned())
        .collect()
}
