//! The journal: one line per entry, numbered, in the order in which things were decided.

use rusqlite::params;
use seaworthy_platform::ReleaseId;

use crate::releases::{id, number};
use crate::{Progress, Store, StoreError, Success};

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// Its number, from which a client can resume.
    pub seq: u64,
    /// Of which release.
    pub release: ReleaseId,
    /// When, milliseconds since the epoch.
    pub at_ms: u64,
    /// The entry, as JSON.
    pub entry: String,
}

/// What is appended in one transaction.
#[derive(Debug, Default)]
pub struct Appended<'a> {
    /// The entries, as JSON.
    pub entries: &'a [String],
    /// How far the release has come with them.
    pub progress: Progress,
    /// The revision that becomes stable with them.
    pub success: Option<Success<'a>>,
}

impl Store {
    /// Writes entries down, with all that follows from them, in one transaction that is on disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when another daemon has taken over; [`StoreError`] when the journal cannot be written.
    pub fn append(&self, release: &ReleaseId, at_ms: u64, appended: &Appended<'_>) -> Result<Vec<u64>, StoreError> {
        self.write(|transaction| {
            let mut insert =
                transaction.prepare_cached("INSERT INTO journal (release, at_ms, entry) VALUES (?1, ?2, ?3)")?;
            let mut numbers = Vec::with_capacity(appended.entries.len());
            for entry in appended.entries {
                insert.execute(params![number(release), at_ms, entry])?;
                numbers.push(transaction.last_insert_rowid().unsigned_abs());
            }
            if let Some(phase) = &appended.progress.phase {
                transaction.execute(
                    "UPDATE releases SET phase = ?2 WHERE id = ?1",
                    params![number(release), phase],
                )?;
            }
            if let Some((outcome, ended_ms)) = &appended.progress.ended {
                transaction.execute(
                    "UPDATE releases SET outcome = ?2, ended_ms = ?3 WHERE id = ?1",
                    params![number(release), outcome, ended_ms],
                )?;
            }
            if let Some(success) = &appended.success {
                success.write(transaction, number(release))?;
            }
            Ok(numbers)
        })
    }

    /// The lines of a release with numbers above `after`, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn journal(&self, release: &ReleaseId, after: u64) -> Result<Vec<JournalLine>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT seq, release, at_ms, entry FROM journal WHERE release = ?1 AND seq > ?2 ORDER BY seq",
            )?;
            let rows = query.query_map(params![number(release), after], |row| {
                Ok(JournalLine {
                    seq: row.get(0)?,
                    release: id(row.get(1)?),
                    at_ms: row.get(2)?,
                    entry: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }
}
