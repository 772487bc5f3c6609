//! `seaworthy releases`: the history.

use seaworthy_api::Release;
use serde::Serialize;

use crate::cli::Releases;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::reporter::release as view;

#[derive(Serialize)]
struct History {
    version: u32,
    releases: Vec<Release>,
}

pub(super) async fn run(context: &Context, arguments: &Releases) -> Result<Exit, Failure> {
    let target = context.target().await?;
    let mut releases: Vec<Release> = context.client()?.get(&target.path("/releases")).await?;
    releases.truncate(arguments.last);
    let history = History {
        version: seaworthy_api::VERSION,
        releases,
    };
    context.reporter.result(&history, |paint| {
        view::history(&history.releases, crate::clock::now_ms(), paint)
    });
    Ok(Exit::Done)
}
