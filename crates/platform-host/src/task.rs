//! Processes that end: migrations and one-off commands, each run at most once for its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use seaworthy_platform::{EffectKey, PlatformError, TaskEnded, TaskSpec};
use seaworthy_supervise::log::{Filter, Follow, Line};
use seaworthy_supervise::protocol::{Exit, State, User};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedSender;

use crate::artifact::remove_tree;
use crate::blocking::blocking;
use crate::durable::{self, Survives};
use crate::failure::disk;
use crate::host::Host;
use crate::keep_spec::Process;
use crate::keeper::{self, Keeper};
use crate::last_lines::last_lines;
use crate::layout::file;
use crate::place;
use crate::record::{self, FORMAT};

/// Where a task that is to run, runs or ran has its files.
struct Places {
    id: String,
    /// While it runs.
    dir: PathBuf,
    /// Afterwards, by the task's name.
    logs: PathBuf,
}

/// Written before a task's keeper is started.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    format: u32,
    boot_id: String,
    user: Option<User>,
}

/// How a task ended, kept with its log.
#[derive(Debug, Serialize, Deserialize)]
struct Ended {
    format: u32,
    ended: TaskEnded,
}

impl Host {
    /// Runs a task to its end, or finds that it did run under this key. Its lines are sent as they come.
    pub(crate) async fn run(
        self: &Arc<Self>,
        key: &EffectKey,
        task: &TaskSpec,
        lines: Option<UnboundedSender<Line>>,
    ) -> Result<TaskEnded, PlatformError> {
        let (host, task, places) = (Arc::clone(self), task.clone(), self.places(key, task));
        self.to_the_end(async move {
            let _alone = host.lock(&places.id).await;
            if let Some(ended) = places.ended()? {
                return Ok(ended);
            }
            let seen = host.see_through(&task, &places, lines).await?;
            let ended = TaskEnded {
                exit: exit_status(seen.as_ref()),
                signal: match &seen {
                    Some(Exit::Signal { signal }) => Some(*signal),
                    _ => None,
                },
                last_lines: with_reason(last_lines(&places.dir).await, seen.as_ref()),
            };
            places.finish(ended).await
        })
        .await
    }

    /// Ends a task that runs: SIGTERM, then SIGKILL. Done when it does not run.
    pub(crate) async fn stop_task(&self, key: &EffectKey, task: &TaskSpec) -> Result<(), PlatformError> {
        let places = self.places(key, task);
        keeper::stop(&places.dir).await?;
        Ok(())
    }

    fn places(&self, key: &EffectKey, task: &TaskSpec) -> Places {
        let word = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
        let name: String = task.name.chars().map(word).take(40).collect();
        let id = format!("{name}-{}-{}-{}", key.release, key.step, key.attempt);
        Places {
            dir: self.layout.task(&id),
            logs: self.layout.logs(&task.scope, &name),
            id,
        }
    }

    /// Starts the task, or takes it up where a previous daemon left it. Answers how it ended; none when nobody saw that.
    async fn see_through(
        self: &Arc<Self>,
        task: &TaskSpec,
        places: &Places,
        lines: Option<UnboundedSender<Line>>,
    ) -> Result<Option<Exit>, PlatformError> {
        let mut live = lines.map(|to| Live::new(&places.dir, to));
        loop {
            let begun = places.begun()?;
            let mut keeper = match (keeper::connect(&places.dir).await, keeper::last_status(&places.dir)) {
                (Some(keeper), _) => keeper,
                (None, Some(status)) if status.state == State::Ended => return Ok(status.last_exit),
                // Its keeper was killed. The next one goes on with the process, or finds that it ended unseen.
                (None, Some(_)) => {
                    self.take_over(task, places, begun).await?;
                    continue;
                }
                // Before a power failure it may have done half of its work: what its keeper wrote is not synchronised to disk.
                (None, None) if begun.is_some_and(|begun| begun.boot_id != self.boot_id) => return Ok(None),
                // No keeper has written: the command was not executed, and may be.
                (None, None) => self.begin(task, places).await?,
            };
            loop {
                let status = match &mut live {
                    None => keeper.next().await,
                    Some(live) => tokio::select! {
                        status = keeper.next() => status,
                        () = live.pass_on() => continue,
                    },
                };
                match status {
                    Some(status) if status.state == State::Ended => {
                        if let Some(live) = &mut live {
                            live.rest();
                        }
                        return Ok(status.last_exit);
                    }
                    Some(_) => {}
                    None => break,
                }
            }
        }
    }

    async fn begin(self: &Arc<Self>, task: &TaskSpec, places: &Places) -> Result<Keeper, PlatformError> {
        let (host, task, dir, id) = (Arc::clone(self), task.clone(), places.dir.clone(), places.id.clone());
        let spec = blocking(move || {
            let user = host.users.as_ref().map(|users| users.of(&task.scope)).transpose()?;
            place::prepare(&dir, user).map_err(|error| disk(&dir, "make the task's directory", &error))?;
            let begun = Begun {
                format: FORMAT,
                boot_id: host.boot_id.clone(),
                user,
            };
            durable::write(&dir.join(file::RECORD), &begun, Survives::PowerLoss)
                .map_err(|error| disk(&dir, "write the task's record", &error))?;
            host.keep_spec(&process(&task, &id, &dir, user))
        })
        .await?;
        keeper::start(&self.binary, &spec).await
    }

    /// A keeper for a task that lost its own. The task is not started again, so the keeper needs no environment.
    async fn take_over(&self, task: &TaskSpec, places: &Places, begun: Option<Begun>) -> Result<(), PlatformError> {
        let user = begun.and_then(|begun| begun.user);
        let spec = self.bare_keep_spec(&process(task, &places.id, &places.dir, user));
        keeper::take_over(&self.binary, &spec).await?;
        Ok(())
    }
}

fn process<'a>(task: &'a TaskSpec, id: &'a str, dir: &'a Path, user: Option<User>) -> Process<'a> {
    Process {
        scope: &task.scope,
        id,
        dir,
        release: task.release.as_str(),
        artifact: &task.artifact,
        command: &task.command,
        env: &task.env,
        port: None,
        user,
        stop_ms: None,
    }
}

impl Places {
    fn begun(&self) -> Result<Option<Begun>, PlatformError> {
        let path = self.dir.join(file::RECORD);
        record::versioned(&path).map_err(|error| disk(&path, "read the task's record", &error))
    }

    fn ended(&self) -> Result<Option<TaskEnded>, PlatformError> {
        for dir in [self.logs.join(&self.id), self.dir.clone()] {
            let path = dir.join(file::ENDED);
            let ended: Option<Ended> =
                record::versioned(&path).map_err(|error| disk(&path, "read how the task ended", &error))?;
            if let Some(Ended { ended, .. }) = ended {
                return Ok(Some(ended));
            }
        }
        Ok(None)
    }

    /// Writes down how it ended before anything is cleared away: from then on the task is never run again.
    async fn finish(&self, ended: TaskEnded) -> Result<TaskEnded, PlatformError> {
        let (dir, logs) = (self.dir.clone(), self.logs.clone());
        blocking(move || {
            let record = Ended { format: FORMAT, ended };
            let kept = durable::write(&dir.join(file::ENDED), &record, Survives::PowerLoss)
                .and_then(|()| place::clear(&dir, &logs));
            kept.map_err(|error| disk(&dir, "keep how the task ended", &error))?;
            Ok(record.ended)
        })
        .await
    }
}

/// Removes what a previous daemon's finished tasks left, those nobody has asked for again.
pub(crate) fn sweep(tasks: &Path) -> io::Result<()> {
    for entry in fs::read_dir(tasks)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(place::GONE) {
            remove_tree(&entry.path())?;
        }
    }
    Ok(())
}

fn exit_status(exit: Option<&Exit>) -> Option<i32> {
    match exit? {
        Exit::Code { code } => Some(*code),
        // What a shell says of a command it cannot execute.
        Exit::NotExecuted { .. } => Some(127),
        Exit::ForkedAway { .. } => Some(0),
        Exit::Signal { .. } | Exit::Unknown => None,
    }
}

/// The last lines, and what the keeper knows beyond the exit status.
fn with_reason(mut lines: Vec<String>, exit: Option<&Exit>) -> Vec<String> {
    match exit {
        Some(Exit::Code { .. }) => {}
        Some(exit) => lines.push(format!("seaworthy: {exit}")),
        None => lines.push("seaworthy: nobody saw it end".to_owned()),
    }
    lines
}

/// Passes the lines of a running task on.
struct Live {
    dir: PathBuf,
    follow: Option<Follow>,
    to: UnboundedSender<Line>,
}

impl Live {
    fn new(dir: &Path, to: UnboundedSender<Line>) -> Self {
        let dir = dir.to_owned();
        Self { dir, follow: None, to }
    }

    /// Waits for lines and passes them on; never ends when they cannot be read, because the task goes on without readers.
    async fn pass_on(&mut self) {
        self.open();
        let lines = match &mut self.follow {
            Some(follow) => follow.next().await,
            None => return std::future::pending().await,
        };
        match lines {
            Ok(lines) => self.send(lines),
            Err(_) => std::future::pending().await,
        }
    }

    /// Everything that has come since; after the end.
    fn rest(&mut self) {
        self.open();
        if let Some(follow) = &mut self.follow
            && let Ok(lines) = follow.poll()
        {
            self.send(lines);
        }
    }

    fn open(&mut self) {
        if self.follow.is_none()
            && let Ok((before, follow)) = Follow::start(&self.dir, &Filter::default())
        {
            self.send(before);
            self.follow = Some(follow);
        }
    }

    fn send(&self, lines: Vec<Line>) {
        for line in lines {
            // A reader that went away does not stop the task.
            let _reader = self.to.send(line);
        }
    }
}
