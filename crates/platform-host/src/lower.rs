//! Fewer instances of a side: out of the routes, drained, stopped, cleared away. Every step may be repeated.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use seaworthy_platform::{PlatformError, Scope};

use crate::blocking::blocking;
use crate::failure::disk;
use crate::host::Host;
use crate::instance::{Instance, Leaving, Want};
use crate::layout::file;
use crate::place;

/// Which instances go when only `stay` may stay: first those that were never ready or are in trouble, then the oldest.
pub(crate) fn victims(mut instances: Vec<Arc<Instance>>, stay: usize) -> Vec<Arc<Instance>> {
    let surplus = instances.len().saturating_sub(stay);
    instances.sort_by_key(|instance| {
        let view = instance.view.borrow();
        let useful = view.ever_ready && view.trouble.is_none();
        (useful, instance.record.number)
    });
    instances.truncate(surplus);
    instances
}

impl Host {
    /// Retires instances of one scope together: one change of the routes, one drain, then all are stopped at once.
    pub(crate) async fn retire(
        self: &Arc<Self>,
        scope: &Scope,
        leaving: &[Arc<Instance>],
    ) -> Result<(), PlatformError> {
        if leaving.is_empty() {
            return Ok(());
        }
        for instance in leaving {
            self.mark_leaving(instance)?;
        }
        // The edge must have said that nothing new comes before anything is drained, let alone stopped.
        let published = self.publish(scope).await?;
        let targets: Vec<String> = leaving
            .iter()
            .map(|instance| instance.record.id.0.clone())
            .filter(|id| published.as_ref().is_some_and(|published| published.has_target(id)))
            .collect();
        if !targets.is_empty() {
            let longest = leaving
                .iter()
                .map(|instance| instance.record.spec.drain.duration())
                .max();
            self.drain(leaving, targets, longest.unwrap_or_default()).await;
        }
        try_join_all(leaving.iter().map(|instance| self.stop(instance))).await?;
        // What is gone need not be waited for: if the edge does not answer now, it is told as soon as it does.
        if self.publish(scope).await.is_err() {
            self.scope_is_stale(scope);
        }
        Ok(())
    }

    /// On disk first, so that a daemon that dies here is followed by one that goes on.
    fn mark_leaving(&self, instance: &Instance) -> Result<(), PlatformError> {
        let marker = instance.dir.join(file::LEAVING);
        match File::create(&marker) {
            Ok(_) => {}
            // Somebody else has cleared it away already.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(disk(&marker, "mark the instance as leaving", &error)),
        }
        self.change(instance, |view| view.leaving = view.leaving.max(Leaving::Draining));
        Ok(())
    }

    async fn drain(&self, leaving: &[Arc<Instance>], targets: Vec<String>, within: Duration) {
        for (target, requests) in self.edge.drain(targets, within).await {
            if let Some(instance) = leaving.iter().find(|instance| instance.record.id.as_str() == target) {
                let after = within.as_secs_f32();
                self.note(
                    instance,
                    format!("{requests} requests were not finished after {after} s and are cut off"),
                );
            }
        }
    }

    async fn stop(self: &Arc<Self>, instance: &Arc<Instance>) -> Result<(), PlatformError> {
        self.change(instance, |view| view.leaving = view.leaving.max(Leaving::Stopping));
        instance.want(Want::Stop);
        instance.until(|view| view.leaving == Leaving::Gone).await;
        self.clear(instance).await
    }

    async fn clear(self: &Arc<Self>, instance: &Arc<Instance>) -> Result<(), PlatformError> {
        let logs = self.layout.logs(&instance.side().scope, &instance.side().service);
        let dir = instance.dir.clone();
        let clear = move || place::clear(&dir, &logs).map_err(|error| disk(&dir, "clear the directory away", &error));
        blocking(clear).await?;
        if self.forget(&instance.record.id) {
            self.give_back(instance.record.port);
            let _listeners = self.observed.send(self.observe_side(instance.side()));
        }
        Ok(())
    }
}
