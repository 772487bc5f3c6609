//! Which artifacts a process of this machine stands in.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use seaworthy_platform::ArtifactId;

/// The artifacts that are the working directory or hold the executable of some process.
///
/// The last line of defence: who asks for pruning names what is to be kept. As an ordinary user only that user's
/// processes can be looked at, and those are the ones that run from here.
pub(crate) fn in_use(artifacts: &Path) -> BTreeSet<ArtifactId> {
    let processes = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let places = processes.flat_map(|process| ["cwd", "exe"].map(|link| process.join(link)));
    places
        .filter_map(|link| fs::read_link(link).ok())
        .filter_map(|place| {
            let inside = place.strip_prefix(artifacts).ok()?;
            Some(ArtifactId::from(inside.components().next()?.as_os_str().to_str()?))
        })
        .collect()
}
