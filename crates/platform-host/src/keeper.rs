//! Keepers as this crate uses them: started or found, then heard; their errors in the platform's words.

use std::path::Path;

use seaworthy_platform::PlatformError;
use seaworthy_supervise::client::{self, ClientError, Spawned, Watch};
use seaworthy_supervise::protocol::{KeepSpec, Status};

use crate::failure::machine;

/// A keeper that is heard.
pub(crate) struct Keeper(Watch);

impl Keeper {
    /// The status now, then at every change; none when the keeper is gone, whichever way.
    /// Nothing is lost when this is cancelled.
    pub(crate) async fn next(&mut self) -> Option<Status> {
        self.0.next().await.ok().flatten()
    }
}

/// Hears the keeper in a directory; none when there is none that answers.
pub(crate) async fn connect(dir: &Path) -> Option<Keeper> {
    let keeper = client::Keeper::connect(dir).await.ok()?;
    Some(Keeper(keeper.watch().await.ok()?))
}

/// Starts a keeper and the process with it, or goes on with the process where it runs.
pub(crate) async fn start(binary: &Path, spec: &KeepSpec) -> Result<Keeper, PlatformError> {
    client::spawn(binary, spec).await.map_err(|error| words(&error))?;
    let keeper = client::Keeper::connect(&spec.dir)
        .await
        .map_err(|error| words(&error))?;
    Ok(Keeper(keeper.watch().await.map_err(|error| words(&error))?))
}

/// Starts a keeper for a process whose own was killed. Answers `false` when that has ended for good.
pub(crate) async fn take_over(binary: &Path, spec: &KeepSpec) -> Result<bool, PlatformError> {
    let spawned = client::adopt(binary, spec).await.map_err(|error| words(&error))?;
    Ok(spawned != Spawned::Ended)
}

/// Starts the process again.
pub(crate) async fn restart(dir: &Path, reason: &str) -> Result<(), PlatformError> {
    let keeper = client::Keeper::connect(dir).await.map_err(|error| words(&error))?;
    keeper.restart(reason).await.map_err(|error| words(&error))?;
    Ok(())
}

/// Stops process and keeper; answers when both are over, `false` when no keeper is there.
pub(crate) async fn stop(dir: &Path) -> Result<bool, PlatformError> {
    let Ok(keeper) = client::Keeper::connect(dir).await else {
        return Ok(false);
    };
    keeper.stop().await.map_err(|error| words(&error))?;
    Ok(true)
}

/// What the last keeper wrote down. A file that cannot be read says as little as none.
pub(crate) fn last_status(dir: &Path) -> Option<Status> {
    client::read_last_status(dir).ok().flatten()
}

fn words(error: &ClientError) -> PlatformError {
    machine("keeper", error, error.remedy())
}
