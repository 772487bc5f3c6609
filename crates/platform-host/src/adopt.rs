//! What a daemon that starts finds: instances of the previous one, running or not, and what that one had begun.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use futures_util::future::join_all;
use seaworthy_platform::{PlatformError, Scope};
use tokio::time::{sleep, timeout};

use crate::artifact::remove_tree;
use crate::blocking::blocking;
use crate::failure::disk;
use crate::follow::follow;
use crate::host::Host;
use crate::instance::{Instance, Leaving, View};
use crate::keeper;
use crate::layout::file;
use crate::monitor::watch_over;
use crate::place;
use crate::record::{Record, Verified};

/// How long adoption waits for keepers to be heard. One that is slower is waited for in the background.
const KEEPERS: Duration = Duration::from_secs(5);

const FIRST_RETRY: Duration = Duration::from_millis(200);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

struct Found {
    record: Record,
    dir: PathBuf,
    view: View,
}

impl Host {
    /// Takes over what is there. Nothing is published: the edge goes on with what it has until it is told.
    pub(crate) async fn adopt(self: &Arc<Self>) -> Result<(), PlatformError> {
        let host = Arc::clone(self);
        let found = blocking(move || host.find()).await?;
        let mut leaving: BTreeMap<Scope, Vec<Arc<Instance>>> = BTreeMap::new();
        let mut adopted = Vec::new();
        for Found { record, dir, view } in found {
            if let Some(port) = record.port {
                self.ports.keep(port);
            }
            let is_leaving = view.leaving != Leaving::No;
            let (instance, wanted) = Instance::new(record, dir, view);
            let instance = Arc::new(instance);
            self.register(Arc::clone(&instance));
            self.spawn(follow(Arc::clone(self), Arc::clone(&instance), wanted, None));
            self.spawn(watch_over(Arc::clone(self), Arc::clone(&instance)));
            if is_leaving {
                leaving
                    .entry(instance.side().scope.clone())
                    .or_default()
                    .push(Arc::clone(&instance));
            }
            adopted.push(instance);
        }
        self.read_routings()?;
        let heard = adopted
            .iter()
            .map(|instance| instance.until(|view| view.heard || view.trouble.is_some()));
        let _the_slow_ones_follow = timeout(KEEPERS, join_all(heard)).await;
        for (scope, instances) in leaving {
            self.spawn(finish_retiring(Arc::clone(self), scope, instances));
        }
        Ok(())
    }

    fn find(&self) -> Result<Vec<Found>, PlatformError> {
        let instances = self.layout.instances();
        let listing = fs::read_dir(&instances).map_err(|error| disk(&instances, "list the instances", &error))?;
        let mut all = Vec::new();
        for entry in listing.flatten() {
            let dir = entry.path();
            if !dir.is_dir() {
                continue;
            }
            let record = Record::read(&dir).map_err(|error| disk(&dir, "read the instance's record", &error))?;
            match record {
                Some(record) if !is_gone(&dir) => all.push(self.found(record, dir)?),
                // It was being made or being cleared away when the daemon died; no process belongs to it.
                _ => remove_tree(&dir).map_err(|error| disk(&dir, "remove what is left of an instance", &error))?,
            }
        }
        Ok(all)
    }

    fn found(&self, record: Record, dir: PathBuf) -> Result<Found, PlatformError> {
        let verified = Verified::read(&dir).map_err(|error| disk(&dir, "read when the instance was ready", &error))?;
        // After a reboot no process is what it was.
        let this_boot = |boot: &str| boot == self.boot_id && !boot.is_empty();
        let view = View {
            status: keeper::last_status(&dir).filter(|status| this_boot(&status.boot_id)),
            ever_ready: verified.is_some(),
            verified: verified
                .filter(|verified| this_boot(&verified.boot_id))
                .map(|verified| verified.life),
            leaving: match fs::metadata(dir.join(file::LEAVING)) {
                Ok(_) => Leaving::Draining,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Leaving::No,
                Err(error) => return Err(disk(&dir, "look at the instance", &error)),
            },
            ..View::fresh()
        };
        Ok(Found { record, dir, view })
    }
}

fn is_gone(dir: &std::path::Path) -> bool {
    dir.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(place::GONE))
}

/// Nobody may ask for it again, so it is tried until it is done.
async fn finish_retiring(host: Arc<Host>, scope: Scope, instances: Vec<Arc<Instance>>) {
    let mut wait = FIRST_RETRY;
    while host.retire(&scope, &instances).await.is_err() {
        sleep(wait).await;
        wait = (wait * 2).min(LONGEST_RETRY);
    }
}
