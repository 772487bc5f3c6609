//! The sources of services, and what their files say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use seaworthy_checks::Fact;
use seaworthy_checks::facts::{Detected, Problem, Source, SourceKind};
use seaworthy_plan::detect::{self, Stack};
use seaworthy_spec::Service;

use super::Request;

/// Files that say that a build installs programs of its own.
const INSTALLING: [&str; 3] = ["package.json", "pyproject.toml", "requirements.txt"];

pub(super) fn of_services(request: &Request<'_>) -> BTreeMap<String, Fact<Source>> {
    let services = request
        .spec
        .services
        .iter()
        .filter(|(_, service)| service.external.is_empty());
    services
        .filter_map(|(name, service)| {
            let path = request.root.join(service.source.as_ref()?);
            let kind = kind(&path);
            let detected = match kind {
                SourceKind::Directory => detected(&path, service, request.state),
                _ => Detected::default(),
            };
            let source = Source {
                path: path.display().to_string(),
                kind,
                detected,
            };
            Some((name.clone(), Fact::Known(source)))
        })
        .collect()
}

fn kind(path: &Path) -> SourceKind {
    match fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => SourceKind::Unreadable,
        Err(_) => SourceKind::Missing,
        Ok(metadata) if !metadata.is_dir() => SourceKind::NotADirectory,
        Ok(_) if fs::read_dir(path).is_err() => SourceKind::Unreadable,
        Ok(_) => SourceKind::Directory,
    }
}

fn detected(path: &Path, service: &Service, state: &Path) -> Detected {
    if service.build.is_some() && service.command.is_some() {
        // Nothing is left to detect, so the source need not be read.
        return Detected {
            installs_programs: INSTALLING.iter().any(|name| path.join(name).exists()),
            ..Detected::default()
        };
    }
    let facts = match crate::source::facts(path, state) {
        Ok(facts) => facts,
        Err(error) => return unclear(error.to_string(), "correct the source; nothing was built."),
    };
    match detect::detect(&facts) {
        Ok(found) => Detected {
            build: found.build,
            command: found.command,
            installs_programs: matches!(found.stack, Stack::Node | Stack::Python),
            unclear: found.missing.map(|missing| Problem {
                cause: missing.to_string(),
                remedy: missing.remedy,
            }),
        },
        Err(error) => unclear(error.to_string(), error.remedy()),
    }
}

fn unclear(cause: String, remedy: &str) -> Detected {
    Detected {
        unclear: Some(Problem {
            cause,
            remedy: remedy.to_owned(),
        }),
        ..Detected::default()
    }
}
