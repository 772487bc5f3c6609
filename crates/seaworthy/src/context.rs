//! What every command works with: where to print, and what the options name.

use std::path::{Path, PathBuf};

use seaworthy_api::AppStatus;

use crate::cli::Options;
use crate::client::Client;
use crate::failure::Failure;
use crate::project::Project;
use crate::reporter::Reporter;
use crate::state::{self, Surroundings};

/// The environment where none is named.
pub(crate) const PRODUCTION: &str = "production";

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Context {
    /// Where it prints.
    pub(crate) reporter: Reporter,
    /// What was said for every command.
    pub(crate) options: Options,
}

/// An application's environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The application.
    pub(crate) app: String,
    /// The environment.
    pub(crate) environment: String,
}

impl Target {
    /// A path of the API below this application's environment.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/v1/apps/{}/{}{rest}", self.app, self.environment)
    }
}

impl Context {
    /// The state directory.
    pub(crate) fn state(&self) -> Result<PathBuf, Failure> {
        state::directory(Surroundings::here(self.options.state.clone()))
    }

    /// The daemon of the state directory, which may or may not answer.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(Client::of(&self.state()?))
    }

    /// The file.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Failure::at(Path::new("."), &error, "go to a directory that exists"))?;
        Project::read(self.options.file.as_deref(), &here)
    }

    /// The environment's name. It becomes part of paths, so it is held to what names are made of.
    pub(crate) fn environment(&self) -> Result<&str, Failure> {
        let name = self.options.environment.as_deref().unwrap_or(PRODUCTION);
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        match !name.is_empty() && name.bytes().all(plain) {
            true => Ok(name),
            false => Err(Failure::Usage {
                cause: format!("`{name}` is not the name of an environment"),
                remedy: "names are made of a–z, 0–9, - and _".into(),
            }),
        }
    }

    /// The application that is meant: that of the file or, where there is none, the only one the daemon has.
    pub(crate) async fn target(&self) -> Result<Target, Failure> {
        let environment = self.environment()?.to_owned();
        match self.project() {
            Ok(project) => Ok(Target {
                app: project.app()?,
                environment,
            }),
            Err(none @ Failure::NoFile { .. }) => {
                let apps = self.client()?.get::<Vec<AppStatus>>("/v1/apps").await?;
                let mut names = apps
                    .into_iter()
                    .filter(|app| app.environment == environment)
                    .map(|app| app.app);
                match (names.next(), names.next()) {
                    (Some(app), None) => Ok(Target { app, environment }),
                    (Some(first), Some(second)) => Err(Failure::Usage {
                        cause: format!(
                            "which application? there are {first}, {second}{}",
                            if names.next().is_some() { ", …" } else { "" }
                        ),
                        remedy: "go to its directory, or name its file with `-f FILE`".into(),
                    }),
                    (None, _) => Err(none),
                }
            }
            Err(failure) => Err(failure),
        }
    }
}
