//! `seaworthy approve`: lets a release go on before a step that needs a person's word.

use serde_json::json;

use super::steer;
use crate::cli::Steer;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) async fn run(context: &Context, arguments: &Steer) -> Result<Exit, Failure> {
    steer::ask(context, arguments.id.as_deref(), "approve", &json!({}), "approved").await
}
