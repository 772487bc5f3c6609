//! Runs the releases of one application and environment, one at a time.
//!
//! The conductor is the shell around the release machine: it writes entries down, runs the pending effect, and feeds back
//! what happened. It decides nothing about a release.

mod follow;
mod queue;
mod stop;

use std::sync::Arc;

use seaworthy_api::Queue;
use seaworthy_platform::{ReleaseId, Scope};
use seaworthy_release::Command;
use seaworthy_store::NewRelease;
use tokio::sync::{mpsc, oneshot};

use crate::app::App;
use crate::refusal::Refused;

/// A handle to the task that runs a scope's releases.
#[derive(Debug, Clone)]
pub(crate) struct Conductor {
    mailbox: mpsc::Sender<Message>,
}

/// What a conductor is asked.
#[derive(Debug)]
pub(crate) enum Message {
    /// Write a release down and run it when it is its turn.
    Submit {
        new: NewRelease,
        queue: Queue,
        reply: Reply<ReleaseId>,
    },
    /// Steer a release.
    Steer {
        release: ReleaseId,
        command: Command,
        reply: Reply<()>,
    },
    /// Stop everything of this scope; with `forget`, remove its history and files too.
    Stop {
        by: String,
        forget: bool,
        reply: Reply<Vec<String>>,
    },
    /// Run an unfinished release of an earlier daemon.
    Resume { release: ReleaseId },
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

impl Conductor {
    /// Starts the task.
    pub(crate) fn start(app: Arc<App>, scope: Scope) -> Self {
        let (mailbox, messages) = mpsc::channel(64);
        tokio::spawn(queue::Queued::new(app, scope, messages).run());
        Self { mailbox }
    }

    pub(crate) async fn submit(&self, new: NewRelease, queue: Queue) -> Result<ReleaseId, Refused> {
        self.ask(|reply| Message::Submit { new, queue, reply }).await
    }

    pub(crate) async fn steer(&self, release: ReleaseId, command: Command) -> Result<(), Refused> {
        self.ask(|reply| Message::Steer {
            release,
            command,
            reply,
        })
        .await
    }

    pub(crate) async fn stop(&self, by: String, forget: bool) -> Result<Vec<String>, Refused> {
        self.ask(|reply| Message::Stop { by, forget, reply }).await
    }

    pub(crate) async fn resume(&self, release: ReleaseId) {
        // The task ends only with the daemon, and then there is nothing to resume.
        let _ = self.mailbox.send(Message::Resume { release }).await;
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        let gone = || Refused::failed("daemon", "the daemon is ending", "ask again when it runs");
        self.mailbox.send(message(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
