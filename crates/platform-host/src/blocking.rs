//! File work from async code.

use seaworthy_platform::PlatformError;

use crate::failure::machine;

/// Runs work that may block on a thread where it may. It is done to its end even if the caller goes away.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PlatformError> + Send + 'static,
) -> Result<T, PlatformError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(machine(
            "platform",
            format_args!("file work ended early: {error}"),
            "try again",
        )),
    }
}
