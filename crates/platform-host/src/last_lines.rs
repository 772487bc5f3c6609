//! The last lines a process wrote, for whoever must find out why it failed.

use std::path::Path;

use seaworthy_supervise::log::{self, Filter, Source};

/// A screenful.
const LINES: usize = 20;

/// The last lines an instance or task wrote itself, oldest first. When its log cannot be read, one line says so.
pub(crate) async fn last_lines(dir: &Path) -> Vec<String> {
    let dir = dir.to_owned();
    let read = move || {
        // The keeper's own lines (starts, exits) stand among them and are left out.
        let filter = Filter {
            last: Some(4 * LINES),
            ..Filter::default()
        };
        let lines = match log::read(&dir, &filter) {
            Ok(lines) => lines,
            Err(error) => return vec![error.to_string()],
        };
        let own = lines.into_iter().filter(|line| line.source != Source::Keeper);
        let mut own: Vec<String> = own.map(|line| line.text).collect();
        own.split_off(own.len().saturating_sub(LINES))
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}
