//! Looks at the sources of a file and completes it into the revision that is wanted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use seaworthy_api::Finding;
use seaworthy_plan::detect::{Detected, detect};
use seaworthy_plan::{Snapshot, Source, build_request, resolve, source_dir};
use seaworthy_platform::{PlatformError, Scope};
use seaworthy_platform_host::source;
use seaworthy_spec::Service;

use super::file::Read;
use crate::refusal::Refused;
use crate::secrets::Secrets;

/// The revision that is wanted, and what was found out on the way.
pub(crate) struct Wanted {
    pub(crate) snapshot: Snapshot,
    pub(crate) sources: BTreeMap<String, Source>,
}

/// Completes a file. Reads every source, on a thread that may block.
pub(super) async fn wanted(read: &Read, state: &Path, secrets: &Secrets) -> Result<Wanted, Refused> {
    secrets.readable(&read.scope)?;
    let spec = &read.merged.spec;
    let mut sources = BTreeMap::new();
    for (name, service) in spec.services.iter().filter(|(_, service)| service.source.is_some()) {
        let look = look(
            read.scope.clone(),
            read.root.clone(),
            name.clone(),
            service.clone(),
            state.to_owned(),
        );
        sources.insert(name.clone(), look.await?);
    }
    let newest = |name: &str| secrets.newest(&read.scope, name);
    match resolve(spec, &read.scope, &read.root, &sources, &newest) {
        Ok(snapshot) => Ok(Wanted { snapshot, sources }),
        Err(missing) => {
            let findings = missing.into_iter().map(|unresolved| Finding {
                id: "spec.unresolved".to_owned(),
                severity: "error".to_owned(),
                place: read.merged.place(&unresolved.key).map(|place| place.to_string()),
                reason: unresolved.cause,
                remedy: unresolved.remedy,
                key: Some(unresolved.key),
            });
            Err(Refused::findings("unresolved", findings.collect()))
        }
    }
}

async fn look(scope: Scope, root: PathBuf, name: String, service: Service, state: PathBuf) -> Result<Source, Refused> {
    let looking = tokio::task::spawn_blocking(move || {
        let facts = source::facts(&source_dir(&root, &service), &state)?;
        let detected = detect(&facts).unwrap_or_else(Detected::nothing);
        let request = build_request(&scope, &root, &name, &service, &detected);
        let input = source::input_digest(&request, &state)?;
        Ok(Source { detected, input })
    });
    let ended = |error| {
        Refused::failed(
            "internal",
            format!("looking at a source ended early: {error}"),
            "ask again",
        )
    };
    looking
        .await
        .map_err(ended)?
        .map_err(|error: PlatformError| error.into())
}
