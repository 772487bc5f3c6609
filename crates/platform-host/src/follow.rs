//! One task per instance: the only one that talks to its keeper. Replaces a keeper that is gone, while the instance goes on.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_platform::{PlatformError, TroubleKind};
use seaworthy_supervise::protocol::KeepSpec;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep;

use crate::blocking::blocking;
use crate::failure::as_trouble;
use crate::host::Host;
use crate::instance::{Instance, Leaving, Want};
use crate::keep_spec::Process;
use crate::keeper::{self, Keeper};
use crate::proc;

/// Between two tries to start a keeper.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Follows an instance's keeper until the instance is stopped for good.
/// `first`: what to start it with; none for an instance that was found, whose keeper probably lives.
pub(crate) async fn follow(
    host: Arc<Host>,
    instance: Arc<Instance>,
    wants: UnboundedReceiver<Want>,
    first: Option<KeepSpec>,
) {
    let mut follower = Follower {
        host,
        instance,
        wants,
        first,
    };
    follower.until_stopped().await;
    follower.stop().await;
    let Follower { host, instance, .. } = follower;
    host.change(&instance, |view| view.leaving = Leaving::Gone);
}

struct Follower {
    host: Arc<Host>,
    instance: Arc<Instance>,
    wants: UnboundedReceiver<Want>,
    first: Option<KeepSpec>,
}

impl Follower {
    /// Keeps a keeper there and hears it, until somebody wants the instance to stop.
    async fn until_stopped(&mut self) {
        let mut wait = FIRST_RETRY;
        loop {
            match self.keeper().await {
                Ok(keeper) => {
                    if wait > FIRST_RETRY {
                        self.host.change(&self.instance, |view| {
                            view.trouble.take_if(|trouble| trouble.kind == TroubleKind::Platform);
                        });
                    }
                    if self.hear(keeper).await == End::Stop {
                        return;
                    }
                    wait = FIRST_RETRY;
                }
                Err(error) => {
                    let trouble = as_trouble(&error);
                    self.host.change(&self.instance, |view| view.trouble = Some(trouble));
                    if self.stop_wanted_within(wait).await {
                        return;
                    }
                    wait = (wait * 2).min(LONGEST_RETRY);
                }
            }
        }
    }

    /// The keeper that is there, or a new one.
    async fn keeper(&mut self) -> Result<Keeper, PlatformError> {
        if self.first.is_none()
            && let Some(keeper) = keeper::connect(&self.instance.dir).await
        {
            return Ok(keeper);
        }
        let spec = match self.first.take() {
            Some(spec) => spec,
            None => self.spec().await?,
        };
        let replaces = self.instance.view.borrow().heard;
        let keeper = keeper::start(&self.host.binary, &spec).await?;
        if replaces {
            self.host
                .note(&self.instance, "its keeper was gone and has been replaced".to_owned());
        }
        Ok(keeper)
    }

    /// A keeper that takes over must be able to start the instance again, so it is told everything anew.
    async fn spec(&self) -> Result<KeepSpec, PlatformError> {
        let (host, instance) = (Arc::clone(&self.host), Arc::clone(&self.instance));
        blocking(move || host.keep_spec(&Process::of(&instance.record, &instance.dir))).await
    }

    /// Hears a keeper until it is gone or the instance is to stop.
    async fn hear(&mut self, mut keeper: Keeper) -> End {
        loop {
            tokio::select! {
                status = keeper.next() => match status {
                    Some(status) => self.host.change(&self.instance, |view| {
                        view.status = Some(status);
                        view.heard = true;
                    }),
                    None => return End::KeeperGone,
                },
                want = self.wants.recv() => match want {
                    Some(Want::Restart(reason)) => {
                        // When it cannot be told it is about to be replaced, and the liveness probe will fail again.
                        let _told = keeper::restart(&self.instance.dir, &reason).await;
                    }
                    Some(Want::Stop) | None => return End::Stop,
                },
            }
        }
    }

    async fn stop_wanted_within(&mut self, wait: Duration) -> bool {
        tokio::select! {
            want = self.wants.recv() => !matches!(want, Some(Want::Restart(_))),
            () = sleep(wait) => false,
        }
    }

    /// Stops the instance, through a new keeper if the old one is gone, and answers when nothing of it runs.
    async fn stop(&mut self) {
        let mut wait = FIRST_RETRY;
        while let Err(error) = self.try_stop().await {
            let trouble = as_trouble(&error);
            self.host.change(&self.instance, |view| view.trouble = Some(trouble));
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_RETRY);
        }
    }

    async fn try_stop(&self) -> Result<(), PlatformError> {
        let dir = &self.instance.dir;
        if keeper::stop(dir).await? {
            return Ok(());
        }
        let last = keeper::last_status(dir);
        let process = last
            .filter(|status| status.boot_id == self.host.boot_id)
            .and_then(|status| status.process);
        if process.is_none_or(|process| !proc::is_alive(process.pid, process.start_ticks)) {
            return Ok(());
        }
        let spec = self.host.bare_keep_spec(&Process::of(&self.instance.record, dir));
        if keeper::take_over(&self.host.binary, &spec).await? {
            keeper::stop(dir).await?;
        }
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    KeeperGone,
    Stop,
}
