//! Stable revisions, and those that rollback keeps.

use rusqlite::{OptionalExtension as _, Transaction, params};
use seaworthy_platform::{ReleaseId, Scope};

use crate::releases::{id, number};
use crate::{Store, StoreError};

/// A revision that becomes stable.
#[derive(Debug, Clone, Copy)]
pub struct Success<'a> {
    /// Whose.
    pub scope: &'a Scope,
    /// Its digest.
    pub revision: &'a str,
    /// All that is needed to run it again, as JSON.
    pub snapshot: &'a str,
}

/// A revision that was stable once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StableRow {
    /// The release that made it so.
    pub release: ReleaseId,
    /// Its digest.
    pub revision: String,
    /// All that is needed to run it again, as JSON.
    pub snapshot: String,
}

impl Success<'_> {
    pub(crate) fn write(&self, transaction: &Transaction<'_>, release: i64) -> rusqlite::Result<()> {
        let Scope {
            organisation,
            app,
            environment,
        } = self.scope;
        transaction.execute(
            "INSERT OR REPLACE INTO revisions VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![release, organisation, app, environment, self.revision, self.snapshot],
        )?;
        transaction.execute(
            "INSERT OR REPLACE INTO stable VALUES (?1, ?2, ?3, ?4)",
            params![organisation, app, environment, release],
        )?;
        Ok(())
    }
}

impl Store {
    /// The stable revision of a scope; none before its first release and after `down`.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn stable(&self, scope: &Scope) -> Result<Option<StableRow>, StoreError> {
        self.read(|connection| {
            let query =
                "SELECT r.release, r.revision, r.snapshot FROM stable s JOIN revisions r ON r.release = s.release
                         WHERE s.organisation = ?1 AND s.app = ?2 AND s.environment = ?3";
            let whose = params![scope.organisation, scope.app, scope.environment];
            connection
                .query_row(query, whose, |row| {
                    Ok(StableRow {
                        release: id(row.get(0)?),
                        revision: row.get(1)?,
                        snapshot: row.get(2)?,
                    })
                })
                .optional()
        })
    }

    /// Nothing of the scope runs any more; its kept revisions stay.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be written.
    pub fn clear_stable(&self, scope: &Scope) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM stable WHERE organisation = ?1 AND app = ?2 AND environment = ?3",
                params![scope.organisation, scope.app, scope.environment],
            )?;
            Ok(())
        })
    }

    /// The revisions of a scope that a release or a rollback made stable, newest first, each once. What `scale` and `restart`
    /// made of them is not among them: it would push out what a rollback wants.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn revisions(&self, scope: &Scope, most: u32) -> Result<Vec<StableRow>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare(
                "SELECT MAX(r.release), r.revision, r.snapshot FROM revisions r JOIN releases l ON l.id = r.release
                 WHERE r.organisation = ?1 AND r.app = ?2 AND r.environment = ?3 AND l.kind IN ('release', 'rollback')
                 GROUP BY r.revision ORDER BY 1 DESC LIMIT ?4",
            )?;
            let rows = query.query_map(params![scope.organisation, scope.app, scope.environment, most], |row| {
                Ok(StableRow {
                    release: id(row.get(0)?),
                    revision: row.get(1)?,
                    snapshot: row.get(2)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Forgets kept revisions older than a release; their releases and journal stay in the history.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be written.
    pub fn forget_revisions_before(&self, scope: &Scope, oldest_kept: &ReleaseId) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "DELETE FROM revisions WHERE organisation = ?1 AND app = ?2 AND environment = ?3 AND release < ?4
                 AND release NOT IN (SELECT release FROM stable)",
                params![scope.organisation, scope.app, scope.environment, number(oldest_kept)],
            )?;
            Ok(())
        })
    }
}
