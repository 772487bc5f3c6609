//! `seaworthy secret set|list|generate`: values that must not stand in a file.
//!
//! A value comes from standard input or from a file, never from an argument, and never goes to any output.

use std::path::Path;

use seaworthy_platform::{Scope, Secret, Timestamp};
use seaworthy_store::secrets::{Alphabet, Listed, ListedVersion, Recipe, SecretError, SecretStore};
use serde::Serialize;

use crate::cli::SecretWhat;
use crate::clock;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::reporter::{duration, paint::Paint, table::Table};
use crate::{hidden_input, state};

/// What was stored.
#[derive(Serialize)]
struct Stored {
    version: u32,
    name: String,
    secret_version: u32,
}

/// What there is. Nothing that is made of a value is in it, not even a digest.
#[derive(Serialize)]
struct All<'a> {
    version: u32,
    secrets: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    /// The newest version that is not revoked.
    current: Option<u32>,
    versions: &'a [ListedVersion],
}

impl<'a> From<&'a Listed> for Shown<'a> {
    fn from(listed: &'a Listed) -> Self {
        Self {
            name: &listed.name,
            current: listed.current,
            versions: &listed.versions,
        }
    }
}

pub(super) async fn run(context: &Context, what: &SecretWhat) -> Result<Exit, Failure> {
    let directory = context.state()?;
    let scope = Scope::new(&context.project()?.app()?, context.environment()?);
    match what {
        SecretWhat::Set { name, from_file } => {
            let value = match from_file {
                Some(path) => from(path)?,
                None => hidden_input::read(&context.reporter, name).await?,
            };
            let version = store(&directory)?
                .set(&scope, name, &value, Timestamp(clock::now_ms()))
                .map_err(|error| refused(&error))?;
            stored(context, &scope, name, version);
        }
        SecretWhat::Generate { name, length } => {
            let recipe = Recipe {
                length: *length as usize,
                alphabet: Alphabet::default(),
            };
            let at = Timestamp(clock::now_ms());
            let version = store(&directory)?
                .generate(&scope, name, &recipe, at)
                .map_err(|error| refused(&error))?;
            stored(context, &scope, name, version);
        }
        SecretWhat::List => {
            let secrets = match SecretStore::find(&directory).map_err(|error| refused(&error))? {
                Some(store) => store.list(&scope).map_err(|error| refused(&error))?,
                None => Vec::new(),
            };
            let shown = secrets.iter().map(Shown::from).collect();
            let all = All {
                version: seaworthy_api::VERSION,
                secrets: shown,
            };
            context.reporter.result(&all, |paint| list(&secrets, &scope, paint));
        }
    }
    Ok(Exit::Done)
}

fn store(directory: &Path) -> Result<SecretStore, Failure> {
    state::create(directory)?;
    SecretStore::open(directory).map_err(|error| refused(&error))
}

/// The value as it stands in a file, byte for byte: a key or a certificate ends with its newline.
fn from(path: &Path) -> Result<Secret, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::Unreadable {
        path: path.to_owned(),
        cause: error.to_string(),
    })?;
    Ok(Secret::new(text))
}

fn stored(context: &Context, scope: &Scope, name: &str, version: u32) {
    let document = Stored {
        version: seaworthy_api::VERSION,
        name: name.to_owned(),
        secret_version: version,
    };
    context.reporter.result(&document, |paint| {
        let place = format!("{} · {}", scope.app, scope.environment);
        format!(
            "{} is stored for {place} as version {version}; the next release uses it\n",
            paint.bold(name)
        )
    });
}

fn list(secrets: &[Listed], scope: &Scope, paint: Paint) -> String {
    if secrets.is_empty() {
        return format!(
            "no secrets for {} · {}; `seaworthy secret set NAME` stores one\n",
            scope.app, scope.environment
        );
    }
    let mut table = Table::new(["NAME", "VERSION", "SET", "EARLIER"]);
    for secret in secrets {
        let current = secret
            .versions
            .iter()
            .rfind(|version| Some(version.version) == secret.current);
        let earlier = secret.versions.len() - usize::from(current.is_some());
        table.row([
            secret.name.clone(),
            current.map_or_else(|| paint.bad("revoked"), |version| version.version.to_string()),
            current
                .map(|version| duration::local(version.set_at.0))
                .unwrap_or_default(),
            if earlier == 0 {
                String::new()
            } else {
                paint.dim(&earlier.to_string())
            },
        ]);
    }
    table.render(paint)
}

fn refused(error: &SecretError) -> Failure {
    let (cause, remedy) = (error.to_string(), error.remedy().to_owned());
    match error {
        SecretError::Name { .. } | SecretError::Value { .. } => Failure::Usage { cause, remedy },
        _ => Failure::Machine {
            place: "secrets".to_owned(),
            cause,
            remedy,
        },
    }
}
