//! The `seaworthy.toml` of each version of the built-in application.

use std::net::SocketAddr;
use std::path::Path;

use crate::first_file::quote;

/// The application's name.
pub(super) const APP: &str = "demo";
/// The fault of a version whose readiness probe never passes.
pub(super) const NEVER_READY: &str = "never_ready";
/// The faults of versions that pass their probes and are bad all the same, each with what is wrong.
pub(super) const UNDER_TRAFFIC: [(&str, &str); 2] = [
    ("errors", "its probes pass; every third answer is an error"),
    ("slow", "its probes pass; every answer takes 700 ms"),
];

/// The gate on latency: a fixed bound, because milliseconds on a busy machine are too noisy to compare side with side.
const LATENCY: &str = "p95 < 500ms";

/// A version of the application.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    number: u32,
    fault: Option<&'static str>,
}

impl Version {
    /// One that works.
    pub(super) fn good(number: u32) -> Self {
        Self { number, fault: None }
    }

    /// One that does not.
    pub(super) fn bad(number: u32, fault: &'static str) -> Self {
        Self {
            number,
            fault: Some(fault),
        }
    }
}

/// The file of a version: `web` and `api` behind the edge, and a `worker`, all of them this binary.
/// `rate` is the traffic in requests per second: it decides how many of them a hold can judge.
pub(super) fn render(binary: &Path, address: SocketAddr, version: Version, rate: u32) -> String {
    let service = |name: &str, more: &str| {
        let command = [&*binary.to_string_lossy(), "demo-app", name].map(quote).join(", ");
        let number = version.number;
        // A worker takes no requests, so nothing can be wrong with how it answers them.
        let fault = version.fault.filter(|_| name != "worker");
        let fault = fault
            .map(|fault| format!("DEMO_FAULT = {}\n", quote(fault)))
            .unwrap_or_default();
        format!(
            "\n[services.{name}]\nsource = \"app\"\nbuild = \"\"\ncommand = [{command}]\n{more}\n\
             [services.{name}.env]\nDEMO_VERSION = \"{number}\"\n{fault}"
        )
    };
    // Probes are quick and patience is short, because somebody is watching.
    let served = "replicas = 2\nhealth = { live = \"/live\", ready = \"/ready\", interval = \"200ms\", start = \"4s\" }\n\
                  drain = \"2s\"\nstop = \"3s\"\n";
    let services = [service("web", served), service("api", served), service("worker", "")].concat();
    // Two thirds of what a hold of three seconds at 10 % sees.
    let sample = (rate / 5).max(1);
    format!(
        "app = \"{APP}\"\n{services}\n\
         [edge]\nhttp = \"{address}\"\ntls = \"off\"\n\n\
         [routes.site]\npath = \"/\"\nto = \"web\"\n\n\
         [routes.api]\npath = \"/api\"\nto = \"api\"\n\n\
         [release]\nstrategy = \"canary\"\nsteps = [\"10% for 3s\", \"50% for 3s\", \"100%\"]\n\
         gates = [\"error_rate < 5%\", \"{LATENCY}\"]\n\
         sample = {sample}\nwindow = \"2s\"\ntick = \"200ms\"\nbake = \"2s\"\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rendered(version: Version) -> String {
        render(
            Path::new("/tmp/a \"b\"/seaworthy"),
            SocketAddr::from(([127, 0, 0, 1], 4000)),
            version,
            200,
        )
    }

    #[test]
    fn only_a_bad_version_has_a_fault_and_its_worker_has_none() {
        assert!(!rendered(Version::good(2)).contains("DEMO_FAULT"));
        let bad = rendered(Version::bad(3, NEVER_READY));
        assert_eq!(bad.matches("DEMO_FAULT = \"never_ready\"").count(), 2);
        assert_eq!(bad.matches("DEMO_VERSION = \"3\"").count(), 3);
    }

    #[test]
    fn every_version_is_a_valid_file_with_a_sample_that_its_traffic_fills() {
        for (rate, sample) in [(1, 1), (200, 40), (5000, 1000)] {
            let address = SocketAddr::from(([127, 0, 0, 1], 4000));
            let text = render(Path::new("/bin/seaworthy"), address, Version::good(2), rate);
            seaworthy_spec::parse(&text, "seaworthy.toml").unwrap();
            assert!(text.contains(&format!("sample = {sample}\n")), "{text}");
        }
    }
}
