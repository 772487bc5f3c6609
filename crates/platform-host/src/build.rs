//! Builds artifacts: a source is copied, its build command run, the result made runnable and sealed.
//!
//! - An input that was built before is answered at once, without copying: [`Builder::build`] looks only.
//! - One build of the same input at a time; a second request waits and finds the first one's artifact.
//! - The build command runs as the daemon's user in a process group of its own, with `HOME` and all caches inside the
//!   state directory and none of the daemon's environment but `PATH` and what is needed to reach the network
//!   (proxies, certificates, package indexes). It gets no secret of the application.
//! - Whatever ends a build early (a failure, the time limit, the caller that drops the future) ends its processes and
//!   removes its directory. After a crash of the daemon the next [`Builder::open`] does.
//!
//! Why the build runs where the artifact will lie is told in [`crate::artifact`].

mod environment;
mod explain;
mod output;
mod process;
mod result;
#[cfg(test)]
mod tests;
pub(crate) mod tools;
mod workplace;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seaworthy_platform::{ArtifactId, BuildRequest, Built, PlatformError, Timestamp};

pub use environment::Machine;

use crate::artifact::{Artifacts, Unfinished};
use crate::failure::machine;
use crate::source::{self, Recipe};
use workplace::Workplace;

/// How long a build command may run unless [`Builder::limit`] says otherwise.
pub const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How often a source that changes while it is copied is copied again.
const ATTEMPTS: u32 = 3;

/// A lock per input. An input that nobody builds has no entry that would be kept.
type Locks = Arc<Mutex<HashMap<ArtifactId, Weak<tokio::sync::Mutex<()>>>>>;

/// Turns sources into artifacts.
#[derive(Debug, Clone)]
pub struct Builder {
    artifacts: Artifacts,
    machine: Arc<Machine>,
    limit: Duration,
    locks: Locks,
}

/// A build command with everything it needs to be run.
struct Job {
    request: BuildRequest,
    recipe: Recipe,
}

impl Builder {
    /// Opens the artifacts of a state directory, removing what interrupted builds left there.
    ///
    /// # Errors
    ///
    /// When the state directory cannot be written.
    pub fn open(state: &Path, machine: Machine) -> Result<Self, PlatformError> {
        Ok(Self {
            artifacts: Artifacts::open(state)?,
            machine: Arc::new(machine),
            limit: LIMIT,
            locks: Locks::default(),
        })
    }

    /// The same builder with another time limit for build commands.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The artifacts it builds into.
    pub fn artifacts(&self) -> &Artifacts {
        &self.artifacts
    }

    /// The artifact that a request leads to, and whether it is there already. Nothing is copied or built.
    ///
    /// # Errors
    ///
    /// When the source cannot be read or holds what cannot be released.
    pub async fn find(&self, request: &BuildRequest) -> Result<(ArtifactId, bool), PlatformError> {
        let input = self.digest(&self.job(request)).await?;
        let id = artifact_id(&input);
        let there = self.artifacts.exists(&id);
        Ok((id, there))
    }

    /// Builds a source, or finds the artifact of the same input.
    ///
    /// # Errors
    ///
    /// [`PlatformError::Build`] when the build command fails, with its last lines; [`PlatformError::Machine`] when the
    /// source cannot be taken over or the disk fails.
    pub async fn build(&self, request: &BuildRequest) -> Result<Built, PlatformError> {
        let began = Instant::now();
        let job = Arc::new(self.job(request));
        let mut input = self.digest(&job).await?;
        for _ in 0..ATTEMPTS {
            let id = artifact_id(&input);
            let answer = |reused| Built {
                artifact: id.clone(),
                reused,
                millis: began.elapsed().as_millis() as u64,
            };
            if self.artifacts.exists(&id) {
                return Ok(answer(true));
            }
            let lock = self.lock(&id).lock_owned().await;
            if self.artifacts.exists(&id) {
                return Ok(answer(true));
            }
            let workplace = Workplace::new(self.artifacts.clone(), id.clone(), lock);
            let (workplace, copied) = self.copy(&job, workplace).await?;
            if copied == input {
                self.make(&job, workplace, input).await?;
                return Ok(answer(false));
            }
            // The source was written to in between: what was copied is another input, with another lock.
            input = copied;
        }
        Err(machine(
            request.source.display(),
            "the source changed while it was copied, again and again",
            "stop what writes to the source directory, or name what it writes in .gitignore",
        ))
    }

    /// Builds in a directory that holds the copied source, and makes an artifact of it.
    async fn make(&self, job: &Arc<Job>, mut workplace: Workplace, input: String) -> Result<(), PlatformError> {
        if !job.recipe.command.is_empty() {
            process::run(self, job, &mut workplace).await?;
        }
        let (artifacts, job) = (self.artifacts.clone(), Arc::clone(job));
        blocking(move || {
            result::prepare(&job.request, &workplace.place())?;
            artifacts.finish(Unfinished {
                id: artifact_id(&input),
                input,
                stack: job.recipe.stack.clone(),
                command: Some(job.recipe.command.clone()).filter(|command| !command.is_empty()),
                built_at: now(),
            })?;
            workplace.keep();
            Ok(())
        })
        .await
    }

    async fn copy(&self, job: &Arc<Job>, mut workplace: Workplace) -> Result<(Workplace, String), PlatformError> {
        let (artifacts, job) = (self.artifacts.clone(), Arc::clone(job));
        blocking(move || {
            // The workplace travels with the work: when the caller has gone meanwhile, it is cleared at the end.
            let staged = workplace.stage()?;
            let copied = source::copy(&job.request.source, artifacts.state(), &job.recipe, &staged)?;
            workplace.settle()?;
            Ok((workplace, copied))
        })
        .await
    }

    async fn digest(&self, job: &Job) -> Result<String, PlatformError> {
        let (source, recipe) = (job.request.source.clone(), job.recipe.clone());
        let state = self.artifacts.state().to_owned();
        blocking(move || source::digest(&source, &state, &recipe)).await
    }

    fn job(&self, request: &BuildRequest) -> Job {
        Job {
            request: request.clone(),
            recipe: Recipe::of(request, &self.machine),
        }
    }

    fn lock(&self, id: &ArtifactId) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        let known = locks.get(id).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let lock = Arc::new(tokio::sync::Mutex::new(()));
            locks.insert(id.clone(), Arc::downgrade(&lock));
            lock
        })
    }

    /// Where the output of a request's builds is kept.
    fn logs(&self, request: &BuildRequest) -> PathBuf {
        let scope = &request.scope;
        let parts = [&scope.organisation, &scope.app, &scope.environment];
        parts
            .iter()
            .fold(self.artifacts.state().join("logs"), |path, part| path.join(part))
            .join("build")
    }
}

/// The name of an input's artifact: the first 32 digits of the input digest.
pub fn artifact_id(input: &str) -> ArtifactId {
    ArtifactId(input.chars().take(32).collect())
}

fn now() -> Timestamp {
    Timestamp(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_millis() as u64),
    )
}

/// Runs file work where it may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlatformError> + Send + 'static,
) -> Result<T, PlatformError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(machine(
            "build",
            format_args!("a part of the build ended early: {error}"),
            "try again",
        )),
    }
}
