//! Why the daemon could not start.

use std::path::PathBuf;

use seaworthy_platform::PlatformError;
use seaworthy_store::StoreError;

/// Why the daemon could not start.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Another daemon has the state directory.
    #[error("{}: another daemon has it ({owner})", state.display())]
    Taken {
        /// The state directory.
        state: PathBuf,
        /// Who has it, as it wrote itself down.
        owner: String,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform cannot be opened.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// A file, socket or process of the machine.
    #[error("{place}: {cause}")]
    Machine {
        /// Where.
        place: String,
        /// The system's reason.
        cause: std::io::Error,
    },
}

impl DaemonError {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::Taken { .. } => "use that daemon, or another state directory (--state DIR)".to_owned(),
            Self::Store(error) => error.remedy().to_owned(),
            Self::Platform(error) => crate::refusal::remedy(error),
            Self::Machine { .. } => "check that the state directory exists and may be written".to_owned(),
        }
    }
}
