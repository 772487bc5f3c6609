//! `seaworthy man`: the manual pages.

use std::path::Path;

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::{Cli, Man};
use crate::context::Context;
use crate::failure::{Exit, Failure};

#[derive(Serialize)]
struct Pages {
    version: u32,
    /// The page itself, when it was not written to a directory.
    page: Option<String>,
    /// The files that were written.
    written: Vec<String>,
}

pub(super) fn run(context: &Context, arguments: &Man) -> Result<Exit, Failure> {
    let mut pages = Pages {
        version: seaworthy_api::VERSION,
        page: None,
        written: Vec::new(),
    };
    match &arguments.output {
        None => pages.page = Some(page(Cli::command())?),
        Some(directory) => write(directory, &mut pages)?,
    }
    context.reporter.result(&pages, |_| match &pages.page {
        Some(page) => page.clone(),
        None => pages.written.iter().map(|path| format!("{path}\n")).collect(),
    });
    Ok(Exit::Done)
}

fn write(directory: &Path, pages: &mut Pages) -> Result<(), Failure> {
    let failed =
        |path: &Path, error: &std::io::Error| Failure::at(path, error, "name a directory that you may write to");
    std::fs::create_dir_all(directory).map_err(|error| failed(directory, &error))?;
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    for (name, command) in named(&root, "seaworthy") {
        let path = directory.join(format!("{name}.1"));
        let text = page(command)?;
        std::fs::write(&path, text).map_err(|error| failed(&path, &error))?;
        pages.written.push(path.display().to_string());
    }
    Ok(())
}

/// Every command under the name of its page, `seaworthy-release-show`.
fn named(command: &clap::Command, name: &str) -> Vec<(String, clap::Command)> {
    let below = command
        .get_subcommands()
        .flat_map(|sub| named(sub, &format!("{name}-{}", sub.get_name())));
    std::iter::once((name.to_owned(), command.clone()))
        .chain(below)
        .collect()
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut page);
    rendered.map_err(|error| {
        Failure::at(
            Path::new("the manual page"),
            &error,
            "report this; the page is built in",
        )
    })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
