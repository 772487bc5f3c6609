//! Reads the file of a request.

use std::path::{Path, PathBuf};

use seaworthy_api::{Finding, ReleaseRequest};
use seaworthy_platform::Scope;
use seaworthy_spec::{Merged, Mistakes};

use crate::refusal::Refused;

/// A file that was read, merged for its environment.
pub(crate) struct Read {
    pub(crate) merged: Merged,
    pub(crate) scope: Scope,
    /// The directory of the file: sources are relative to it.
    pub(crate) root: PathBuf,
}

/// Parses and merges the file of a request.
///
/// # Errors
/// Every mistake of the file.
pub(crate) fn read(request: &ReleaseRequest) -> Result<Read, Refused> {
    let path = Path::new(&request.path);
    let name = path
        .file_name()
        .map_or_else(|| request.path.clone(), |name| name.to_string_lossy().into_owned());
    let file = seaworthy_spec::parse(&request.file, &name).map_err(|mistakes| refused(&mistakes))?;
    let merged = file
        .merge(request.environment.as_deref())
        .map_err(|mistakes| refused(&mistakes))?;
    let scope = Scope::new(&merged.spec.app, &merged.spec.environment.name);
    let root = path.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Read { merged, scope, root })
}

fn refused(mistakes: &Mistakes) -> Refused {
    let findings = mistakes.iter().map(|mistake| Finding {
        id: mistake.id.to_owned(),
        severity: "error".to_owned(),
        place: Some(mistake.place.to_string()),
        key: Some(mistake.key.clone()).filter(|key| !key.is_empty()),
        reason: mistake.cause.clone(),
        remedy: mistake.remedy.clone(),
    });
    Refused::mistakes(findings.collect())
}
