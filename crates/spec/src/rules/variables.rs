//! Environment variables, and values that point at other parts of the file.

use super::{Rules, key, listing};
use crate::model::{EnvSource, EnvVar, Spec};
use crate::suggest;
use crate::tree::join;

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    for (service, settings) in &spec.services {
        for (name, variable) in &settings.env {
            let place = join(&key("services", service, "env"), name);
            reserved(name, &place, rules);
            allowed(variable, &place, rules);
            reference(&variable.source, &place, rules);
        }
    }
    for (name, database) in &spec.databases {
        if let Some(url) = &database.url {
            reference(url, &key("databases", name, "url"), rules);
        }
    }
    for (name, notify) in &spec.notify {
        for (channel, source) in &notify.channels {
            reference(source, &key("notify", name, channel), rules);
        }
    }
}

/// Seaworthy's own variables would win, and the file's be ignored.
fn reserved(name: &str, place: &str, rules: &mut Rules<'_, '_>) {
    if name == "PORT" || name.starts_with("SEAWORTHY_") {
        let cause = "is given to every instance by Seaworthy".to_owned();
        let remedy = if name == "PORT" {
            "take it away and listen on $PORT"
        } else {
            "choose a name without SEAWORTHY_"
        };
        rules.tell(place, &[], "spec.reserved_variable", cause, remedy);
    }
}

/// The value itself is not repeated: it may be a password that should not stand here.
fn allowed(variable: &EnvVar, place: &str, rules: &mut Rules<'_, '_>) {
    let EnvSource::Value(value) = &variable.source else {
        return;
    };
    if !variable.one_of.is_empty() && !variable.one_of.contains(value) {
        let (at, value_key) = (place, format!("{place}.value"));
        let at = if rules.is_written(&value_key) { &value_key } else { at };
        let words: Vec<String> = variable.one_of.iter().map(|word| format!("{word:?}")).collect();
        let cause = format!("the value is none of {}", listing(&words));
        let remedy = suggest::remedy(value, variable.one_of.iter().map(String::as_str), "");
        rules.tell(at, &[&format!("{place}.one_of")], "spec.not_one_of", cause, remedy);
    }
}

fn reference(source: &EnvSource, place: &str, rules: &mut Rules<'_, '_>) {
    let EnvSource::From(reference) = source else { return };
    let mut parts = reference.split('.');
    let (Some(section), Some(name)) = (parts.next(), parts.next()) else {
        return;
    };
    let names = rules.names(section);
    if names.iter().any(|known| known == name) || rules.may_be_unread() {
        return;
    }
    let cause = format!("there is no {section}.{name}");
    let remedy = suggest::remedy(name, names.iter().map(String::as_str), "there is nothing to refer to");
    rules.tell(&format!("{place}.from"), &[], "spec.unknown_name", cause, remedy);
}
