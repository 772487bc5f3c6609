//! An edge that writes down what it is told, and refuses or delays when it is asked to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use seaworthy_edge::config::Target;
use seaworthy_platform::{PlatformError, Routed, Scope, Timestamp};
use seaworthy_platform_host::{EdgePort, ScopeView};
use tokio::sync::{Notify, Semaphore};

use super::PATIENCE;

/// One thing it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The targets of the service `web`, with life and whether they are draining.
    Targets(BTreeMap<String, (u32, bool)>),
    /// Drain these.
    Drain(Vec<String>),
}

#[derive(Debug)]
pub struct Edge {
    told: Mutex<Vec<Told>>,
    views: Mutex<Vec<ScopeView>>,
    news: Notify,
    version: AtomicU64,
    refuses: AtomicBool,
    /// How many drains may end; plenty unless a test holds them.
    drains: Semaphore,
}

impl Default for Edge {
    fn default() -> Self {
        Self {
            told: Mutex::default(),
            views: Mutex::default(),
            news: Notify::new(),
            version: AtomicU64::new(0),
            refuses: AtomicBool::new(false),
            drains: Semaphore::new(1000),
        }
    }
}

impl Edge {
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap().clone()
    }

    pub fn last_view(&self) -> ScopeView {
        self.views.lock().unwrap().last().cloned().unwrap()
    }

    pub fn forget(&self) {
        self.told.lock().unwrap().clear();
    }

    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::SeqCst);
    }

    /// From now on drains do not end.
    pub fn hold_drains(&self) {
        self.drains.forget_permits(1000);
    }

    pub fn let_drains_end(&self) {
        self.drains.add_permits(1000);
    }

    /// Waits until what it was told satisfies this.
    pub async fn until(&self, what: &str, wanted: impl Fn(&[Told]) -> bool) {
        let waiting = async {
            loop {
                let news = self.news.notified();
                if wanted(&self.told()) {
                    return;
                }
                news.await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{what} did not happen: {:#?}", self.told());
        }
    }

    fn hear(&self, told: Told) {
        self.told.lock().unwrap().push(told);
        self.news.notify_waiters();
    }
}

fn seen(target: &Target) -> (String, (u32, bool)) {
    (target.id.clone(), (target.life, target.draining))
}

impl EdgePort for Edge {
    fn publish<'a>(&'a self, scope: &'a Scope, view: ScopeView) -> BoxFuture<'a, Result<Routed, PlatformError>> {
        async move {
            if self.refuses.load(Ordering::SeqCst) {
                return Err(PlatformError::Edge {
                    cause: "it refuses, as the test wants".to_owned(),
                    remedy: "none".to_owned(),
                });
            }
            let web = view.upstreams.get(&format!("{scope}/web"));
            let sides = web.into_iter().flat_map(|upstream| &upstream.sides);
            let (outside, own): (Vec<_>, Vec<_>) = sides.partition(|side| side.release == "external");
            assert!(
                own.iter().flat_map(|side| &side.targets).all(|target| target.verified),
                "{own:?}"
            );
            let all = outside.into_iter().chain(own);
            let targets = all.flat_map(|side| &side.targets).map(seen).collect();
            self.views.lock().unwrap().push(view.clone());
            self.hear(Told::Targets(targets));
            Ok(Routed {
                version: self.version.fetch_add(1, Ordering::SeqCst) + 1,
                at: Timestamp(0),
            })
        }
        .boxed()
    }

    fn drain<'a>(&'a self, targets: Vec<String>, _within: Duration) -> BoxFuture<'a, Vec<(String, u64)>> {
        async move {
            self.hear(Told::Drain(targets));
            let _permit = self.drains.acquire().await.unwrap();
            Vec::new()
        }
        .boxed()
    }
}
