//! `seaworthy answer`: answers the question of a held release.

use serde_json::json;

use super::steer;
use crate::cli::Answer;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) async fn run(context: &Context, arguments: &Answer) -> Result<Exit, Failure> {
    let body = json!({ "answer": arguments.answer });
    steer::ask(context, arguments.id.as_deref(), "answer", &body, "answered").await
}
