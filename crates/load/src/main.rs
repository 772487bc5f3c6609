//! `seaworthy-load`: the client as a process of its own, so that a benchmark can pin it to a core.
//!
//! `seaworthy-load URL RATE [seconds=N] [connections=N] [timeout-ms=N]` sends until the seconds are over or its standard
//! input ends, writes a [`Summary`](seaworthy_load::Summary) as one JSON line every half second, and the final one last.
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use seaworthy_load::{Plan, Running, Summary};
use tokio::sync::oneshot;

type Error = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match plan(&words) {
        Ok(plan) => drive(plan).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With a closed standard error there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "seaworthy-load: {error}");
            ExitCode::from(2)
        }
    }
}

fn plan(words: &[String]) -> Result<Plan, Error> {
    let [url, rate, settings @ ..] = words else {
        return Err("usage: seaworthy-load URL RATE [seconds=N] [connections=N] [timeout-ms=N]".into());
    };
    let mut plan = Plan::get(url, rate.parse()?)?;
    for setting in settings {
        plan = match setting.split_once('=') {
            Some(("seconds", value)) => plan.lasting(Duration::from_secs_f64(value.parse()?)),
            Some(("connections", value)) => plan.connections(value.parse()?),
            Some(("timeout-ms", value)) => plan.timeout(Duration::from_millis(value.parse()?)),
            _ => return Err(format!("{setting}: not a setting").into()),
        };
    }
    Ok(plan)
}

async fn drive(plan: Plan) -> Result<(), Error> {
    let lasting = plan.duration;
    let load = Running::start(plan);
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let over = tokio::time::sleep(lasting.unwrap_or(Duration::MAX));
    tokio::pin!(over);
    let mut asked_to_stop = end_of_input();
    loop {
        tokio::select! {
            _ = &mut asked_to_stop => break,
            () = &mut over => break,
            _ = ticks.tick() => say(&load.snapshot())?,
        }
    }
    say(&load.stop().await)
}

/// Resolves when standard input ends, or cannot be read any more. A thread of its own reads it, and dies with the process.
fn end_of_input() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    std::thread::spawn(move || {
        // Whatever is written there means nothing.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = ended.send(());
    });
    end
}

fn say(summary: &Summary) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, summary)?;
    out.write_all(b"\n")?;
    Ok(out.flush()?)
}
