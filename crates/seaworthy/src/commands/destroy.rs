//! `seaworthy destroy`: removes an application and its data, after its name was typed.

use std::io::BufRead;

use seaworthy_api::{Done, DownRequest};

use crate::cli::Destroy;
use crate::context::Context;
use crate::failure::{Exit, Failure};

pub(super) async fn run(context: &Context, arguments: &Destroy) -> Result<Exit, Failure> {
    let target = context.target().await?;
    let typed = match &arguments.yes_destroy {
        Some(name) => name.clone(),
        None => {
            context.reporter.say(&format!(
                "This removes {} · {}: its instances, its releases, its data. It cannot be undone.",
                target.app, target.environment
            ));
            context.reporter.ask(&format!(
                "Type {} to go on: ",
                context.reporter.err_paint().bold(&target.app)
            ));
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            read.map_err(|error| {
                Failure::at(
                    std::path::Path::new("stdin"),
                    &error,
                    "give the name with `--yes-destroy NAME`",
                )
            })?;
            line.trim().to_owned()
        }
    };
    if typed != target.app {
        return Err(Failure::Usage {
            cause: format!("`{typed}` is not {}; nothing was removed", target.app),
            remedy: format!(
                "type the application's name, or give it with `--yes-destroy {}`",
                target.app
            ),
        });
    }
    let client = context.client()?;
    let done: Done = client.post(&target.path("/destroy"), &DownRequest {}).await?;
    context
        .reporter
        .result(&done, |_| done.what.iter().map(|line| format!("{line}\n")).collect());
    Ok(Exit::Done)
}
