//! What the engine asks of a side: so many instances, none, or all of them anew.

use std::sync::Arc;

use seaworthy_platform::{PlatformError, Scope, SideId, SideObserved, SideSpec};

use crate::host::Host;
use crate::instance::{Instance, Leaving};
use crate::lower::victims;

impl Host {
    /// Brings a side to so many instances; see [`seaworthy_platform::Platform::ensure`].
    pub(crate) async fn ensure(
        self: &Arc<Self>,
        spec: &SideSpec,
        replicas: u32,
    ) -> Result<SideObserved, PlatformError> {
        let wanted = usize::try_from(replicas).unwrap_or(usize::MAX);
        let (host, side) = (Arc::clone(self), spec.clone());
        let staying = self
            .to_the_end(async move {
                let _alone = host.lock_side(&side.id).await;
                let surplus = victims(host.staying(&side.id), wanted);
                if !surplus.is_empty() {
                    host.retire(&side.id.scope, &surplus).await?;
                }
                let mut staying = host.staying(&side.id);
                while staying.len() < wanted {
                    staying.push(host.start_one(&side).await?);
                }
                Ok(staying)
            })
            .await?;
        // Not under the lock: an abort must be able to take away what will never be ready.
        self.all_ready(&staying).await?;
        self.publish(&spec.id.scope).await?;
        self.finish_leaving(&spec.id).await?;
        Ok(self.observe_side(&spec.id))
    }

    /// Takes a side away with everything of it.
    pub(crate) async fn remove(self: &Arc<Self>, side: &SideId) -> Result<(), PlatformError> {
        let (host, side) = (Arc::clone(self), side.clone());
        self.to_the_end(async move {
            let _alone = host.lock_side(&side).await;
            host.retire(&side.scope, &host.of_side(&side)).await?;
            host.forget_sides(&side.scope, |known| *known == side)
        })
        .await
    }

    /// Replaces every instance of a service, one at a time: a new one is ready, and takes its place in the
    /// routes in the same step in which an old one leaves them.
    pub(crate) async fn restart(self: &Arc<Self>, scope: &Scope, service: &str) -> Result<(), PlatformError> {
        let mut old = self.of_scope(scope);
        old.retain(|instance| instance.side().service == service && instance.view.borrow().leaving == Leaving::No);
        for instance in old {
            self.replace(&instance).await?;
        }
        Ok(())
    }

    async fn replace(self: &Arc<Self>, old: &Arc<Instance>) -> Result<(), PlatformError> {
        let spec = old.record.spec.clone();
        let (host, side) = (Arc::clone(self), spec.clone());
        let new = self
            .to_the_end(async move {
                let _alone = host.lock_side(&side.id).await;
                host.start_one(&side).await
            })
            .await?;
        let ready = self.all_ready(std::slice::from_ref(&new)).await;
        // What did not become ready goes again, and the old one stays.
        let leaving = if ready.is_ok() { Arc::clone(old) } else { new };
        let host = Arc::clone(self);
        let retired = self
            .to_the_end(async move {
                let _alone = host.lock_side(&spec.id).await;
                host.retire(&spec.id.scope, &[leaving]).await
            })
            .await;
        ready.and(retired)
    }

    /// Goes on with instances whose way out was interrupted, by an edge that did not answer for example.
    async fn finish_leaving(self: &Arc<Self>, side: &SideId) -> Result<(), PlatformError> {
        let (host, side) = (Arc::clone(self), side.clone());
        self.to_the_end(async move {
            let _alone = host.lock_side(&side).await;
            let mut leaving = host.of_side(&side);
            leaving.retain(|instance| instance.view.borrow().leaving != Leaving::No);
            host.retire(&side.scope, &leaving).await
        })
        .await
    }
}
