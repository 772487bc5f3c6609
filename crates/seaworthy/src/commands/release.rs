//! `seaworthy release show|export|verify`: one release in full, and its evidence.

use std::path::PathBuf;

use seaworthy_api::Release;
use seaworthy_daemon::evidence;

use crate::cli::ReleaseWhat;
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;
use crate::reporter::evidence::Verdict;
use crate::reporter::release as view;

pub(super) async fn run(context: &Context, what: &ReleaseWhat) -> Result<Exit, Failure> {
    match what {
        ReleaseWhat::Show { id, follow } => show(context, id, *follow).await,
        ReleaseWhat::Export { id } => {
            // As it came: what is signed are its bytes.
            context.reporter.line(exported(context, id).await?.trim_end());
            Ok(Exit::Done)
        }
        ReleaseWhat::Verify { what, key } => verify(context, what, key.as_deref()).await,
    }
}

async fn show(context: &Context, id: &str, follow: bool) -> Result<Exit, Failure> {
    named(id)?;
    let client = context.client()?;
    if follow {
        return follow::follow(context, &client, id).await;
    }
    let release: Release = client.get(&format!("/v1/releases/{id}")).await?;
    context
        .reporter
        .result(&release, |paint| view::full(&release, clock::now_ms(), paint));
    Ok(Exit::Done)
}

async fn exported(context: &Context, id: &str) -> Result<String, Failure> {
    named(id)?;
    context.client()?.text(&format!("/v1/releases/{id}/evidence")).await
}

async fn verify(context: &Context, what: &str, key: Option<&str>) -> Result<Exit, Failure> {
    // `./r12` is a file, whatever its name.
    let text = match named(what) {
        Ok(()) => exported(context, what).await?,
        Err(_) => std::fs::read_to_string(what).map_err(|error| Failure::Unreadable {
            path: PathBuf::from(what),
            cause: error.to_string(),
        })?,
    };
    let verdict = Verdict::of(what, key.is_some(), evidence::verify(&text, key));
    context.reporter.result(&verdict, |paint| verdict.render(paint));
    Ok(if verdict.valid { Exit::Done } else { Exit::Failed })
}

/// Holds a release's id to its form, `r12`, before it becomes part of a path.
pub(super) fn named(id: &str) -> Result<(), Failure> {
    let number = id.strip_prefix('r').unwrap_or_default();
    match !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(()),
        false => Err(Failure::Usage {
            cause: format!("`{id}` is not a release"),
            remedy: "releases are named r1, r2, …; `seaworthy releases` lists them".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_id_becomes_part_of_a_path() {
        assert!(named("r12").is_ok());
        for wrong in ["", "r", "12", "r1/abort", "r 1", "../r1"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}
