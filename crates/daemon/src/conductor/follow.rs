//! Follows one release from its plan to its resting place.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_plan::Plan;
use seaworthy_platform::{Platform as _, ReleaseId, Scope, SideObserved};
use seaworthy_release::{Command, Effect, Entry, Event, Machine, Measures, Observation, Outcome, Reason};
use seaworthy_store::{Appended, Progress, StoreError, Success};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::app::App;
use crate::effects::Job;
use crate::measure::{Sample, Series};
use crate::process::log_line;
use crate::refusal::Refused;
use crate::{clock, history, planning, prune};

/// How long the journal is left alone when it could not be written, for example because the disk is full.
pub(super) const JOURNAL_RETRY: Duration = Duration::from_secs(1);

/// A release under way.
pub(super) struct Following {
    app: Arc<App>,
    machine: Machine,
    running: Option<Running>,
    seen: broadcast::Receiver<SideObserved>,
    series: Series,
    /// When the edge's counters are read next. Kept here, because waiting for it is interrupted by whatever else happens.
    next_look: Option<Instant>,
}

/// The effect that runs.
struct Running {
    step: u32,
    job: Job,
    task: JoinHandle<Result<Observation, Reason>>,
}

impl Running {
    /// It is no longer wanted; the next effect finds out how far it came.
    fn cancel(self, app: &Arc<App>) {
        self.task.abort();
        tokio::spawn(self.job.end(Arc::clone(app)));
    }
}

impl Following {
    /// Takes a release up where it is: plans it when it is new, folds its journal otherwise. None: it has ended by now.
    pub(super) async fn begin(app: &Arc<App>, scope: &Scope, release: &ReleaseId) -> Result<Option<Self>, StoreError> {
        let Some(row) = app.store.release(release)? else {
            return Ok(None);
        };
        let planned = match &row.plan {
            Some(plan) => serde_json::from_str::<Plan>(plan)
                .map_err(|error| Reason::new("journal", format!("its plan is not readable: {error}"), "release again")),
            None => planning::plan_release(app, scope, &row)
                .await
                .map_err(|refused| planning::as_reason(&refused)),
        };
        let plan = match planned {
            Ok(plan) => plan,
            Err(reason) => {
                history::write_end(app, release, Outcome::FailedBeforeTraffic, Some(reason))?;
                return Ok(None);
            }
        };
        if row.plan.is_none() {
            history::write_plan(app, release, &plan)?;
        }
        let journal: Vec<Entry> = history::entries(app, release, 0)?
            .into_iter()
            .map(|(_, _, entry)| entry)
            .collect();
        let machine = Machine::recover(release.clone(), plan, &journal);
        let mut following = Self {
            app: Arc::clone(app),
            machine,
            running: None,
            seen: app.platform.watch(),
            series: Series::default(),
            next_look: None,
        };
        following.feed(Event::Begin).await;
        Ok(Some(following))
    }

    pub(super) fn release(&self) -> &ReleaseId {
        self.machine.release()
    }

    pub(super) fn ended(&self) -> bool {
        self.machine.state().ended.is_some()
    }

    /// Waits for the next thing that happens and lets the machine decide what follows. Safe to drop at any await.
    pub(super) async fn advance(&mut self) {
        self.run_pending();
        let timer = self.machine.timer(&clock::moment()).map(Duration::from_millis);
        let event = tokio::select! {
            (step, result) = Self::effect(&mut self.running) => Event::Ended { step, result },
            seen = Self::observation(&mut self.seen, &self.machine.plan().scope) => match seen {
                Some(seen) => Event::Observed(seen),
                None => return self.look_again().await,
            },
            () = sleep_for(timer) => Event::Tick,
            measures = Self::measure(&self.app, &self.machine, &mut self.series, &mut self.next_look) => Event::Measured(measures),
        };
        let measured = matches!(event, Event::Measured(_));
        let routed = matches!(
            (&event, self.machine.pending()),
            (Event::Ended { .. }, Some((_, Effect::Route { .. })))
        );
        self.feed(event).await;
        if measured {
            // A verdict may be what a hold whose time is over was waiting for.
            self.feed(Event::Tick).await;
        }
        if routed {
            // A side may have fallen over between its probes and its traffic, and would not be told of again.
            self.look_again().await;
        }
    }

    /// Judges every side by what is so now, where the news of a change may have been missed.
    async fn look_again(&mut self) {
        let scope = self.machine.plan().scope.clone();
        for side in self.app.platform.observe(Some(&scope)).await {
            self.feed(Event::Observed(side)).await;
        }
    }

    /// Passes a person's command on.
    pub(super) async fn command(&mut self, command: Command) -> Result<(), Refused> {
        let entries = self.machine.handle(&clock::moment(), &Event::Command(command))?;
        self.write(&entries).await;
        Ok(())
    }

    /// What is left to do when it has ended.
    pub(super) async fn settle(&self) {
        if let Err(error) = prune::prune(&self.app, &self.machine.plan().scope).await {
            log_line(&format!("pruning after {}: {error}", self.release()));
        }
    }

    /// Starts the effect that should be running, and ends one that should not.
    fn run_pending(&mut self) {
        let wanted = self.machine.pending().map(|(step, _)| step);
        if self.running.as_ref().map(|running| running.step) == wanted {
            return;
        }
        if let Some(running) = self.running.take() {
            running.cancel(&self.app);
        }
        if let Some((step, effect)) = self.machine.pending() {
            let job = Job::new(&self.machine, step, effect);
            let task = tokio::spawn(job.clone().run(Arc::clone(&self.app)));
            self.running = Some(Running { step, job, task });
        }
    }

    async fn effect(running: &mut Option<Running>) -> (u32, Result<Observation, Reason>) {
        let Some(Running { step, task, .. }) = running else {
            return std::future::pending().await;
        };
        let step = *step;
        let result = task.await.unwrap_or_else(|error| {
            Err(Reason::new(
                "internal",
                format!("the step ended unexpectedly: {error}"),
                "see log/daemon.log and report it",
            ))
        });
        *running = None;
        (step, result)
    }

    /// Waits for the next tick and reads the edge's counters. Never ends while nothing is judged.
    async fn measure(app: &App, machine: &Machine, series: &mut Series, next_look: &mut Option<Instant>) -> Measures {
        let Some(since) = machine.judging_since() else {
            return std::future::pending().await;
        };
        let judging = &machine.plan().settings.judging;
        let scope = &machine.plan().scope;
        loop {
            let tick = judging.tick.duration();
            tokio::time::sleep_until(*next_look.get_or_insert_with(|| Instant::now() + tick)).await;
            *next_look = Some(Instant::now() + tick);
            // An edge that cannot be asked now is asked at the next tick; no data never passes a gate.
            let Ok(exposition) = app.edge.metrics().await else {
                continue;
            };
            let routes = format!("{}/{}/", scope.app, scope.environment);
            let sample = Sample::read(
                clock::moment().boot_ms,
                &exposition,
                &routes,
                machine.release().as_str(),
            );
            return series.measure(sample, since.boot_ms, judging.window.millis);
        }
    }

    /// The next change of a side of this scope; none when some were missed.
    async fn observation(seen: &mut broadcast::Receiver<SideObserved>, scope: &Scope) -> Option<SideObserved> {
        loop {
            match seen.recv().await {
                Ok(side) if side.side.scope == *scope => return Some(side),
                Ok(_) => {}
                Err(broadcast::error::RecvError::Lagged(_)) => return None,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }

    async fn feed(&mut self, event: Event) {
        match self.machine.handle(&clock::moment(), &event) {
            Ok(entries) => self.write(&entries).await,
            Err(error) => log_line(&format!("{}: {error}", self.release())),
        }
    }

    /// Writes entries down, then folds them in. While the journal cannot be written nothing new is begun.
    async fn write(&mut self, entries: &[Entry]) {
        if entries.is_empty() {
            return;
        }
        loop {
            match self.append(entries) {
                Ok(()) => break,
                Err(error @ StoreError::Fenced { .. }) => {
                    log_line(&error.to_string());
                    self.app.shut_down();
                    return std::future::pending().await;
                }
                Err(error) => {
                    log_line(&format!(
                        "{}: the journal cannot be written, nothing new is begun: {error}",
                        self.release()
                    ));
                    tokio::time::sleep(JOURNAL_RETRY).await;
                }
            }
        }
        for entry in entries {
            self.machine.apply(entry);
        }
        let unwanted = |running: &mut Running| self.machine.pending().is_none_or(|(wanted, _)| wanted != running.step);
        if let Some(running) = self.running.take_if(unwanted) {
            running.cancel(&self.app);
        }
    }

    fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let lines = history::lines(entries);
        let progress = history::progress(entries);
        let scope = &self.machine.plan().scope;
        if !matches!(
            entries.last(),
            Some(Entry::Ended {
                outcome: Outcome::Succeeded,
                ..
            })
        ) {
            return self.app.append(
                self.release(),
                &Appended {
                    entries: &lines,
                    progress,
                    success: None,
                },
            );
        }
        let mut after = self.machine.clone();
        for entry in entries {
            after.apply(entry);
        }
        let snapshot = after.outcome_snapshot();
        let (revision, snapshot) = (snapshot.revision().0, history::document(&snapshot));
        let success = Success {
            scope,
            revision: &revision,
            snapshot: &snapshot,
        };
        self.app.append(
            self.release(),
            &Appended {
                entries: &lines,
                progress: Progress { ..progress },
                success: Some(success),
            },
        )
    }
}

async fn sleep_for(timer: Option<Duration>) {
    match timer {
        Some(timer) => tokio::time::sleep(timer).await,
        None => std::future::pending().await,
    }
}
