//! `seaworthy demo`: the tour of [`crate::tour`].

use crate::cli::Demo;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::tour;

pub(super) async fn run(context: &Context, arguments: &Demo) -> Result<Exit, Failure> {
    tour::run(&context.reporter, arguments.once, arguments.rate).await
}
