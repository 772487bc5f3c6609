//! Why the secret store could not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

/// Why the secret store could not do what it was asked. Never tells a value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The disk refused.
    #[error("{}: cannot {doing}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried, `read`.
        doing: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
    /// The identity cannot be used.
    #[error("{}: {cause}", path.display())]
    Identity {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A document was encrypted to another identity.
    #[error("{}: it was not encrypted to the identity of this state directory", path.display())]
    WrongKey {
        /// The document.
        path: PathBuf,
    },
    /// A document is damaged.
    #[error("{}: it is damaged: {cause}", path.display())]
    Corrupt {
        /// The document.
        path: PathBuf,
        /// What was seen.
        cause: String,
    },
    /// A document was written by a newer version.
    #[error("{}: it has format {format}, and this version reads {known}", path.display())]
    Newer {
        /// The document.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest format that is known here.
        known: u32,
    },
    /// A name that is not allowed.
    #[error("`{name}` cannot be the name of {kind}: {cause}")]
    Name {
        /// What it should name.
        kind: &'static str,
        /// The name.
        name: String,
        /// What is wrong with it.
        cause: &'static str,
    },
    /// A value that is not allowed.
    #[error("the value for the secret `{name}` {cause}")]
    Value {
        /// The secret.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
    /// There is no such secret.
    #[error("{scope}: there is no secret {name}")]
    Missing {
        /// Whose.
        scope: String,
        /// Its name and version.
        name: String,
    },
    /// The version was taken out of use.
    #[error("{scope}: version {version} of the secret {name} is revoked")]
    Revoked {
        /// Whose.
        scope: String,
        /// Its name.
        name: String,
        /// Its version.
        version: u32,
    },
}

impl SecretError {
    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            doing,
            source,
        }
    }

    /// What to do about it, one sentence.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Io { .. } => "check the owner and the free space of the state directory; nothing was changed.",
            Self::Identity { remedy, .. } => remedy,
            Self::WrongKey { .. } => {
                "put the identity back that belongs to this state directory (secrets/identity), from a copy of it; nothing was changed."
            }
            Self::Corrupt { .. } => {
                "put the file back from a copy, or move it away and set the secrets again; nothing was changed."
            }
            Self::Newer { .. } => "use the newer version of Seaworthy that wrote it; nothing was changed.",
            Self::Name { .. } => {
                "choose a name of letters, digits, `-`, `_` and (in secrets) `.`, beginning with a letter or a digit."
            }
            Self::Value { .. } => {
                "give a value of 1 to 65536 bytes without NUL, or let `seaworthy secret generate` make one."
            }
            Self::Missing { .. } => "`seaworthy secret list` shows what there is, `seaworthy secret set` adds one.",
            Self::Revoked { .. } => "set a new version with `seaworthy secret set`, and release.",
        }
    }
}
