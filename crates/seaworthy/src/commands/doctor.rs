//! `seaworthy doctor`: what this machine gives, and what it lacks.

use seaworthy_api::DaemonStatus;
use serde::Serialize;
use tokio::net::UnixStream;

use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::machine::{self, Gift, State};
use crate::reporter::{doctor as view, duration};

#[derive(Serialize)]
struct Examination {
    version: u32,
    seaworthy: &'static str,
    machine: Vec<Gift>,
}

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let state = context.state()?;
    let mut gifts = machine::gifts(&state);
    gifts.push(daemon(context).await?);
    gifts.push(match UnixStream::connect(state.join("edge").join("edge.sock")).await {
        Ok(_) => Gift::ok("edge", "answers"),
        Err(_) => Gift::lacking("edge", State::Absent, "does not run", "it starts with the daemon"),
    });
    let missing = gifts.iter().any(|gift| gift.state == State::Missing);
    let examination = Examination {
        version: seaworthy_api::VERSION,
        seaworthy: env!("CARGO_PKG_VERSION"),
        machine: gifts,
    };
    context
        .reporter
        .result(&examination, |paint| view::render(&examination.machine, paint));
    Ok(if missing { Exit::Findings } else { Exit::Done })
}

async fn daemon(context: &Context) -> Result<Gift, Failure> {
    let own = env!("CARGO_PKG_VERSION");
    Ok(match context.client()?.get::<DaemonStatus>("/v1/daemon").await {
        Ok(daemon) => {
            let up = duration::coarse(daemon.since_ms, clock::now_ms());
            let seen = format!("version {}, pid {}, up for {up}", daemon.seaworthy, daemon.pid);
            match daemon.seaworthy == own {
                true => Gift::ok("daemon", seen),
                false => Gift::lacking(
                    "daemon",
                    State::Absent,
                    seen,
                    format!("this binary is version {own}; start the daemon again with it"),
                ),
            }
        }
        Err(Failure::Unreachable { .. }) => {
            Gift::lacking("daemon", State::Absent, "does not run", "`seaworthy up` starts it")
        }
        Err(failure) => Gift::lacking("daemon", State::Missing, failure.to_string(), failure.remedy()),
    })
}
