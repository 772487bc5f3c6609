//! The secret store as the platform and the planner use it.

use std::path::PathBuf;

use seaworthy_platform::{PlatformError, Scope, Secret};
use seaworthy_platform_host::SecretSource;
use seaworthy_store::secrets::SecretStore;

use crate::refusal::Refused;

/// Opens the store for each question, so that what `seaworthy secret set` wrote a moment ago counts.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    state: PathBuf,
}

impl Secrets {
    pub(crate) fn new(state: PathBuf) -> Self {
        Self { state }
    }

    /// Whether the secrets of a scope can be read: a damaged store must not look like an empty one.
    pub(crate) fn readable(&self, scope: &Scope) -> Result<(), Refused> {
        let listed = SecretStore::find(&self.state).and_then(|store| store.map(|store| store.list(scope)).transpose());
        match listed {
            Ok(_) => Ok(()),
            Err(error) => Err(Refused::failed("secrets", error.to_string(), error.remedy())),
        }
    }

    /// The newest version of a secret that is not revoked.
    pub(crate) fn newest(&self, scope: &Scope, name: &str) -> Option<u32> {
        SecretStore::find(&self.state).ok()??.newest(scope, name).ok().flatten()
    }
}

impl SecretSource for Secrets {
    fn fetch(&self, scope: &Scope, name: &str, version: u32) -> Result<Secret, PlatformError> {
        let failed = |cause: String, remedy: String| PlatformError::Machine {
            place: format!("secret {name}"),
            cause,
            remedy,
        };
        let store = SecretStore::open(&self.state).map_err(|e| failed(e.to_string(), e.remedy().to_string()))?;
        store
            .fetch(scope, name, version)
            .map_err(|e| failed(e.to_string(), e.remedy().to_string()))
    }
}
