//! What outlives a configuration: the state of targets and upstreams that the next one names again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::config::{Probe, Target};
use crate::health::Limits;
use crate::target::{TargetKey, TargetState, UpstreamState};

/// States by what they belong to. Lives on the control thread.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    targets: HashMap<TargetKey, Arc<TargetState>>,
    upstreams: HashMap<Arc<str>, Arc<UpstreamState>>,
    /// By upstream and release. Kept for the life of the process: a release that was ejected often is worth remembering.
    ejections: BTreeMap<(Arc<str>, Arc<str>), Arc<AtomicU64>>,
}

impl Registry {
    /// The state of `target`: the one it has, if it is the same life at the same address, or a fresh one.
    pub(crate) fn target(
        &mut self,
        upstream: &Arc<str>,
        release: &Arc<str>,
        target: &Target,
        probe: &Probe,
    ) -> Arc<TargetState> {
        let key = TargetKey {
            id: target.id.as_str().into(),
            life: target.life,
            address: target.address,
        };
        let limits = Limits {
            passes: probe.passes,
            fails: probe.fails,
        };
        if let Some(state) = self.targets.get(&key) {
            return Arc::clone(state);
        }
        let ejections = self
            .ejections
            .entry((Arc::clone(upstream), Arc::clone(release)))
            .or_default();
        let state = Arc::new(TargetState::new(
            key.clone(),
            target.verified,
            limits,
            Arc::clone(ejections),
        ));
        self.targets.insert(key, Arc::clone(&state));
        state
    }

    /// The state of an upstream.
    pub(crate) fn upstream(&mut self, id: &Arc<str>) -> Arc<UpstreamState> {
        Arc::clone(self.upstreams.entry(Arc::clone(id)).or_default())
    }

    /// Forgets what nobody uses any more: neither `live` nor a request in flight.
    pub(crate) fn prune(&mut self, live: &crate::table::Table) {
        let named: std::collections::HashSet<&TargetKey> = live.targets.iter().map(|entry| &entry.state.key).collect();
        self.targets
            .retain(|key, state| named.contains(key) || state.in_flight() > 0);
        self.upstreams.retain(|_, state| Arc::strong_count(state) > 1);
    }

    /// All lives of a target that have not been forgotten.
    pub(crate) fn lives(&self, id: &str) -> Vec<Arc<TargetState>> {
        self.targets
            .values()
            .filter(|state| &*state.key.id == id)
            .cloned()
            .collect()
    }

    /// Ejections by upstream and release.
    pub(crate) fn ejections(&self) -> &BTreeMap<(Arc<str>, Arc<str>), Arc<AtomicU64>> {
        &self.ejections
    }
}
