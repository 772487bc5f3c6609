//! Who an instance of the demo application is, and what it has done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Serialize;

/// Learned once, from the environment.
#[derive(Debug)]
pub(crate) struct Identity {
    service: &'static str,
    version: String,
    release: String,
    instance: String,
    started: Instant,
    served: AtomicU64,
}

/// What an instance says of itself.
#[derive(Debug, Serialize)]
pub(crate) struct State<'a> {
    service: &'a str,
    version: &'a str,
    release: &'a str,
    instance: &'a str,
    pid: u32,
    served: u64,
    uptime_ms: u64,
}

impl Identity {
    /// The identity that this process was given.
    pub(crate) fn of(service: &'static str) -> Self {
        let variable = |name, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        Self {
            service,
            version: variable("DEMO_VERSION", "1"),
            release: variable("SEAWORTHY_RELEASE", "none"),
            instance: variable("SEAWORTHY_INSTANCE", service),
            started: Instant::now(),
            served: AtomicU64::new(0),
        }
    }

    /// The release that brought this instance.
    pub(crate) fn release(&self) -> &str {
        &self.release
    }

    /// Its name in its own log.
    pub(crate) fn title(&self) -> String {
        format!("{} {} of release {}", self.service, self.version, self.release)
    }

    /// Counts one more piece of work.
    pub(crate) fn served(&self) -> u64 {
        self.served.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The state at this moment.
    pub(crate) fn state(&self) -> State<'_> {
        State {
            service: self.service,
            version: &self.version,
            release: &self.release,
            instance: &self.instance,
            pid: std::process::id(),
            served: self.served.load(Ordering::Relaxed),
            uptime_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
