//! `seaworthy-load` as a process beside what is measured.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;

/// A load under way.
pub(crate) struct Load {
    child: Child,
    latest: Arc<Mutex<Value>>,
    reader: JoinHandle<()>,
}

impl Load {
    /// Starts `rate` requests per second for a URL.
    pub(crate) fn start(binary: &Path, url: &str, rate: u32) -> Result<Self, Box<dyn std::error::Error>> {
        let mut child = Command::new(binary)
            .args([url, &rate.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let latest = Arc::new(Mutex::new(Value::Null));
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let known = Arc::clone(&latest);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Ok(summary) = serde_json::from_str(&line) {
                    *known.lock().unwrap_or_else(PoisonError::into_inner) = summary;
                }
            }
        });
        Ok(Self { child, latest, reader })
    }

    /// What is known so far: a summary of the crate `seaworthy-load`, null before the first.
    pub(crate) fn latest(&self) -> Value {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it and answers with the whole.
    pub(crate) fn stop(mut self) -> Result<Value, Box<dyn std::error::Error>> {
        drop(self.child.stdin.take());
        self.child.wait()?;
        self.reader
            .join()
            .map_err(|_| "the reader of the load's output panicked")?;
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(latest)
    }
}

/// A number of a summary, by its path: `failed/reset`.
pub(crate) fn number(summary: &Value, path: &str) -> u64 {
    summary
        .pointer(&format!("/{path}"))
        .and_then(Value::as_u64)
        .unwrap_or(0)
}

/// How many requests of a summary got no good answer, and of which kinds.
pub(crate) fn failures(summary: &Value) -> (u64, String) {
    let kinds = summary["failed"].as_object();
    let counts = kinds
        .into_iter()
        .flatten()
        .map(|(kind, count)| (kind, count.as_u64().unwrap_or(0)));
    let counts: Vec<_> = counts.filter(|(_, count)| *count > 0).collect();
    let total = counts.iter().map(|(_, count)| count).sum();
    let words: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    (total, words.join(", "))
}
