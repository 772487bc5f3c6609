//! The programs that builds and instances need: where they are, and whether they may be executed.

mod version;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use seaworthy_checks::Fact;
use seaworthy_checks::facts::{Access, Program, Source};
use seaworthy_checks::programs::needed;
use seaworthy_spec::{EnvSource, Service};

use super::Request;
use super::access::User;

type Programs = BTreeMap<String, Fact<Option<Program>>>;

/// What was looked up.
#[derive(Debug, Default)]
pub(super) struct LookedUp {
    /// For builds, by name.
    pub(super) build: Programs,
    /// For instances, by service and name.
    pub(super) run: BTreeMap<String, Programs>,
}

pub(super) fn look_up(request: &Request<'_>, sources: &BTreeMap<String, Fact<Source>>, instances: &User) -> LookedUp {
    let mut found = LookedUp::default();
    for (name, service) in &request.spec.services {
        let Some(source) = sources.get(name).and_then(Fact::known) else {
            continue;
        };
        for need in needed(service, &source.detected) {
            let program = if need.at_run_time {
                for_instances(&need.program, service, request, *instances)
            } else {
                find(&need.program, request.search).map(|path| (User::Own.may_execute(&path), path))
            };
            let program = program.map(|(access, path)| Program {
                version: (request.versions && access == Access::Granted)
                    .then(|| version::of(&path))
                    .flatten(),
                path: path.display().to_string(),
                access,
            });
            let programs = if need.at_run_time {
                found.run.entry(name.clone()).or_default()
            } else {
                &mut found.build
            };
            programs.insert(need.program, Fact::Known(program));
        }
    }
    found
}

/// Where instances find a program. One that only the daemon's own search path has is told as out of their reach.
fn for_instances(program: &str, service: &Service, request: &Request<'_>, user: User) -> Option<(Access, PathBuf)> {
    let search = search_path(service);
    if let Some(path) = find(program, &search) {
        return Some((user.may_execute(&path), path));
    }
    let elsewhere = find(program, request.search)?;
    let at = elsewhere.parent().unwrap_or(Path::new("/")).display().to_string();
    let why = "it is not in the search path of instances".to_owned();
    Some((Access::Denied { at, why }, elsewhere))
}

/// The search path of instances: the file's, or the fixed one.
fn search_path(service: &Service) -> Vec<PathBuf> {
    let written = service.env.get("PATH").and_then(|variable| match &variable.source {
        EnvSource::Value(value) => Some(value.as_str()),
        EnvSource::Secret(_) | EnvSource::From(_) | EnvSource::Missing => None,
    });
    env::split_paths(written.unwrap_or(crate::environment::PATH)).collect()
}

/// The first executable file of this name; an absolute path is itself.
fn find(program: &str, search: &[PathBuf]) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        let metadata = fs::metadata(path);
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    // Joining an absolute path replaces the directory.
    let anywhere = [PathBuf::from("/")];
    let search = if program.starts_with('/') { &anywhere } else { search };
    search.iter().map(|directory| directory.join(program)).find(executable)
}
