//! Settings that are harmless in development and dangerous in production.

use std::collections::BTreeSet;

use seaworthy_spec::{Spec, Tls};

use crate::catalogue::{
    DANGER_CORS_ANY, DANGER_DEADLINE, DANGER_DEBUG, DANGER_DEBUGGER, DANGER_DRAIN_ZERO, DANGER_LOCALHOST,
    DANGER_LOG_LEVEL, DANGER_NO_READY, DANGER_NODE_ENV, DANGER_ONE_REPLICA, DANGER_TLS_OFF,
};
use crate::finding::Report;
use crate::variables;

/// A release that is still undecided after a day has been forgotten.
const LONGEST_DEADLINE_MILLIS: u64 = 24 * 60 * 60 * 1000;

pub(crate) fn check(spec: &Spec, report: &mut Report<'_>) {
    // In development these are how one works; saying so each time would only teach to skip the notes.
    if report.development() {
        return;
    }
    for (key, name, value) in variables::each_value(spec) {
        check_variable(&key, name, value, report);
    }
    check_services(spec, report);
    check_edge(spec, report);
    if spec.release.deadline.millis > LONGEST_DEADLINE_MILLIS {
        report.add(
            &DANGER_DEADLINE,
            "release.deadline",
            format!(
                "a stuck release is taken back only after {} hours",
                spec.release.deadline.millis / 3_600_000
            ),
            "choose a deadline that a person would wait for; the default is 1h.",
        );
    }
}

fn check_variable(key: &str, name: &str, value: &str, report: &mut Report<'_>) {
    let lower = value.to_lowercase();
    let on = !matches!(lower.as_str(), "" | "0" | "false" | "no" | "off" | "none");
    let debugger = match name {
        "FLASK_DEBUG" | "DJANGO_DEBUG" | "WERKZEUG_RUN_MAIN" => on,
        "FLASK_ENV" => lower == "development",
        "NODE_OPTIONS" => lower.contains("--inspect"),
        _ => false,
    };
    if debugger {
        report.add(
            &DANGER_DEBUGGER,
            key,
            format!("`{value}` switches on a debugger, which executes what a visitor sends to it"),
            "remove it, or set it only under [environments.development.set].",
        );
    } else if (name == "DEBUG" || name.ends_with("_DEBUG")) && on {
        report.add(
            &DANGER_DEBUG,
            key,
            format!("`{value}` switches on debugging, which tells visitors about the inside"),
            "remove it, or set it only under [environments.development.set].",
        );
    }
    if name == "NODE_ENV" && value != "production" {
        report.add(
            &DANGER_NODE_ENV,
            key,
            format!("with `{value}`, Node's frameworks run slower and show their errors to visitors"),
            "set it to `production`; name the environment in a variable of your own.",
        );
    }
    let level = matches!(name, "LOG_LEVEL" | "LOGLEVEL" | "RUST_LOG") || name.ends_with("_LOG_LEVEL");
    if level
        && ["debug", "trace", "silly", "verbose"]
            .iter()
            .any(|word| lower.contains(word))
    {
        report.add(
            &DANGER_LOG_LEVEL,
            key,
            format!("`{value}` writes much, and what visitors send may be in it"),
            "set it to `info`.",
        );
    }
    if points_here(&lower) {
        // The value itself may carry a password, so it is not repeated.
        report.add(
            &DANGER_LOCALHOST,
            key,
            "the value is a URL of this machine itself",
            "name the real host, or use `needs` and the address it injects.",
        );
    }
}

fn points_here(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let host = authority.rsplit('@').next().unwrap_or(authority);
        ["localhost", "127.", "0.0.0.0", "[::1]"]
            .iter()
            .any(|here| host.starts_with(here))
    })
}

/// Services that take requests: routed, with a port, or needed by another service.
fn taking_requests(spec: &Spec) -> BTreeSet<&str> {
    let routed = spec.routes.values().map(|route| route.to.as_str());
    let needed = spec
        .services
        .values()
        .flat_map(|service| &service.needs)
        .map(String::as_str);
    let with_port = spec.services.iter().filter(|(_, service)| service.port.is_some());
    routed
        .chain(needed)
        .chain(with_port.map(|(name, _)| name.as_str()))
        .collect()
}

fn check_services(spec: &Spec, report: &mut Report<'_>) {
    let taking = taking_requests(spec);
    for (name, service) in &spec.services {
        if !service.external.is_empty() || service.schedule.is_some() {
            continue;
        }
        let requests = taking.contains(name.as_str());
        if service.replicas.high == 1 && service.overlap && requests {
            report.add(
                &DANGER_ONE_REPLICA,
                &format!("services.{name}.replicas"),
                "there is one instance; if it crashes, requests wait until it is back",
                "set `replicas = 2` if it can run twice.",
            );
        }
        if service.drain.millis == 0 && requests {
            report.add(
                &DANGER_DRAIN_ZERO,
                &format!("services.{name}.drain"),
                "requests being answered are cut off in every release",
                "remove it (the default waits), or set the longest time a request takes.",
            );
        }
        if service.health.ready.is_none() && requests {
            report.add(
                &DANGER_NO_READY,
                &format!("services.{name}.health.ready"),
                "an instance counts as ready when it accepts a connection, although it may answer every request with an error",
                "name a path that answers 200 only when the service can work: `health = { ready = \"/ready\" }`.",
            );
        }
    }
}

fn check_edge(spec: &Spec, report: &mut Report<'_>) {
    let hosts = !spec.edge.hosts.is_empty() || spec.routes.values().any(|route| !route.hosts.is_empty());
    if hosts && spec.edge.tls == Tls::Off {
        report.add(
            &DANGER_TLS_OFF,
            "edge.tls",
            "host names are served without TLS: everyone on the way reads and changes what is sent",
            "put a TLS terminator in front; this version's edge speaks HTTP only.",
        );
    }
    for (name, route) in &spec.routes {
        if route
            .cors
            .iter()
            .flat_map(|cors| &cors.origins)
            .any(|origin| origin == "*")
        {
            report.add(
                &DANGER_CORS_ANY,
                &format!("routes.{name}.cors"),
                "every web site may read the answers in its visitors' browsers",
                "name the origins that may.",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_this_machine_are_told_from_others() {
        for value in [
            "http://localhost:3000",
            "redis://:pw@127.0.0.1/0",
            "http://[::1]/",
            "a,http://0.0.0.0:1",
        ] {
            assert!(points_here(value), "{value}");
        }
        for value in ["https://example.com/localhost", "localhost", "postgres://db/app?host=x"] {
            assert!(!points_here(value), "{value}");
        }
    }
}
