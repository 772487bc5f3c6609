//! Releases: what was asked, by whom, and how far it came.

use rusqlite::{OptionalExtension as _, Row, params};
use seaworthy_platform::{ReleaseId, Scope};

use crate::{Store, StoreError};

/// A release that somebody asks for.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// Whose.
    pub scope: Scope,
    /// `release`, `rollback`, `restart`, `scale`.
    pub kind: String,
    /// What was asked, as JSON.
    pub request: String,
    /// Who asked.
    pub by: String,
    /// When, milliseconds since the epoch.
    pub asked_ms: u64,
}

/// A release as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Its id.
    pub id: ReleaseId,
    /// Whose.
    pub scope: Scope,
    /// `release`, `rollback`, `restart`, `scale`.
    pub kind: String,
    /// What was asked, as JSON.
    pub request: String,
    /// Who asked.
    pub by: String,
    /// When, milliseconds since the epoch.
    pub asked_ms: u64,
    /// Its plan, as JSON, once it was made.
    pub plan: Option<String>,
    /// Its strategy.
    pub strategy: Option<String>,
    /// The stable revision when it was planned.
    pub from_revision: Option<String>,
    /// The revision it goes to.
    pub to_revision: Option<String>,
    /// The phase it is in, or the last one.
    pub phase: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it ended, milliseconds since the epoch.
    pub ended_ms: Option<u64>,
}

/// How far a release has come: written together with the journal entries that say so.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    /// The phase it has entered.
    pub phase: Option<String>,
    /// How it ended, and when (milliseconds since the epoch).
    pub ended: Option<(String, u64)>,
}

const COLUMNS: &str = "id, organisation, app, environment, kind, request, asked_by, asked_ms, plan, strategy, \
                       from_revision, to_revision, phase, outcome, ended_ms";

pub(crate) fn number(id: &ReleaseId) -> i64 {
    id.as_str()
        .strip_prefix('r')
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(-1)
}

pub(crate) fn id(number: i64) -> ReleaseId {
    ReleaseId(format!("r{number}"))
}

fn row(row: &Row<'_>) -> rusqlite::Result<ReleaseRow> {
    Ok(ReleaseRow {
        id: id(row.get(0)?),
        scope: Scope {
            organisation: row.get(1)?,
            app: row.get(2)?,
            environment: row.get(3)?,
        },
        kind: row.get(4)?,
        request: row.get(5)?,
        by: row.get(6)?,
        asked_ms: row.get(7)?,
        plan: row.get(8)?,
        strategy: row.get(9)?,
        from_revision: row.get(10)?,
        to_revision: row.get(11)?,
        phase: row.get(12)?,
        outcome: row.get(13)?,
        ended_ms: row.get(14)?,
    })
}

impl Store {
    /// Writes a release down as queued and gives it its id.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be written.
    pub fn insert_release(&self, new: &NewRelease) -> Result<ReleaseId, StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO releases (organisation, app, environment, kind, request, asked_by, asked_ms, phase)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'queued')",
                params![
                    new.scope.organisation,
                    new.scope.app,
                    new.scope.environment,
                    new.kind,
                    new.request,
                    new.by,
                    new.asked_ms
                ],
            )?;
            Ok(id(transaction.last_insert_rowid()))
        })
    }

    /// Keeps the plan of a release with it. `revisions` are the stable one and the one it goes to.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be written.
    pub fn set_plan(
        &self,
        release: &ReleaseId,
        plan: &str,
        strategy: &str,
        revisions: (Option<&str>, &str),
    ) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "UPDATE releases SET plan = ?2, strategy = ?3, from_revision = ?4, to_revision = ?5 WHERE id = ?1",
                params![number(release), plan, strategy, revisions.0, revisions.1],
            )?;
            Ok(())
        })
    }

    /// One release.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn release(&self, release: &ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
        self.read(|connection| {
            let query = format!("SELECT {COLUMNS} FROM releases WHERE id = ?1");
            connection.query_row(&query, [number(release)], row).optional()
        })
    }

    /// The releases of a scope, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn releases(&self, scope: &Scope, most: u32) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare(&format!(
                "SELECT {COLUMNS} FROM releases WHERE organisation = ?1 AND app = ?2 AND environment = ?3 ORDER BY id DESC LIMIT ?4"
            ))?;
            let rows = query.query_map(params![scope.organisation, scope.app, scope.environment, most], row)?;
            rows.collect()
        })
    }

    /// The release of a scope that is under way: the oldest that has not ended. Those behind it wait for their turn.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn under_way(&self, scope: &Scope) -> Result<Option<ReleaseRow>, StoreError> {
        self.read(|connection| {
            let query = format!(
                "SELECT {COLUMNS} FROM releases WHERE organisation = ?1 AND app = ?2 AND environment = ?3
                 AND outcome IS NULL ORDER BY id LIMIT 1"
            );
            let whose = params![scope.organisation, scope.app, scope.environment];
            connection.query_row(&query, whose, row).optional()
        })
    }

    /// Releases that have not reached a resting place, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn unfinished(&self) -> Result<Vec<ReleaseRow>, StoreError> {
        self.read(|connection| {
            let mut query = connection.prepare(&format!(
                "SELECT {COLUMNS} FROM releases WHERE outcome IS NULL ORDER BY id"
            ))?;
            query.query_map([], row)?.collect()
        })
    }

    /// Every scope that ever had a release.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be read.
    pub fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        self.read(|connection| {
            let mut query =
                connection.prepare("SELECT DISTINCT organisation, app, environment FROM releases ORDER BY 1, 2, 3")?;
            let rows = query.query_map([], |row| {
                Ok(Scope {
                    organisation: row.get(0)?,
                    app: row.get(1)?,
                    environment: row.get(2)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Forgets everything about a scope: its releases, their journal and revisions.
    ///
    /// # Errors
    /// [`StoreError`] when the journal cannot be written.
    pub fn forget(&self, scope: &Scope) -> Result<(), StoreError> {
        self.write(|transaction| {
            let whose = params![scope.organisation, scope.app, scope.environment];
            let of_scope = "SELECT id FROM releases WHERE organisation = ?1 AND app = ?2 AND environment = ?3";
            transaction.execute(
                "DELETE FROM stable WHERE organisation = ?1 AND app = ?2 AND environment = ?3",
                whose,
            )?;
            transaction.execute(&format!("DELETE FROM revisions WHERE release IN ({of_scope})"), whose)?;
            transaction.execute(&format!("DELETE FROM journal WHERE release IN ({of_scope})"), whose)?;
            transaction.execute(
                "DELETE FROM releases WHERE organisation = ?1 AND app = ?2 AND environment = ?3",
                whose,
            )?;
            Ok(())
        })
    }
}
