//! `seaworthy logs`: what the instances wrote.

use seaworthy_api::LogLine;

use crate::cli::Logs;
use crate::client::{Lines, query};
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::reporter::duration;
use crate::reporter::paint::Paint;

/// How many lines are shown when nothing bounds them.
const LAST: u32 = 200;

pub(super) async fn run(context: &Context, arguments: &Logs) -> Result<Exit, Failure> {
    let target = context.target().await?;
    let path = format!("{}{}", target.path("/logs"), query(&pairs(arguments, clock::now_ms())));
    let mut lines = context.client()?.stream(&path).await?;
    tokio::select! {
        printed = print(context, &mut lines) => printed?,
        // Leaving is how `--follow` ends.
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Done)
}

async fn print(context: &Context, lines: &mut Lines) -> Result<(), Failure> {
    while let Some(line) = lines.next::<LogLine>().await? {
        context
            .reporter
            .result(&line, |paint| format!("{}\n", rendered(&line, paint)));
        if context.reporter.closed() {
            break;
        }
    }
    Ok(())
}

fn pairs(arguments: &Logs, now_ms: u64) -> [(&'static str, Option<String>); 5] {
    let since = arguments
        .since
        .map(|since| now_ms.saturating_sub(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)));
    let last = arguments.last.or(since.is_none().then_some(LAST));
    [
        ("service", arguments.service.clone()),
        ("since_ms", since.map(|since| since.to_string())),
        ("grep", arguments.grep.clone()),
        ("last", last.map(|last| last.to_string())),
        ("follow", arguments.follow.then(|| "true".to_owned())),
    ]
}

fn rendered(line: &LogLine, paint: Paint) -> String {
    let instance = match line.stream.as_str() {
        "err" => paint.warn(&line.instance),
        "keeper" => paint.link(&line.instance),
        _ => paint.good(&line.instance),
    };
    format!(
        "{} {instance}  {}",
        paint.dim(&duration::clock(line.at_us / 1000)),
        line.text
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bound_in_time_replaces_the_bound_in_number() {
        let mut arguments = Logs {
            follow: false,
            since: None,
            service: None,
            grep: None,
            last: None,
        };
        assert_eq!(query(&pairs(&arguments, 90_000)), "?last=200");
        arguments.since = Some(Duration::from_secs(60));
        assert_eq!(query(&pairs(&arguments, 90_000)), "?since_ms=30000");
        arguments.since = Some(Duration::from_secs(600));
        assert_eq!(query(&pairs(&arguments, 90_000)), "?since_ms=0");
    }
}
