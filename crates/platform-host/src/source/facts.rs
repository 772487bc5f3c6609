//! Gathers what detection decides over.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use seaworthy_plan::detect::{SourceFacts, content_limit};
use seaworthy_platform::PlatformError;

use super::walk::{self, Kind};
use crate::failure::disk;

/// How many directories deep detection looks.
const DEPTH: usize = 3;

/// The facts about a source directory. `state` is the state directory, left out where it lies inside the source.
///
/// # Errors
///
/// When the source cannot be read, or holds what cannot be released; see the module.
pub fn facts(source: &Path, state: &Path) -> Result<SourceFacts, PlatformError> {
    let root = walk::root(source)?;
    let mut facts = SourceFacts::default();
    for entry in walk::walk(&root, state, Some(DEPTH))? {
        // A name that is not text is no name that detection knows.
        let Some(path) = entry.path.to_str() else {
            continue;
        };
        if matches!(entry.kind, Kind::File { .. })
            && let Some(limit) = content_limit(path)
        {
            let place = root.join(path);
            let text = head(&place, limit).map_err(|error| disk(&place, "read the file", &error))?;
            facts.contents.insert(path.to_owned(), text);
        }
        facts.files.push(path.to_owned());
    }
    Ok(facts)
}

/// The first bytes of a file as text; what is not UTF-8 is replaced, for a parser to complain about.
fn head(path: &Path, limit: usize) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
