//! The `seaworthy` binary: the command line, and the processes behind it.
//!
//! [`process`] starts the long-lived processes (daemon, edge, keeper, launcher) before any command line is parsed, so that
//! they start fast and stay small. Everything else is a command of [`cli`], one file per command in [`commands`].
//! Only [`reporter`] prints, and only [`failure`] turns errors into text, hint and exit code.
#![forbid(unsafe_code)]

mod autostart;
mod built_in;
mod cli;
mod client;
mod clock;
mod commands;
mod context;
mod examine;
mod failure;
mod first_file;
mod follow;
mod hidden_input;
mod machine;
mod process;
mod project;
mod reporter;
mod state;
mod tour;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next().and_then(|word| process::Process::named(&word)) {
        Some(process) => process.run(arguments),
        None => commands::main(),
    }
}
