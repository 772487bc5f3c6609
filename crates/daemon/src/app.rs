//! What every part of the control process shares.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use seaworthy_platform::{ReleaseId, Scope};
use seaworthy_platform_host::HostPlatform;
use seaworthy_store::{Appended, Store, StoreError};
use tokio::sync::watch;

use crate::conductor::Conductor;
use crate::edge_supervisor::EdgeSupervisor;
use crate::process::log_line;
use crate::secrets::Secrets;

/// What every part of the control process shares.
pub(crate) struct App {
    pub(crate) state: PathBuf,
    pub(crate) store: Store,
    pub(crate) platform: Arc<HostPlatform>,
    pub(crate) edge: Arc<EdgeSupervisor>,
    pub(crate) secrets: Secrets,
    pub(crate) since_ms: u64,
    conductors: Mutex<BTreeMap<Scope, Conductor>>,
    journal: watch::Sender<u64>,
    shutdown: watch::Sender<bool>,
}

impl App {
    pub(crate) fn new(
        state: PathBuf,
        store: Store,
        platform: Arc<HostPlatform>,
        edge: Arc<EdgeSupervisor>,
        secrets: Secrets,
    ) -> Self {
        Self {
            state,
            store,
            platform,
            edge,
            secrets,
            since_ms: crate::clock::timestamp().0,
            conductors: Mutex::default(),
            journal: watch::Sender::new(0),
            shutdown: watch::Sender::new(false),
        }
    }

    /// The conductor of a scope; it starts with its first use.
    pub(crate) fn conductor(self: &Arc<Self>, scope: &Scope) -> Conductor {
        let mut conductors = self.conductors.lock().unwrap_or_else(PoisonError::into_inner);
        conductors
            .entry(scope.clone())
            .or_insert_with(|| Conductor::start(Arc::clone(self), scope.clone()))
            .clone()
    }

    /// Writes to the journal and wakes whoever follows it.
    pub(crate) fn append(&self, release: &ReleaseId, appended: &Appended<'_>) -> Result<(), StoreError> {
        // SQLite's fsync blocks for milliseconds; the other tasks go on meanwhile.
        let numbers =
            tokio::task::block_in_place(|| self.store.append(release, crate::clock::timestamp().0, appended))?;
        if let Some(newest) = numbers.last() {
            self.journal.send_replace(*newest);
        }
        Ok(())
    }

    /// Changes whenever something was written to the journal.
    pub(crate) fn follow_journal(&self) -> watch::Receiver<u64> {
        self.journal.subscribe()
    }

    /// Asks the daemon to end.
    pub(crate) fn shut_down(&self) {
        log_line("shutting down");
        self.shutdown.send_replace(true);
    }

    /// Becomes true when the daemon shall end.
    pub(crate) fn shutdown(&self) -> watch::Receiver<bool> {
        self.shutdown.subscribe()
    }
}
