//! `seaworthy init`: writes a commented file for the code found here, and never over one that is there.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use seaworthy_plan::detect::{self, Detected, NotDetected};
use serde::Serialize;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::first_file::{self, Found};
use crate::project::FILE;

#[derive(Serialize)]
struct Written {
    version: u32,
    path: String,
    services: Vec<String>,
    detected: Vec<String>,
}

pub(super) fn run(context: &Context) -> Result<Exit, Failure> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::at(Path::new("."), &error, "go to a directory that exists"))?;
    let path = context
        .options
        .file
        .as_ref()
        .map_or_else(|| here.join(FILE), |named| here.join(named));
    if path.exists() {
        return Err(there_is_one(&path));
    }
    let root = path.parent().unwrap_or(&here).to_owned();
    let services = find(&root, &context.state()?)?;
    let name = root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let text = first_file::render(&first_file::app_name(&name), &services);
    write(&path, &text)?;
    let written = Written {
        version: seaworthy_api::VERSION,
        path: path.display().to_string(),
        services: services.iter().map(|found| found.name.clone()).collect(),
        detected: services.iter().flat_map(Found::evidence).collect(),
    };
    context.reporter.result(&written, |paint| {
        let evidence: String = written
            .detected
            .iter()
            .map(|line| format!("  {}\n", paint.dim(line)))
            .collect();
        let next = "next: read it, then `seaworthy check`, `seaworthy plan`, `seaworthy up`";
        format!("{} wrote {}\n{evidence}{next}\n", paint.good("✓"), written.path)
    });
    Ok(Exit::Done)
}

/// The application is what stands here or, where that is nothing known, what stands in the directories below.
fn find(root: &Path, state: &Path) -> Result<Vec<Found>, Failure> {
    let none = match look(root, state)? {
        Ok(detected) => {
            return Ok(vec![Found {
                name: "web".into(),
                source: ".".into(),
                detected,
            }]);
        }
        Err(none) => none,
    };
    let mut services = Vec::new();
    for directory in directories(root).map_err(|error| Failure::at(root, &error, "see that you may list it"))? {
        if let Ok(detected) = look(&root.join(&directory), state)? {
            services.push(Found {
                name: first_file::service_name(&directory),
                source: directory,
                detected,
            });
        }
    }
    match services.is_empty() {
        false => Ok(services),
        true => Err(Failure::Machine {
            place: root.join(&none.file).display().to_string(),
            cause: none.cause.clone(),
            remedy: none.remedy().to_owned(),
        }),
    }
}

fn look(directory: &Path, state: &Path) -> Result<Result<Detected, NotDetected>, Failure> {
    let facts = seaworthy_platform_host::source::facts(directory, state).map_err(|error| Failure::Machine {
        place: directory.display().to_string(),
        cause: error.to_string(),
        remedy: "see that you may read what is in it".into(),
    })?;
    Ok(detect::detect(&facts))
}

/// The directories that may hold a service, in the order of their names.
fn directories(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() && !name.starts_with('.') && !matches!(name.as_str(), "node_modules" | "target")
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a file that was not there, even if somebody else is writing it at this moment.
fn write(path: &PathBuf, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => there_is_one(path),
        _ => Failure::at(path, &error, "go to a directory that you may write to"),
    })
}

fn there_is_one(path: &Path) -> Failure {
    Failure::Usage {
        cause: format!("{}: there is one already; it stays as it is", path.display()),
        remedy: "`seaworthy check` validates it; `-f FILE` writes another".into(),
    }
}
