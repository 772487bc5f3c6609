//! `seaworthy completions SHELL`.

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::{Cli, Completions};
use crate::context::Context;
use crate::failure::{Exit, Failure};

#[derive(Serialize)]
struct Script {
    version: u32,
    shell: String,
    script: String,
}

pub(super) fn run(context: &Context, arguments: &Completions) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "seaworthy", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let document = Script {
        version: seaworthy_api::VERSION,
        shell: arguments.shell.to_string(),
        script,
    };
    context.reporter.result(&document, |_| document.script.clone());
    Ok(Exit::Done)
}
