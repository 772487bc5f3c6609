//! The `seaworthy.toml` of each version of the built-in application.

use std::net::SocketAddr;
use std::path::Path;

use crate::first_file::quote;

/// The application's name.
pub(super) const APP: &str = "demo";
/// The fault of a version whose readiness probe never passes.
pub(super) const NEVER_READY: &str = "never_ready";

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
pub(super) fn render(binary: &Path, address: SocketAddr, version: Version) -> String {
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
    format!(
        "app = \"{APP}\"\n{services}\n\
         [edge]\nhttp = \"{address}\"\ntls = \"off\"\n\n\
         [routes.site]\npath = \"/\"\nto = \"web\"\n\n\
         [routes.api]\npath = \"/api\"\nto = \"api\"\n\n\
         [release]\nbake = \"2s\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(version: Version) -> String {
        render(
            Path::new("/tmp/a \"b\"/seaworthy"),
            SocketAddr::from(([127, 0, 0, 1], 4000)),
            version,
        )
    }

    #[test]
    fn only_a_bad_version_has_a_fault_and_its_worker_has_none() {
        assert!(!rendered(Version::good(2)).contains("DEMO_FAULT"));
        let bad = rendered(Version::bad(3, NEVER_READY));
        assert_eq!(bad.matches("DEMO_FAULT = \"never_ready\"").count(), 2);
        assert_eq!(bad.matches("DEMO_VERSION = \"3\"").count(), 3);
    }
}
