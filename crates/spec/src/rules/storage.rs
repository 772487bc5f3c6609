//! Databases, volumes and what is saved before a release.

use std::collections::BTreeMap;

use super::{Rules, key};
use crate::model::{Engine, Spec};
use crate::suggest;
use crate::tree::join;

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    databases(spec, rules);
    volumes(spec, rules);
    backups(spec, rules);
}

fn databases(spec: &Spec, rules: &mut Rules<'_, '_>) {
    for (name, database) in &spec.databases {
        let place = |key_of: &str| key("databases", name, key_of);
        let (engine, url) = (place("engine"), place("url"));
        let external = database.engine == Engine::External;
        if external && !rules.is_written(&url) && !rules.may_be_unread() {
            let cause = "an external database has a url".to_owned();
            rules.tell(
                &engine,
                &[&url],
                "spec.missing_key",
                cause,
                "write url = { secret = \"NAME\" }",
            );
        }
        if !external && rules.is_written(&url) {
            let cause = format!("Seaworthy runs this {} itself and knows where it is", database.engine);
            rules.tell(
                &url,
                &[&engine],
                "spec.no_effect",
                cause,
                "take it away, or write engine = \"external\"",
            );
        }
    }
}

fn volumes(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let services = rules.names("services");
    let mut taken: BTreeMap<(&str, &str), String> = BTreeMap::new();
    for (volume, mounts) in &spec.volumes {
        for (service, path) in &mounts.mount {
            let place = join(&key("volumes", volume, "mount"), service);
            if !services.contains(service) && !rules.may_be_unread() {
                let cause = format!("there is no service {service:?}");
                let remedy = suggest::remedy(service, services.iter().map(String::as_str), "mount it into a service");
                rules.tell(&place, &[], "spec.unknown_name", cause, remedy);
            }
            if let Some(other) = taken.insert((service, path.trim_end_matches('/')), place.clone()) {
                let cause = format!("{other} is mounted there too ({})", rules.place(&other));
                rules.tell(&place, &[&other], "spec.same_mount", cause, "choose another directory");
            }
        }
    }
}

fn backups(spec: &Spec, rules: &mut Rules<'_, '_>) {
    let names: Vec<String> = rules
        .names("databases")
        .into_iter()
        .chain(rules.names("volumes"))
        .collect();
    for (index, preparation) in spec.release.before.iter().enumerate() {
        let Some(name) = preparation.strip_prefix("backup ") else {
            continue;
        };
        if !names.iter().any(|known| known == name) && !rules.may_be_unread() {
            let cause = format!("there is no database or volume {name:?}");
            let remedy = suggest::remedy(name, names.iter().map(String::as_str), "there is nothing to save");
            rules.tell(
                &format!("release.before[{index}]"),
                &[],
                "spec.unknown_name",
                cause,
                remedy,
            );
        }
    }
}
