//! What a service is: built from a source, an image, or running elsewhere; and a service or a job.

use super::{Rules, key, listing};
use crate::model::{Service, Spec};

pub(super) fn check(spec: &Spec, rules: &mut Rules<'_, '_>) {
    if rules.names("services").is_empty() && !rules.may_be_unread() {
        let remedy = "add [services.web] with source = \".\"";
        rules.tell(
            "services",
            &[],
            "spec.nothing_runs",
            "there is no service: nothing would run".to_owned(),
            remedy,
        );
    }
    for (name, service) in &spec.services {
        origin(name, rules);
        external(name, service, rules);
        job(name, service, rules);
        scaling(name, service, rules);
    }
}

fn origin(name: &str, rules: &mut Rules<'_, '_>) {
    const ORIGINS: [&str; 3] = ["source", "image", "external"];
    let place = |origin: &str| key("services", name, origin);
    let written: Vec<&str> = ORIGINS
        .into_iter()
        .filter(|origin| rules.is_written(&place(origin)))
        .collect();
    match written.as_slice() {
        [] if rules.may_be_unread() => {}
        [] => {
            let cause = "none of source, image and external says what runs".to_owned();
            let remedy = "write source = \"DIRECTORY\"";
            rules.tell(&place(""), &[], "spec.no_source", cause, remedy);
        }
        [_] => {}
        [first, others @ ..] => {
            let cause = format!("{} exclude each other", listing(&written));
            let remedy = format!(
                "keep one; an overlay takes another away with unset = [\"{}\"]",
                place(first)
            );
            rules.tell(&place(others[0]), &[&place(first)], "spec.two_sources", cause, remedy);
        }
    }
    if written == ["image"] && rules.is_written(&place("build")) {
        let cause = "an image is not built".to_owned();
        rules.tell(
            &place("build"),
            &[],
            "spec.no_effect",
            cause,
            "take it away, or give a source instead of the image",
        );
    }
}

/// What Seaworthy does not start it cannot give anything to.
fn external(name: &str, service: &Service, rules: &mut Rules<'_, '_>) {
    const OF_INSTANCES: [&str; 14] = [
        "build",
        "command",
        "port",
        "needs",
        "replicas",
        "cpu",
        "memory",
        "migrate",
        "stop",
        "egress",
        "autoscale",
        "env",
        "schedule",
        "overlap",
    ];
    let place = |key_of: &str| key("services", name, key_of);
    if !rules.is_written(&place("external")) {
        return;
    }
    if service.external.is_empty() {
        let remedy = "write external = \"http://127.0.0.1:9000\"";
        rules.tell(
            &place("external"),
            &[],
            "spec.empty",
            "there is no address".to_owned(),
            remedy,
        );
    }
    for written in OF_INSTANCES {
        if rules.is_written(&place(written)) && rules.said_together(&place(written), &place("external")) {
            let cause = "has no effect: this service runs elsewhere and is not started here".to_owned();
            rules.tell(
                &place(written),
                &[&place("external")],
                "spec.no_effect",
                cause,
                "take it away",
            );
        }
    }
}

fn job(name: &str, service: &Service, rules: &mut Rules<'_, '_>) {
    let place = |key_of: &str| key("services", name, key_of);
    if service.schedule.is_none() {
        return;
    }
    for (written, cause) in [
        ("port", "a job has no port: nothing is routed to it"),
        ("replicas", "a job never runs twice at once"),
        ("autoscale", "a job is not scaled"),
        ("health", "a job is not probed: its exit status tells"),
    ] {
        if rules.is_written(&place(written)) {
            let remedy = "take it away, or take `schedule` away to make it a service";
            rules.tell(
                &place(written),
                &[&place("schedule")],
                "spec.not_for_jobs",
                cause.to_owned(),
                remedy,
            );
        }
    }
}

fn scaling(name: &str, service: &Service, rules: &mut Rules<'_, '_>) {
    let place = |key_of: &str| key("services", name, key_of);
    let (autoscale, replicas) = (place("autoscale"), place("replicas"));
    if service.autoscale.is_some() && !service.replicas.is_range() && rules.said_together(&autoscale, &replicas) {
        let cause = format!("there is nothing to scale: replicas is {}", service.replicas);
        let remedy = "write a range, replicas = \"2..10\"";
        rules.tell(&autoscale, &[&replicas], "spec.autoscale_without_range", cause, remedy);
    }
}
