//! `seaworthy release show ID`: one release in full.

use seaworthy_api::Release;

use crate::cli::ReleaseWhat;
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::follow;
use crate::reporter::release as view;

pub(super) async fn run(context: &Context, what: &ReleaseWhat) -> Result<Exit, Failure> {
    let ReleaseWhat::Show { id, follow } = what;
    named(id)?;
    let client = context.client()?;
    if *follow {
        return follow::follow(context, &client, id).await;
    }
    let release: Release = client.get(&format!("/v1/releases/{id}")).await?;
    context
        .reporter
        .result(&release, |paint| view::full(&release, clock::now_ms(), paint));
    Ok(Exit::Done)
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
