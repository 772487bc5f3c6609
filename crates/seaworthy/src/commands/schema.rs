//! `seaworthy schema`: the JSON Schema of the file.

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// The schema is a JSON document already: laid out for a reader, or on one line with `--json`.
pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let schema = seaworthy_spec::schema();
    context.reporter.result(&schema, |_| format!("{schema:#}\n"));
    Ok(Exit::Done)
}
