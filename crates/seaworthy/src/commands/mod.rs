//! The commands, one file each. A command asks, reports, and answers with how it ended.

mod abort;
mod answer;
mod approve;
mod check;
mod completions;
mod demo;
mod destroy;
mod doctor;
mod down;
mod init;
mod logs;
mod man;
mod pause;
mod plan;
mod promote;
mod release;
mod releases;
mod restart;
mod resume;
mod rollback;
mod run;
mod scale;
mod schema;
mod secret;
mod status;
mod steer;
mod up;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::reporter::Reporter;

/// Parses the command line and runs what it asks for.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_a_command(&error),
    };
    let context = Context {
        reporter: Reporter::new(cli.options.json),
        options: cli.options,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(&context, cli.command)),
        Err(error) => Err(Failure::Machine {
            place: "this process".into(),
            cause: error.to_string(),
            remedy: "look at the limits of open files and processes (`ulimit -a`)".into(),
        }),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            context.reporter.failure(&failure);
            failure.exit().into()
        }
    }
}

async fn run(context: &Context, command: Command) -> Result<Exit, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(context, &arguments).await,
        Command::Init(_) => init::run(context),
        Command::Check(arguments) => check::run(context, &arguments),
        Command::Plan(arguments) => plan::run(context, &arguments).await,
        Command::Up(arguments) => up::run(context, &arguments).await,
        Command::Status(_) => status::run(context).await,
        Command::Logs(arguments) => logs::run(context, &arguments).await,
        Command::Releases(arguments) => releases::run(context, &arguments).await,
        Command::Release(arguments) => release::run(context, &arguments.what).await,
        Command::Rollback(arguments) => rollback::run(context, &arguments).await,
        Command::Approve(arguments) => approve::run(context, &arguments).await,
        Command::Promote(arguments) => promote::run(context, &arguments).await,
        Command::Pause(arguments) => pause::run(context, &arguments).await,
        Command::Resume(arguments) => resume::run(context, &arguments).await,
        Command::Abort(arguments) => abort::run(context, &arguments).await,
        Command::Answer(arguments) => answer::run(context, &arguments).await,
        Command::Restart(arguments) => restart::run(context, &arguments).await,
        Command::Scale(arguments) => scale::run(context, &arguments).await,
        Command::Run(arguments) => run::run(context, &arguments).await,
        Command::Down(arguments) => down::run(context, &arguments).await,
        Command::Destroy(arguments) => destroy::run(context, &arguments).await,
        Command::Doctor(_) => doctor::run(context).await,
        Command::Secret(arguments) => secret::run(context, &arguments.what).await,
        Command::Schema(_) => schema::run(context),
        Command::Completions(arguments) => completions::run(context, &arguments),
        Command::Man(arguments) => man::run(context, &arguments),
    }
}

/// Help and version are answers; anything else is wrong usage, said by clap and, for scripts, as a document.
fn not_a_command(error: &clap::Error) -> ExitCode {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !asked_for && std::env::args().any(|argument| argument == "--json") {
        let text = error.to_string();
        let cause = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ")
            .to_owned();
        let failure = Failure::Usage {
            cause,
            remedy: "`seaworthy help` lists the commands".into(),
        };
        Reporter::new(true).failure(&failure);
        return failure.exit().into();
    }
    // When nobody reads, there is nobody to tell.
    let _ = error.print();
    if asked_for {
        Exit::Done.into()
    } else {
        Exit::Usage.into()
    }
}
