//! Why the store could not do what it was asked.

use std::path::PathBuf;

/// Why the journal could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The state directory was written by a newer version.
    #[error("{}: written by a newer version of seaworthy (format {found}, this one knows {known})", path.display())]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that this code knows.
        known: u32,
    },
    /// Another daemon has taken over since this one opened the store.
    #[error("{}: another daemon holds this state directory now", path.display())]
    Fenced {
        /// The database.
        path: PathBuf,
    },
    /// SQLite said no.
    #[error("{}: {cause}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What it said.
        cause: rusqlite::Error,
    },
    /// The directory could not be made.
    #[error("{}: {cause}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's reason.
        cause: std::io::Error,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Newer { .. } => "use the newer seaworthy, or another state directory (--state DIR)",
            Self::Fenced { .. } => "nothing: the other daemon carries on",
            Self::Database { .. } => "check free space and permissions of the state directory; nothing was changed",
            Self::Directory { .. } => "make the directory, or name another one (--state DIR)",
        }
    }
}
