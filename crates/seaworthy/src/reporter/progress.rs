//! A release as it happens: a spinner on a terminal, a line per finished step everywhere.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use seaworthy_api::{Event, Happened, Measurement, Step};

use super::paint::Paint;
use super::{Reporter, duration, gates, sides};

/// Without a spinner, a step that takes longer than this is announced before it ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// Follows the steps of one release on stderr; silent where results are JSON, for then the events themselves are the result.
pub(crate) struct Progress<'a> {
    reporter: &'a Reporter,
    bar: Option<ProgressBar>,
    running: Vec<Running>,
    /// The last verdict of each gate.
    gates: Vec<Measurement>,
}

struct Running {
    step: Step,
    since: Instant,
    told: bool,
}

impl<'a> Progress<'a> {
    /// Nothing has happened yet.
    pub(crate) fn new(reporter: &'a Reporter) -> Self {
        let bar = (reporter.err_is_terminal && !reporter.json).then(|| {
            let style = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self {
            reporter,
            bar,
            running: Vec::new(),
            gates: Vec::new(),
        }
    }

    /// Takes up what happened.
    pub(crate) fn event(&mut self, event: &Event) {
        match &event.what {
            Happened::Step { step } if step.ended_ms.is_some() => {
                self.running.retain(|running| running.step.number != step.number);
                self.say(&self.fitting(&ended(step, self.reporter.err)));
            }
            Happened::Step { step } => {
                match self
                    .running
                    .iter_mut()
                    .find(|running| running.step.number == step.number)
                {
                    Some(running) => running.step = step.clone(),
                    None => {
                        self.running.push(Running {
                            step: step.clone(),
                            since: Instant::now(),
                            told: false,
                        });
                        if let Some(bar) = &self.bar {
                            bar.reset_elapsed();
                        }
                    }
                }
            }
            Happened::Holding { percent, until_ms } => {
                let whole = duration::between(event.at_ms, *until_ms);
                self.gates.clear();
                self.say(&self.fitting(&gates::holding(*percent, &whole, self.reporter.err)));
            }
            Happened::Judged { gates } => self.judged(gates),
            Happened::ApprovalNeeded { before } => self.say(&format!(
                "{}            holding     waits for approval before {before} % · `seaworthy approve` lets it go on",
                self.reporter.err.warn("…")
            )),
            Happened::Steered { by, what } => {
                self.say(&format!("{}            {by} {what} it", self.reporter.err.dim("–")))
            }
            Happened::Phase { .. } | Happened::Ended { .. } | Happened::Held { .. } => {}
        }
        self.show();
    }

    /// Gates move: always on a terminal, elsewhere a line when a verdict changes.
    fn judged(&mut self, seen: &[Measurement]) {
        for gate in seen {
            let before = self
                .gates
                .iter()
                .find(|other| other.gate == gate.gate)
                .map(|other| other.verdict.as_str());
            if before != Some(gate.verdict.as_str()) && gate.verdict != "inconclusive" {
                self.say(&self.fitting(&gates::verdict(gate, self.reporter.err)));
            }
        }
        self.gates = seen.to_vec();
    }

    /// Time passes: announces what takes long.
    pub(crate) fn tick(&mut self) {
        if self.bar.is_some() {
            return;
        }
        let now = Instant::now();
        let mut lines = Vec::new();
        for running in &mut self.running {
            if !running.told && now.duration_since(running.since) > PATIENCE {
                running.told = true;
                lines.push(began(&running.step, self.reporter.err));
            }
        }
        for line in lines {
            self.say(&line);
        }
    }

    /// A line cut at the width of the terminal: what failed is told in full at the end.
    fn fitting(&self, line: &str) -> String {
        match &self.bar {
            Some(_) => console::truncate_str(line, usize::from(console::Term::stderr().size().1), "…").into_owned(),
            None => line.to_owned(),
        }
    }

    /// A remark between the steps.
    pub(crate) fn say(&self, line: &str) {
        if self.reporter.json {
            return;
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| self.reporter.say(line)),
            None => self.reporter.say(line),
        }
    }

    fn show(&self) {
        if let Some(bar) = &self.bar {
            let now = self
                .running
                .iter()
                .map(|running| sides::short(&running.step.what))
                .collect::<Vec<_>>()
                .join(", ");
            let gates: Vec<String> = self.gates.iter().map(gates::moving).collect();
            bar.set_message(if now.is_empty() { gates.join(" · ") } else { now });
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The sign of a step's result.
pub(crate) fn mark(result: Option<&str>, paint: Paint) -> String {
    match result {
        Some("done") => paint.good("✓"),
        Some("failed") => paint.bad("✗"),
        Some("cancelled") => paint.dim("–"),
        _ => paint.warn("…"),
    }
}

/// `…           starting    start 2 × web@3f2a9c`
fn began(step: &Step, paint: Paint) -> String {
    let what = sides::short(&step.what);
    format!("{} {:>9}  {:<10}  {what}", paint.dim("…"), "", step.phase)
}

/// `✓    400 ms  starting    start 2 × web@3f2a9c · ready after 214 ms`: how long comes first, for that column always lines up.
fn ended(step: &Step, paint: Paint) -> String {
    let took = step
        .began_ms
        .zip(step.ended_ms)
        .map(|(began, ended)| duration::between(began, ended));
    let took = format!("{:>9}", took.unwrap_or_default());
    let observed = step
        .detail
        .as_ref()
        .map(|detail| paint.dim(&format!(" · {detail}")))
        .unwrap_or_default();
    let mark = mark(step.result.as_deref(), paint);
    let what = sides::short(&step.what);
    format!("{mark} {}  {:<10}  {what}{observed}", paint.dim(&took), step.phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_step_says_what_was_seen_and_how_long_it_took() {
        let step = Step {
            number: 4,
            phase: "starting".into(),
            what: "start 2 × web@3f2a9c".into(),
            began_ms: Some(1000),
            ended_ms: Some(1400),
            result: Some("done".into()),
            detail: Some("ready after 214 ms".into()),
        };
        assert_eq!(
            ended(&step, Paint::new(false)),
            "✓    400 ms  starting    start 2 × web@3f2a9c · ready after 214 ms"
        );
        assert_eq!(
            began(&step, Paint::new(false)),
            "…            starting    start 2 × web@3f2a9c"
        );
    }
}
