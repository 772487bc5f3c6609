//! Reads the file and looks at it, at the machine and at the secrets, as `check`, `plan` and `up` do before anything happens.

use std::path::{Path, PathBuf};

use seaworthy_api::Finding;
use seaworthy_platform_host::facts;
use seaworthy_spec::{Merged, Mistakes};

use crate::context::Context;
use crate::failure::Failure;
use crate::project::Project;

/// A file that was understood, and what was found.
pub(crate) struct Examined {
    /// The file as merged for the environment.
    pub(crate) merged: Merged,
    /// The findings, worst first.
    pub(crate) findings: Vec<Finding>,
}

/// Examines a file.
///
/// # Errors
/// The file's mistakes, every one of them.
pub(crate) fn examine(context: &Context, project: &Project) -> Result<Examined, Failure> {
    let merged = merge(context, project)?;
    let state = context.state()?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let search: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // A daemon that is started from here inherits this search path. Versions would start programs, and nobody asked for that.
    let root = project.directory();
    let facts = facts::gather(&facts::Request {
        spec: &merged.spec,
        root,
        state: &state,
        search: &search,
        versions: false,
    });
    let found = seaworthy_checks::run(&merged.spec, &facts, &merged);
    Ok(Examined {
        findings: found.into_iter().map(told).collect(),
        merged,
    })
}

fn merge(context: &Context, project: &Project) -> Result<Merged, Failure> {
    let name = name(&project.path);
    let mistaken = |mistakes: Mistakes| Failure::Mistakes {
        path: project.path.clone(),
        findings: mistakes.into_iter().map(mistake).collect(),
    };
    let file = seaworthy_spec::parse(&project.text, &name).map_err(mistaken)?;
    file.merge(Some(context.environment()?)).map_err(mistaken)
}

/// The file's name in places: short, because a person knows the directory.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn mistake(mistake: seaworthy_spec::Mistake) -> Finding {
    Finding {
        id: mistake.id.to_owned(),
        severity: "error".to_owned(),
        place: Some(mistake.place.to_string()),
        key: Some(mistake.key).filter(|key| !key.is_empty()),
        reason: mistake.cause,
        remedy: mistake.remedy,
    }
}

fn told(finding: seaworthy_checks::Finding) -> Finding {
    Finding {
        id: finding.id.to_owned(),
        severity: finding.severity.to_string(),
        place: finding.place,
        key: Some(finding.key),
        reason: finding.reason,
        remedy: finding.remedy,
    }
}
