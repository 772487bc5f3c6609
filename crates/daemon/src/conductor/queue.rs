//! The queue of a scope: releases never interleave.

use std::collections::VecDeque;
use std::sync::Arc;

use seaworthy_api::Queue;
use seaworthy_platform::{ReleaseId, Scope};
use seaworthy_release::{Command, Outcome, Reason};
use seaworthy_store::{NewRelease, StoreError};
use tokio::sync::mpsc;

use super::follow::{Following, JOURNAL_RETRY};
use super::{Message, stop};
use crate::app::App;
use crate::history;
use crate::process::log_line;
use crate::refusal::Refused;

/// The task of one scope.
pub(super) struct Queued {
    app: Arc<App>,
    scope: Scope,
    messages: mpsc::Receiver<Message>,
    waiting: VecDeque<ReleaseId>,
}

impl Queued {
    pub(super) fn new(app: Arc<App>, scope: Scope, messages: mpsc::Receiver<Message>) -> Self {
        Self {
            app,
            scope,
            messages,
            waiting: VecDeque::new(),
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            while let Some(release) = self.waiting.pop_front() {
                self.carry_out(release).await;
            }
            match self.messages.recv().await {
                Some(message) => self.idle(message).await,
                None => return,
            }
        }
    }

    /// Runs one release to its resting place, and meanwhile answers what comes in.
    async fn carry_out(&mut self, release: ReleaseId) {
        let mut following = loop {
            match Following::begin(&self.app, &self.scope, &release).await {
                Ok(Some(following)) => break following,
                Ok(None) => return,
                Err(error @ StoreError::Fenced { .. }) => {
                    log_line(&error.to_string());
                    return self.app.shut_down();
                }
                Err(error) => {
                    // A full disk for example: it begins when the journal can be read and written again.
                    log_line(&format!("{release} cannot begin: {error}"));
                    tokio::time::sleep(JOURNAL_RETRY).await;
                }
            }
        };
        while !following.ended() {
            tokio::select! {
                message = self.messages.recv() => match message {
                    Some(message) => self.busy(message, &mut following).await,
                    None => return,
                },
                () = following.advance() => {}
            }
        }
        following.settle().await;
    }

    /// Nothing is under way.
    async fn idle(&mut self, message: Message) {
        match message {
            Message::Submit { new, reply, .. } => answer(reply, self.submit(&new)),
            Message::Steer { reply, .. } => answer(
                reply,
                Err(Refused::conflict(
                    "not_now",
                    "no release is under way",
                    "rollback goes back to a kept release",
                )),
            ),
            Message::Stop { by, forget, reply } => answer(reply, stop::stop(&self.app, &self.scope, &by, forget).await),
            Message::Resume { release } => self.waiting.push_back(release),
        }
    }

    /// A release is under way.
    async fn busy(&mut self, message: Message, following: &mut Following) {
        match message {
            Message::Submit {
                queue: Queue::NoWait,
                reply,
                ..
            } => answer(reply, Err(Refused::busy(following.release().as_str()))),
            Message::Submit { new, queue, reply } => {
                let submitted = self.submit(&new);
                if let (Queue::Supersede, Ok(_)) = (queue, &submitted) {
                    // A release that can no longer be aborted has succeeded; the new one follows it all the same.
                    let _ = following
                        .command(Command::Abort {
                            by: format!("{} (superseded)", new.by),
                        })
                        .await;
                }
                answer(reply, submitted);
            }
            Message::Steer {
                release,
                command,
                reply,
            } if release == *following.release() => {
                answer(reply, following.command(command).await);
            }
            Message::Steer {
                release,
                command,
                reply,
            } => answer(reply, self.withdraw(&release, &command)),
            Message::Stop { reply, .. } => answer(reply, Err(Refused::busy_to_stop(following.release().as_str()))),
            Message::Resume { release } => self.waiting.push_back(release),
        }
    }

    fn submit(&mut self, new: &NewRelease) -> Result<ReleaseId, Refused> {
        let release = self.app.store.insert_release(new)?;
        self.waiting.push_back(release.clone());
        Ok(release)
    }

    /// A command for a release that waits for its turn: it can only be withdrawn.
    fn withdraw(&mut self, release: &ReleaseId, command: &Command) -> Result<(), Refused> {
        let Some(position) = self.waiting.iter().position(|waiting| waiting == release) else {
            return Err(Refused::conflict(
                "not_now",
                format!("{release} is not under way"),
                "seaworthy releases lists them",
            ));
        };
        let Command::Abort { by } = command else {
            return Err(Refused::conflict(
                "not_now",
                "it waits for its turn",
                "abort withdraws it",
            ));
        };
        let reason = Reason::new(
            "aborted",
            format!("{by} withdrew it before its turn"),
            "nothing: it never began",
        );
        history::write_end(&self.app, release, Outcome::Aborted, Some(reason))?;
        self.waiting.remove(position);
        Ok(())
    }
}

/// Whoever asked may have gone; the answer is for nobody then.
fn answer<T>(reply: super::Reply<T>, result: Result<T, Refused>) {
    drop(reply.send(result));
}
