//! Takes away what nobody needs any more.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use seaworthy_platform::{ArtifactId, PlatformError, Scope};

use crate::HostPlatform;
use crate::failure::disk;

impl HostPlatform {
    /// Removes the artifacts that are not in `keep` and in which nothing runs.
    ///
    /// # Errors
    /// When a tree cannot be removed; what was removed until then is gone.
    pub async fn prune(&self, keep: &BTreeSet<ArtifactId>) -> Result<Vec<ArtifactId>, PlatformError> {
        let mut keep = keep.clone();
        keep.extend(self.artifacts_in_use());
        let artifacts = self.builder().artifacts().clone();
        crate::blocking::blocking(move || artifacts.prune(&keep)).await
    }

    /// Removes the logs and the routing of a scope. Its instances must be gone.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub async fn forget(&self, scope: &Scope) -> Result<(), PlatformError> {
        let logs = self.host().layout.scope_logs(scope);
        let routing = self.host().layout.routing(scope);
        self.host().forget_routing(scope);
        crate::blocking::blocking(move || {
            for (path, removed) in [
                (&logs, std::fs::remove_dir_all(&logs)),
                (&routing, std::fs::remove_file(&routing)),
            ] {
                match removed {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(disk(path, "remove it", &error)),
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }
}
