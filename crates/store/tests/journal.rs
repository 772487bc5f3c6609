//! The journal as the daemon relies on it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use seaworthy_platform::{ReleaseId, Scope};
use seaworthy_store::{Appended, NewRelease, Progress, Store, StoreError, Success};
use tempfile::TempDir;

fn asked(scope: &Scope) -> NewRelease {
    NewRelease {
        scope: scope.clone(),
        kind: "release".into(),
        request: "{}".into(),
        by: "alice".into(),
        asked_ms: 7,
    }
}

fn entries(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| format!("\"{text}\"")).collect()
}

fn succeed(store: &Store, scope: &Scope, release: &ReleaseId, revision: &str) {
    let entries = entries(&["ended"]);
    let progress = Progress {
        phase: Some("retiring".into()),
        ended: Some(("succeeded".into(), 9)),
    };
    let success = Some(Success {
        scope,
        revision,
        snapshot: "{}",
    });
    store
        .append(
            release,
            9,
            &Appended {
                entries: &entries,
                progress,
                success,
            },
        )
        .unwrap();
}

#[test]
fn what_was_appended_is_there_after_a_restart_in_order_and_resumable() {
    let dir = TempDir::new().unwrap();
    let scope = Scope::new("shop", "production");
    let store = Store::open(dir.path()).unwrap();
    let release = store.insert_release(&asked(&scope)).unwrap();
    assert_eq!(release.as_str(), "r1");
    let first = store
        .append(
            &release,
            8,
            &Appended {
                entries: &entries(&["begun", "intent"]),
                ..Appended::default()
            },
        )
        .unwrap();
    drop(store);

    let store = Store::open(dir.path()).unwrap();
    let all: Vec<String> = store
        .journal(&release, 0)
        .unwrap()
        .into_iter()
        .map(|line| line.entry)
        .collect();
    assert_eq!(all, entries(&["begun", "intent"]));
    let rest = store.journal(&release, first[0]).unwrap();
    assert_eq!(rest.len(), 1, "a client resumes after the number it has seen");
    assert_eq!(store.unfinished().unwrap().len(), 1);
}

#[test]
fn the_last_entry_and_the_stable_revision_are_one_write() {
    let dir = TempDir::new().unwrap();
    let scope = Scope::new("shop", "production");
    let store = Store::open(dir.path()).unwrap();
    let release = store.insert_release(&asked(&scope)).unwrap();
    assert_eq!(store.stable(&scope).unwrap(), None);
    succeed(&store, &scope, &release, "abc");
    assert_eq!(store.stable(&scope).unwrap().unwrap().revision, "abc");
    let row = store.release(&release).unwrap().unwrap();
    assert_eq!(
        (row.phase.as_str(), row.outcome.as_deref(), row.ended_ms),
        ("retiring", Some("succeeded"), Some(9))
    );
    assert!(store.unfinished().unwrap().is_empty());
}

#[test]
fn an_earlier_daemon_cannot_write_any_more() {
    let dir = TempDir::new().unwrap();
    let scope = Scope::new("shop", "production");
    let earlier = Store::open(dir.path()).unwrap();
    let release = earlier.insert_release(&asked(&scope)).unwrap();
    let later = Store::open(dir.path()).unwrap();
    assert!(later.fence() > earlier.fence());

    let refused = earlier.append(
        &release,
        8,
        &Appended {
            entries: &entries(&["late"]),
            ..Appended::default()
        },
    );
    assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    assert!(later.journal(&release, 0).unwrap().is_empty());
}

#[test]
fn a_newer_state_directory_is_refused_and_left_as_it_is() {
    let dir = TempDir::new().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let path = dir.path().join("seaworthy.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();

    let refused = Store::open(dir.path()).unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::Newer {
                found: 99,
                known: 1,
                ..
            }
        ),
        "{refused}"
    );
    assert!(
        refused
            .to_string()
            .contains("written by a newer version of seaworthy (format 99, this one knows 1)")
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn pruning_keeps_the_stable_revision_however_old() {
    let dir = TempDir::new().unwrap();
    let scope = Scope::new("shop", "production");
    let store = Store::open(dir.path()).unwrap();
    let releases: Vec<ReleaseId> = (0..4).map(|_| store.insert_release(&asked(&scope)).unwrap()).collect();
    for release in &releases {
        succeed(&store, &scope, release, release.as_str());
    }
    succeed(&store, &scope, &releases[0], "r1");
    store.forget_revisions_before(&scope, &releases[2]).unwrap();
    let kept: Vec<String> = store
        .revisions(&scope, 10)
        .unwrap()
        .into_iter()
        .map(|row| row.release.0)
        .collect();
    assert_eq!(kept, ["r4", "r3", "r1"]);
}

#[test]
fn forgetting_one_application_leaves_the_others() {
    let dir = TempDir::new().unwrap();
    let (one, two) = (Scope::new("one", "production"), Scope::new("two", "production"));
    let store = Store::open(dir.path()).unwrap();
    for scope in [&one, &two] {
        let release = store.insert_release(&asked(scope)).unwrap();
        succeed(&store, scope, &release, "abc");
    }
    store.forget(&one).unwrap();
    assert_eq!(store.scopes().unwrap(), std::slice::from_ref(&two));
    assert!(store.stable(&two).unwrap().is_some());
}

#[test]
fn only_its_owner_reads_the_journal() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = TempDir::new().unwrap();
    drop(Store::open(dir.path()).unwrap());
    let mode = std::fs::metadata(dir.path().join("seaworthy.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
