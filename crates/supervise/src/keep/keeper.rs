//! The keeper's loop: waits for whatever comes first, lets [`Life`] decide, and does it.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_process_group, pidfd_send_signal};
use rustix::time::{ClockId, clock_gettime};

use super::adopt::{self, Start};
use super::family::{self, Root};
use super::output::Output;
use super::seen::{Held, as_pid, reap_orphans};
use super::server::Server;
use super::{Mode, record, start, table};
use crate::life::{Act, Life, Phase};
use crate::protocol::{Ask, Exit, KeepSpec, Process, Refusal, Status};
use crate::signals::Signals;

/// How often a family that should be gone is looked at, milliseconds.
const LOOK_EVERY_MS: u64 = 20;

/// How many processes a message names.
const MOST_NAMED: usize = 10;

/// A keeper at work.
pub(crate) struct Keeper {
    pub(super) spec: KeepSpec,
    pub(super) boot_id: String,
    pub(super) life: Life,
    /// The instance's process, until it has ended and its status is taken.
    held: Option<Held>,
    /// The same process, until its family is gone too.
    pub(super) main: Option<Process>,
    /// Whether an earlier keeper started that process.
    is_adopted: bool,
    pub(super) output: Output,
    pub(super) server: Server,
    signals: Signals,
    acts: Vec<Act>,
    pub(super) told: Option<Status>,
    /// When the family is looked at next.
    look_at: u64,
    /// When what the disk refused is tried again.
    pub(super) retry_at: Option<u64>,
}

impl Keeper {
    /// Prepares in the current directory, with what an earlier keeper left there; none if the instance has ended for good.
    pub(crate) fn new(spec: KeepSpec, mode: Mode) -> io::Result<Option<Self>> {
        let now = now();
        let boot_id = table::boot_id()?;
        let previous = record::load(Path::new("."))?;
        let Ok(begun) = adopt::start(&spec, mode, &boot_id, previous, now, wall_ms()) else {
            return Ok(None);
        };
        let Start {
            life,
            held,
            main,
            note,
            acts,
        } = begun;
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let mut output = Output::open(&spec, now)?;
        if let Some(note) = note {
            output.note(&note);
        }
        Ok(Some(Self {
            signals: Signals::take()?,
            server: Server::listen()?,
            spec,
            boot_id,
            life,
            held,
            is_adopted: main.is_some(),
            main,
            output,
            acts,
            told: None,
            look_at: now,
            retry_at: None,
        }))
    }

    /// Keeps the instance until it has ended for good. `ready` is called once, when its status has been written down.
    pub(crate) fn run(&mut self, ready: impl FnOnce()) -> io::Result<()> {
        let mut ready = Some(ready);
        loop {
            let now = now();
            self.see_exit(now);
            self.life.tick(now, &mut self.acts);
            self.see_family(now)?;
            self.act(now)?;
            let more = self.output.pump(now)?;
            self.retry(now);
            self.publish(now);
            if let Some(ready) = ready.take() {
                ready();
            }
            if *self.life.phase() == Phase::Ended {
                return Ok(());
            }
            let due = if more { Some(now) } else { self.due() };
            self.wait(due)?;
            self.heed();
        }
    }

    /// Tells everybody who waits for it that it is over.
    pub(crate) fn close(self) {
        let status = self.status();
        self.server.close(&status);
    }

    fn see_exit(&mut self, now: u64) {
        if self.life.is_clearing() {
            return;
        }
        if let Some(exit) = self.held.as_ref().and_then(Held::ended) {
            self.life.exited(now, exit);
            self.look_at = now;
        }
    }

    /// Once the process has ended: what is left of all that it started.
    fn see_family(&mut self, now: u64) -> io::Result<()> {
        if !self.life.is_clearing() || now < self.look_at {
            return Ok(());
        }
        self.look_at = now + LOOK_EVERY_MS;
        let left: Vec<String> = self.main.map_or_else(Vec::new, |main| {
            let family = family::look(&self.root(main));
            let left = family.iter().filter(|process| process.pid != main.pid);
            left.take(MOST_NAMED).map(table::describe).collect()
        });
        if left.is_empty() {
            // Nobody is left who could write: what the FIFOs hold is all there is.
            self.output.finish(now)?;
            if let Some(held) = self.held.take() {
                held.forget();
            }
            self.main = None;
        }
        self.life.family(now, left, &mut self.acts);
        Ok(())
    }

    fn act(&mut self, now: u64) -> io::Result<()> {
        while !self.acts.is_empty() {
            for act in std::mem::take(&mut self.acts) {
                match act {
                    Act::Start => self.start(now),
                    Act::Terminate => {
                        // A keeper that is killed now leaves a stop to the next one, rather than an exit.
                        self.publish(now);
                        self.terminate();
                    }
                    Act::Kill => self.kill(),
                    Act::Note(text) => self.output.note(&text),
                }
            }
        }
        Ok(())
    }

    fn start(&mut self, now: u64) {
        let begun = start::launcher().and_then(|launcher| Ok((Held::child(launcher.pid, wall_ms())?, launcher)));
        let (held, launcher) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                let reason = format!("no process can be started: {error}");
                return self.life.exited(now, Exit::NotExecuted { reason });
            }
        };
        let pid = held.process.pid;
        self.main = Some(held.process);
        self.is_adopted = false;
        self.held = Some(held);
        self.life.started(now);
        // Written down before the launcher knows what to execute, so that no instance is ever unknown.
        self.save(now, &self.status());
        match launcher.execute(&self.spec) {
            Ok(notes) => {
                self.output
                    .note(&format!("life {} started: process {pid}", self.life.number()));
                for note in notes {
                    self.output.note(&note);
                }
            }
            Err(reason) => {
                if let Some(held) = &self.held {
                    // It is about to end, or hangs.
                    let _ = pidfd_send_signal(held, Signal::KILL);
                }
                self.life.exited(now, Exit::NotExecuted { reason });
                self.look_at = now;
            }
        }
    }

    fn terminate(&mut self) {
        let Some(main) = self.main else { return };
        // Looked at first: what has left the group may be nobody's child a moment after its parent has ended.
        let mut others = family::look(&self.root(main));
        others.retain(|process| process.group != main.pid);
        if let Some(group) = as_pid(main.pid).filter(|_| self.held.is_some()) {
            // As one, so that no member can start another between two signals. Those that are stopped must go on to see it.
            let _ = kill_process_group(group, Signal::TERM);
            let _ = kill_process_group(group, Signal::CONT);
        }
        family::signal(&others, Signal::TERM);
    }

    fn kill(&mut self) {
        if let Some(main) = self.main {
            family::signal(&family::look(&self.root(main)), Signal::KILL);
        }
    }

    fn root(&self, main: Process) -> Root {
        let outputs = if self.is_adopted {
            self.output.files()
        } else {
            Vec::new()
        };
        Root {
            keeper: std::process::id(),
            main,
            outputs,
        }
    }

    /// Signals and questions.
    fn heed(&mut self) {
        let arrived = self.signals.arrived();
        if arrived.child {
            reap_orphans(std::process::id(), self.held.as_ref().map(|held| held.process.pid));
        }
        if let Some(signal) = arrived.asked_to_end {
            let exit = Exit::Signal { signal };
            self.output.note(&format!(
                "the keeper was to be {exit}: ignored, it is stopped over its socket"
            ));
        }
        let now = now();
        for (client, ask) in self.server.attend() {
            match ask {
                Ask::Watch => self.server.watch(client),
                Ask::Stop => {
                    self.server.await_end(client);
                    self.life.stop(now, &mut self.acts);
                }
                Ask::Restart { reason } => match self.life.restart(now, &mut self.acts) {
                    Ok(()) => {
                        self.output.note(&format!("restart: {reason}"));
                        self.server.answer_next(client);
                    }
                    Err(refused) => self.server.tell(client, &Refusal { refused }),
                },
            }
        }
    }

    fn due(&self) -> Option<u64> {
        let look = self.life.is_clearing().then_some(self.look_at);
        [self.life.due(), look, self.output.due(), self.retry_at]
            .into_iter()
            .flatten()
            .min()
    }

    fn wait(&self, due: Option<u64>) -> io::Result<()> {
        let mut fds = vec![
            PollFd::new(&self.signals, PollFlags::IN),
            PollFd::new(&self.server.listener, PollFlags::IN),
        ];
        // Once it has ended it stays readable.
        if let Some(held) = self.held.as_ref().filter(|_| !self.life.is_clearing()) {
            fds.push(PollFd::new(held, PollFlags::IN));
        }
        for stream in self.output.streams.iter().filter(|stream| stream.is_awaited()) {
            fds.push(PollFd::new(&stream.fifo, PollFlags::IN));
        }
        for client in &self.server.clients {
            let flags = if client.has_untold() {
                PollFlags::IN | PollFlags::OUT
            } else {
                PollFlags::IN
            };
            fds.push(PollFd::new(&client.stream, flags));
        }
        let timeout = due.map(|due| {
            let ms = due.saturating_sub(now());
            Timespec {
                tv_sec: (ms / 1000).cast_signed(),
                tv_nsec: (ms % 1000 * 1_000_000).cast_signed(),
            }
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Milliseconds since boot, also while the machine slept: a clock that every keeper of this boot shares.
pub(super) fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec.cast_unsigned() * 1000 + time.tv_nsec.cast_unsigned() / 1_000_000
}

/// Milliseconds since the Unix epoch.
pub(super) fn wall_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
