//! One task per instance: probes it, says when it is ready and when not, finds out what is wrong, and has it started again when it no longer lives.

use std::sync::Arc;
use std::time::Duration;

use seaworthy_platform::{Trouble, TroubleKind};
use seaworthy_supervise::protocol::State;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::diagnose;
use crate::host::Host;
use crate::instance::{Instance, Leaving, Running, View, Want};
use crate::last_lines::last_lines;
use crate::probe::{Outcome, probe};
use crate::proc::{self, Family};
use crate::pulse::{Change, Phase, Pulse};
use crate::record::{FORMAT, Verified};
use crate::suspicion::{Suspicion, elsewhere, holds};

/// Between two looks at where a process listens that does not answer on its port.
const LOOK: Duration = Duration::from_millis(500);

/// Watches over an instance until it is stopped.
pub(crate) async fn watch_over(host: Arc<Host>, instance: Arc<Instance>) {
    let mut view = instance.view.subscribe();
    let spec = &instance.record.spec;
    let mut monitor = Monitor {
        pulse: Pulse::new(spec.health.clone(), spec.listens),
        host: &host,
        instance: &instance,
        begun: Instant::now(),
        suspicion: Suspicion::default(),
        next_look: None,
        explained: None,
    };
    loop {
        let now = view.borrow_and_update().clone();
        if now.leaving >= Leaving::Stopping {
            return;
        }
        monitor.sees(&now).await;
        let Some(running) = now.running() else {
            if view.changed().await.is_err() {
                return;
            }
            continue;
        };
        monitor.life(running, &mut view).await;
    }
}

struct Monitor<'a> {
    pulse: Pulse,
    host: &'a Arc<Host>,
    instance: &'a Instance,
    begun: Instant,
    suspicion: Suspicion,
    next_look: Option<Instant>,
    /// The life whose end has been explained.
    explained: Option<u32>,
}

impl Monitor<'_> {
    /// Milliseconds of this monitor's clock.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes notice of what the keeper says.
    async fn sees(&mut self, view: &View) {
        let Some(status) = &view.status else { return };
        match view.running() {
            Some(running) => self.pulse.runs(running.life, self.now()),
            None => self.pulse.ended(),
        }
        let crash_loop = matches!(status.state, State::BackingOff { crash_loop: true, .. });
        let Some(exit) = &status.last_exit else { return };
        // An instance that was ready before heals by being started again; one that never was would fail again.
        if view.ever_ready && !crash_loop {
            return;
        }
        let ended = match status.state {
            State::Running { .. } => status.life.saturating_sub(1),
            _ => status.life,
        };
        let worse = crash_loop
            && view
                .trouble
                .as_ref()
                .is_none_or(|trouble| trouble.kind != TroubleKind::CrashLoop);
        if ended == 0 || (self.explained == Some(ended) && !worse) {
            return;
        }
        self.explained = Some(ended);
        let lines = last_lines(&self.instance.dir).await;
        let command = &self.instance.record.spec.command;
        let trouble = diagnose::exit(command, exit, crash_loop, lines);
        self.host.change(self.instance, |view| view.trouble = Some(trouble));
    }

    /// Follows one life of the process until it ends or is told to.
    async fn life(&mut self, running: Running, view: &mut watch::Receiver<View>) {
        let over = |view: &View| view.running() != Some(running) || view.leaving >= Leaving::Stopping;
        while let Some(wait) = self.pulse.wait(self.now()) {
            let due = Instant::now() + Duration::from_millis(wait);
            tokio::select! {
                biased;
                _ = view.wait_for(over) => return,
                () = sleep_until(due) => {}
            }
            tokio::select! {
                biased;
                _ = view.wait_for(over) => return,
                () = self.round(running) => {}
            }
        }
        let _over = view.wait_for(over).await;
    }

    /// One round of probes. What it finds is told only at its end, so it may be given up at any point.
    async fn round(&mut self, running: Running) {
        let Some(port) = self.instance.record.port else {
            if self.pulse.stayed_up(self.now()) == Change::Verified {
                self.verified(running);
            }
            return;
        };
        let health = &self.instance.record.spec.health;
        let within = health.timeout.duration();
        let was = self.pulse.phase();
        let live = health.live.as_deref().filter(|_| was != Phase::Starting);
        let live = async {
            match live {
                Some(path) => Some(probe(port, Some(path), within).await),
                None => None,
            }
        };
        let (ready, live) = tokio::join!(probe(port, health.ready.as_deref(), within), live);
        if let Some(outcome) = live
            && self.pulse.live(&outcome)
        {
            let path = health.live.as_deref().unwrap_or_default();
            let reason = format!("GET {path} {outcome}, {} times in a row", health.fails);
            self.host.note(self.instance, format!("started again: {reason}"));
            self.instance.want(Want::Restart(reason));
        }
        match self.pulse.probed(ready) {
            Change::Verified => self.check_holder(running, port).await,
            Change::Lost | Change::Regained => self.tell(running),
            Change::None if self.pulse.phase() == Phase::Starting => self.look(running, port).await,
            Change::None => {}
        }
    }

    /// Whoever answered the probes should be the process that was started, and not one that took its port meanwhile.
    async fn check_holder(&mut self, running: Running, port: u16) {
        if holds(port, &family(running.pid).await) {
            self.verified(running);
            return;
        }
        self.pulse.distrust();
        if !proc::runs(running.pid) {
            // It has just ended and left somebody who answers in its place: its keeper is about to say so.
            return;
        }
        let lines = last_lines(&self.instance.dir).await;
        self.trouble(diagnose::taken(port, lines));
    }

    fn verified(&self, running: Running) {
        let verified = Verified {
            format: FORMAT,
            boot_id: self.host.boot_id.clone(),
            life: running.life,
        };
        // Without it the next daemon only has to wait for its own probes before it routes the instance.
        if let Err(error) = verified.write(&self.instance.dir) {
            self.host
                .note(self.instance, format!("cannot write down that it is ready: {error}"));
        }
        let phase = self.pulse.phase();
        self.host.change(self.instance, |view| {
            view.phase = (running.life, phase);
            view.verified = Some(running.life);
            view.ever_ready = true;
            view.trouble = None;
        });
    }

    fn tell(&self, running: Running) {
        let phase = self.pulse.phase();
        self.host
            .change(self.instance, |view| view.phase = (running.life, phase));
    }

    /// Finds out why it does not get ready.
    async fn look(&mut self, running: Running, port: u16) {
        let late = self.pulse.is_late(self.now());
        let unheard = self.pulse.last() == Some(&Outcome::Refused);
        let look = unheard && self.next_look.is_none_or(|next| Instant::now() >= next);
        let known = self.instance.view.borrow().trouble.is_some();
        if known || !(late || look) {
            return;
        }
        self.next_look = Some(Instant::now() + LOOK);
        let family = family(running.pid).await;
        let certain = match self.suspicion.sees(self.now(), port, &family) {
            None if late => elsewhere(port, &family),
            certain => certain,
        };
        if certain.is_none() && !late {
            return;
        }
        let lines = last_lines(&self.instance.dir).await;
        let health = &self.instance.record.spec.health;
        self.trouble(match certain {
            Some(found) => diagnose::elsewhere(port, &found, lines),
            None => diagnose::late(port, health, self.pulse.last(), lines),
        });
    }

    fn trouble(&self, trouble: Trouble) {
        self.host.change(self.instance, |view| view.trouble = Some(trouble));
    }
}

/// Reading all of `/proc` takes milliseconds, which belong to a thread that may block.
async fn family(pid: u32) -> Family {
    let unseen = Family {
        complete: false,
        ..Family::default()
    };
    tokio::task::spawn_blocking(move || proc::family(pid))
        .await
        .unwrap_or(unseen)
}
