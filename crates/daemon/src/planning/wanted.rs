//! Looks at the sources of a file and completes it into the revision that is wanted.

use std::collections::BTreeMap;
use std::path::Path;

use seaworthy_api::Finding;
use seaworthy_plan::detect::{Detected, detect};
use seaworthy_plan::{Snapshot, Source, build_request, resolve, source_dir};
use seaworthy_platform_host::source;

use super::file::Read;
use crate::refusal::Refused;
use crate::secrets::Secrets;

/// The revision that is wanted, and what was found out on the way.
pub(crate) struct Wanted {
    pub(crate) snapshot: Snapshot,
    pub(crate) sources: BTreeMap<String, Source>,
}

/// Completes a file. Reads every source, so it runs where it may block.
pub(super) async fn wanted(read: &Read, state: &Path, secrets: &Secrets) -> Result<Wanted, Refused> {
    let spec = &read.merged.spec;
    let mut sources = BTreeMap::new();
    for (name, service) in spec.services.iter().filter(|(_, service)| service.source.is_some()) {
        let dir = source_dir(&read.root, service);
        let facts = tokio::task::block_in_place(|| source::facts(&dir, state))?;
        let detected = detect(&facts).unwrap_or_else(Detected::nothing);
        let request = build_request(&read.scope, &read.root, name, service, &detected);
        let input = tokio::task::block_in_place(|| source::input_digest(&request, state))?;
        sources.insert(name.clone(), Source { detected, input });
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
