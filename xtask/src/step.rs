//! Running the parts of a long command one after the other, and saying how long each took.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::Outcome;

/// The parts run so far, for the summary.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    /// Runs a part. A failure is kept for the summary, and the next part runs all the same:
    /// a person wants every complaint of a run, not the first.
    pub(crate) fn run(&mut self, name: &str, part: impl FnOnce() -> Outcome) {
        println!("── {name}");
        let began = Instant::now();
        let failure = part().err().map(|error| error.to_string());
        let took = began.elapsed();
        match &failure {
            None => println!("   {name}: ok, {}", seconds(took)),
            Some(reason) => println!("   {name}: FAILED after {}: {reason}", seconds(took)),
        }
        self.done.push(Step {
            name: name.to_owned(),
            took,
            failure,
        });
    }

    /// Prints the summary, and fails when a part did.
    pub(crate) fn finish(self) -> Outcome {
        println!("── summary");
        let width = self.done.iter().map(|step| step.name.len()).max().unwrap_or(0);
        for step in &self.done {
            let word = if step.failure.is_none() { "ok" } else { "FAILED" };
            println!("   {:width$}  {:>8}  {word}", step.name, seconds(step.took));
        }
        let total: Duration = self.done.iter().map(|step| step.took).sum();
        println!("   {:width$}  {:>8}", "total", seconds(total));
        match self.done.iter().filter(|step| step.failure.is_some()).count() {
            0 => Ok(()),
            failed => Err(format!("{failed} of {} parts failed", self.done.len()).into()),
        }
    }
}

/// Runs a command with this terminal; fails with its words and status when it does not succeed.
pub(crate) fn sh(command: &mut Command) -> Outcome {
    let shown = shown(command);
    println!("   $ {shown}");
    let status = command.status().map_err(|error| format!("`{shown}`: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}`: {status}").into())
    }
}

/// A command as a person would type it.
fn shown(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
