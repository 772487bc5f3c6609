//! Files that are served as they are.

use seaworthy_spec::CommandLine;

use super::{Candidate, Detected, SourceFacts, Stack, because};

/// The first word of a static service's command: Seaworthy's own binary, wherever it is installed.
pub const STATIC_SERVER: &str = "seaworthy";

/// The hidden subcommand of [`STATIC_SERVER`] that serves a directory on `127.0.0.1:$PORT`.
pub const SERVE_STATIC: &str = "serve-static";

/// The command that serves a directory, relative to the artifact.
pub(super) fn serve(directory: &str) -> CommandLine {
    CommandLine::Exec([STATIC_SERVER, SERVE_STATIC, directory].map(str::to_owned).to_vec())
}

/// A directory with an index page and nothing that would build it.
pub(super) fn detect(facts: &SourceFacts) -> Candidate {
    let (page, directory) = [
        ("index.html", "."),
        ("public/index.html", "public"),
        ("dist/index.html", "dist"),
    ]
    .into_iter()
    .find(|(page, _)| facts.has(page))?;
    let evidence = because(page, "a static site, served by Seaworthy itself");
    Some(Ok(
        Detected::built(Stack::Static, None, Vec::new()).starts(serve(directory), evidence)
    ))
}
