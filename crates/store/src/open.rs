//! Opening the journal: format, pragmas, fence.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::StoreError;

/// The format that this code writes.
pub const FORMAT: u32 = 1;

const SCHEMA: &str = "
    CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
    INSERT INTO meta VALUES ('fence', 0);

    CREATE TABLE releases (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        organisation TEXT NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL,
        kind TEXT NOT NULL,
        request TEXT NOT NULL,
        asked_by TEXT NOT NULL, asked_ms INTEGER NOT NULL,
        plan TEXT, strategy TEXT, from_revision TEXT, to_revision TEXT,
        phase TEXT NOT NULL, outcome TEXT, ended_ms INTEGER
    ) STRICT;
    CREATE INDEX releases_by_scope ON releases (organisation, app, environment, id);

    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        release INTEGER NOT NULL REFERENCES releases (id),
        at_ms INTEGER NOT NULL,
        entry TEXT NOT NULL
    ) STRICT;
    CREATE INDEX journal_by_release ON journal (release, seq);

    CREATE TABLE revisions (
        release INTEGER PRIMARY KEY REFERENCES releases (id),
        organisation TEXT NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL,
        revision TEXT NOT NULL,
        snapshot TEXT NOT NULL
    ) STRICT;

    CREATE TABLE stable (
        organisation TEXT NOT NULL, app TEXT NOT NULL, environment TEXT NOT NULL,
        release INTEGER NOT NULL REFERENCES revisions (release),
        PRIMARY KEY (organisation, app, environment)
    ) STRICT;
";

/// The journal of one state directory.
pub struct Store {
    pub(crate) path: PathBuf,
    connection: Mutex<Connection>,
    fence: i64,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.path)
            .field("fence", &self.fence)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the journal of a state directory, makes it where there is none, and fences off whoever had it before.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a directory that a newer version wrote, which is left as it is.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let path = state.join("seaworthy.db");
        std::fs::create_dir_all(state).map_err(|cause| StoreError::Directory {
            path: state.to_owned(),
            cause,
        })?;
        let database = |cause| StoreError::Database {
            path: path.clone(),
            cause,
        };
        restrict(&path)?;
        let mut connection = Connection::open(&path).map_err(database)?;
        let found: u32 = connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .map_err(database)?;
        if found > FORMAT {
            return Err(StoreError::Newer {
                path,
                found,
                known: FORMAT,
            });
        }
        // Invariant 1 rests on FULL: an entry that was acknowledged survives power loss.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;")
            .map_err(database)?;
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(database)?;
        if found == 0 {
            transaction.execute_batch(SCHEMA).map_err(database)?;
            transaction
                .pragma_update(None, "user_version", FORMAT)
                .map_err(database)?;
        }
        transaction
            .execute("UPDATE meta SET value = value + 1 WHERE key = 'fence'", [])
            .map_err(database)?;
        let fence = read_fence(&transaction).map_err(database)?;
        transaction.commit().map_err(database)?;
        Ok(Self {
            path,
            connection: Mutex::new(connection),
            fence,
        })
    }

    /// The number that grows with every daemon that opens this store.
    pub fn fence(&self) -> i64 {
        self.fence
    }

    pub(crate) fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        query(&self.lock()).map_err(|cause| self.failed(cause))
    }

    /// Runs a change in a transaction of its own, unless another daemon has fenced this one off.
    pub(crate) fn write<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let failed = |cause| self.failed(cause);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        if read_fence(&transaction).map_err(failed)? != self.fence {
            return Err(StoreError::Fenced {
                path: self.path.clone(),
            });
        }
        let answer = change(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(answer)
    }

    fn failed(&self, cause: rusqlite::Error) -> StoreError {
        StoreError::Database {
            path: self.path.clone(),
            cause,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic while the lock was held rolled its transaction back, so the connection is sound.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_fence(connection: &Connection) -> rusqlite::Result<i64> {
    let found = connection
        .query_row("SELECT value FROM meta WHERE key = 'fence'", [], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Only the owner reads the journal: it holds files, which name people, sources and machines. SQLite gives the files beside
/// the database the database's own mode, so it is made with that mode before SQLite sees it.
fn restrict(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let failed = |path: &Path, cause| StoreError::Directory {
        path: path.to_owned(),
        cause,
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map_err(|cause| failed(path, cause))?;
    for beside in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(beside);
        let file = Path::new(&file);
        if file.exists() {
            let mode = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(file, mode).map_err(|cause| failed(file, cause))?;
        }
    }
    Ok(())
}
