//! `seaworthy resume`: lets a paused release go on.

use serde_json::json;

use super::steer;
use crate::cli::Steer;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) async fn run(context: &Context, arguments: &Steer) -> Result<Exit, Failure> {
    steer::ask(context, arguments.id.as_deref(), "resume", &json!({}), "resumed").await
}
