//! Whether the state directory can be used.

use std::path::Path;

use seaworthy_checks::Fact;
use seaworthy_checks::facts::StateDir;

use super::access::{User, may_write};
use super::nearest_existing;

/// The state directory, or where it would be made: there it must be possible to make it.
pub(super) fn directory(state: &Path, instances: &User) -> Fact<StateDir> {
    let existing = nearest_existing(state);
    Fact::Known(StateDir {
        path: state.display().to_string(),
        writable: may_write(existing),
        reachable: instances.may_enter(existing),
    })
}
