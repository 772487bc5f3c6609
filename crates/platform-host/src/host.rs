//! The state all tasks of the platform share, and the one place that changes what is seen of an instance.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use seaworthy_platform::{InstanceId, PlatformError, Scope, SideId, SideObserved, Timestamp};
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinSet;

use crate::edge_port::EdgePort;
use crate::failure::machine;
use crate::instance::{Instance, Leaving, View};
use crate::layout::Layout;
use crate::notice::Notice;
use crate::ports::Ports;
use crate::publish::ScopeRoutes;
use crate::secret_source::SecretSource;
use crate::users::Users;

/// How many changes a slow listener may lag behind before it is told that it missed some.
const LAG: usize = 1024;

pub(crate) struct Host {
    pub(crate) binary: PathBuf,
    pub(crate) layout: Layout,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) edge: Arc<dyn EdgePort>,
    pub(crate) ports: Ports,
    /// None unless the daemon runs as root: it then cannot give processes a user of their own.
    pub(crate) users: Option<Users>,
    pub(crate) boot_id: String,
    instances: Mutex<BTreeMap<InstanceId, Arc<Instance>>>,
    /// One change of a side's number of instances, and one run of a task, at a time.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    pub(crate) scopes: Mutex<BTreeMap<Scope, Arc<ScopeRoutes>>>,
    pub(crate) observed: broadcast::Sender<SideObserved>,
    pub(crate) notices: broadcast::Sender<Notice>,
    /// Everything that runs in the background. Tasks hold the host, so it is emptied when the platform is dropped.
    tasks: Mutex<JoinSet<()>>,
}

impl Host {
    pub(crate) fn new(
        binary: PathBuf,
        layout: Layout,
        secrets: Arc<dyn SecretSource>,
        edge: Arc<dyn EdgePort>,
        ports: Ports,
        users: Option<Users>,
    ) -> Self {
        Self {
            binary,
            layout,
            secrets,
            edge,
            ports,
            users,
            boot_id: crate::proc::boot_id(),
            instances: Mutex::default(),
            locks: Mutex::default(),
            scopes: Mutex::default(),
            observed: broadcast::Sender::new(LAG),
            notices: broadcast::Sender::new(LAG),
            tasks: Mutex::default(),
        }
    }

    /// All instances, those of a side oldest first.
    pub(crate) fn instances(&self) -> Vec<Arc<Instance>> {
        let mut all: Vec<_> = locked(&self.instances).values().cloned().collect();
        all.sort_by(|a, b| (a.side(), a.record.number).cmp(&(b.side(), b.record.number)));
        all
    }

    pub(crate) fn of_side(&self, side: &SideId) -> Vec<Arc<Instance>> {
        let mut all = self.instances();
        all.retain(|instance| instance.side() == side);
        all
    }

    pub(crate) fn of_scope(&self, scope: &Scope) -> Vec<Arc<Instance>> {
        let mut all = self.instances();
        all.retain(|instance| instance.side().scope == *scope);
        all
    }

    /// Those of a side that are meant to stay.
    pub(crate) fn staying(&self, side: &SideId) -> Vec<Arc<Instance>> {
        let mut all = self.of_side(side);
        all.retain(|instance| instance.view.borrow().leaving == Leaving::No);
        all
    }

    pub(crate) fn register(&self, instance: Arc<Instance>) {
        locked(&self.instances).insert(instance.record.id.clone(), instance);
    }

    /// Forgets an instance; `false` when somebody else already did.
    pub(crate) fn forget(&self, id: &InstanceId) -> bool {
        locked(&self.instances).remove(id).is_some()
    }

    /// Waits until nobody else works on this side or task.
    pub(crate) async fn lock(&self, what: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut locks = locked(&self.locks);
            // Sides come and go with every release: those nobody holds are dropped on the way.
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
            Arc::clone(locks.entry(what.to_owned()).or_default())
        };
        lock.lock_owned().await
    }

    /// [`Host::lock`] of a side. Its display leaves the scope out.
    pub(crate) async fn lock_side(&self, side: &SideId) -> tokio::sync::OwnedMutexGuard<()> {
        self.lock(&format!("{}/{side}", side.scope)).await
    }

    /// Changes what is seen of an instance, and tells everybody whom the change concerns.
    pub(crate) fn change(&self, instance: &Instance, edit: impl FnOnce(&mut View)) {
        let mut rerouted = false;
        let changed = instance.view.send_if_modified(|view| {
            let before = view.clone();
            edit(view);
            rerouted = before.face() != view.face();
            before != *view
        });
        if rerouted {
            self.scope_is_stale(&instance.side().scope);
        }
        if changed {
            // Nobody listening is not an error.
            let _listeners = self.observed.send(self.observe_side(instance.side()));
        }
    }

    pub(crate) fn observe_side(&self, side: &SideId) -> SideObserved {
        SideObserved {
            side: side.clone(),
            at: now(),
            instances: self.of_side(side).iter().map(|instance| instance.observed()).collect(),
        }
    }

    pub(crate) fn observe(&self, scope: Option<&Scope>) -> Vec<SideObserved> {
        let mut sides: Vec<_> = self
            .instances()
            .iter()
            .map(|instance| instance.side().clone())
            .collect();
        sides.retain(|side| scope.is_none_or(|scope| side.scope == *scope));
        sides.dedup();
        sides.iter().map(|side| self.observe_side(side)).collect()
    }

    /// Says something that should stand in the history of a scope.
    pub(crate) fn note(&self, instance: &Instance, text: String) {
        let _listeners = self.notices.send(Notice {
            at: now(),
            scope: instance.side().scope.clone(),
            instance: Some(instance.record.id.clone()),
            text,
        });
    }

    /// Runs something in the background until it ends or the platform is dropped.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = locked(&self.tasks);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(work);
    }

    /// Runs something to its end even if the caller goes away meanwhile: half a start would leave a process nobody knows of.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, PlatformError>> + Send + 'static,
    ) -> Result<T, PlatformError> {
        let (done, answer) = oneshot::channel();
        self.spawn(async move {
            // The caller may have gone away; the work is done all the same.
            let _caller = done.send(work.await);
        });
        answer.await.unwrap_or_else(|_| {
            Err(machine(
                "platform",
                "it was shut down while it worked",
                "ask again after the daemon has started",
            ))
        })
    }

    /// Ends all background tasks. Keepers and instances go on.
    pub(crate) fn shut_down(&self) {
        locked(&self.tasks).abort_all();
    }
}

/// Nothing panics while one of these locks is held, so what they guard is whole even if one should be poisoned.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
