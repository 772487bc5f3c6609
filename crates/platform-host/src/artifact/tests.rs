//! The store by itself; how artifacts come about is tested with the builder.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use seaworthy_platform::{ArtifactId, Timestamp};

use super::*;

fn id(digit: char) -> ArtifactId {
    ArtifactId(digit.to_string().repeat(32))
}

/// Makes an artifact of files with these contents.
fn made(store: &Artifacts, digit: char, files: &[(&str, &str)]) -> Manifest {
    let staged = store.stage().unwrap();
    for (path, text) in files {
        let place = staged.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, text).unwrap();
    }
    store.place(&staged, &id(digit)).unwrap();
    let unfinished = Unfinished {
        id: id(digit),
        input: digit.to_string().repeat(64),
        stack: "none".to_owned(),
        command: Some("make".to_owned()),
        built_at: Timestamp(1_700_000_000_000),
    };
    store.finish(unfinished).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn an_artifact_is_read_only_readable_by_all_and_described() {
    let state = tempfile::tempdir().unwrap();
    let store = Artifacts::open(state.path()).unwrap();
    let staged = store.stage().unwrap();
    fs::create_dir(staged.join("bin")).unwrap();
    fs::write(staged.join("bin/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(staged.join("bin/run"), fs::Permissions::from_mode(0o4700)).unwrap();
    fs::write(staged.join("data"), "12345").unwrap();
    fs::set_permissions(staged.join("data"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("/usr/bin/env", staged.join("env")).unwrap();
    fs::hard_link(staged.join("data"), state.path().join("package-store")).unwrap();
    store.place(&staged, &id('a')).unwrap();
    let unfinished = Unfinished {
        id: id('a'),
        input: "a".repeat(64),
        stack: "none".to_owned(),
        command: None,
        built_at: Timestamp(7),
    };
    let manifest = store.finish(unfinished).unwrap();

    let dir = artifact_dir(store.state(), &id('a'));
    assert_eq!((mode(&dir), mode(&dir.join("bin"))), (0o555, 0o555));
    assert_eq!((mode(&dir.join("bin/run")), mode(&dir.join("data"))), (0o555, 0o444));
    // A file that a package manager's store knows too was copied, so that neither can change the other.
    fs::write(state.path().join("package-store"), "other").unwrap();
    assert_eq!(fs::read_to_string(dir.join("data")).unwrap(), "12345");

    assert_eq!(
        (manifest.size, manifest.files, manifest.built_at),
        (15, 3, Timestamp(7))
    );
    assert_eq!(store.manifest(&id('a')).unwrap(), Some(manifest));
    assert!(store.exists(&id('a')));
    store.verify(&id('a')).unwrap();
}

#[test]
fn verification_names_the_first_difference() {
    let state = tempfile::tempdir().unwrap();
    let store = Artifacts::open(state.path()).unwrap();
    let verified = |change: fn(&Path)| {
        fs::remove_file(state.path().join("artifacts").join(format!("{}.json", id('b')))).ok();
        made(&store, 'b', &[("a/one", "1"), ("a/two words", "2"), ("three", "3")]);
        let dir = store.dir(&id('b'));
        for path in [&dir, &dir.join("a")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        store.verify(&id('b')).unwrap();
        change(&dir);
        store.verify(&id('b')).unwrap_err().to_string()
    };
    let changed = verified(|dir| {
        fs::remove_file(dir.join("a/two words")).unwrap();
        fs::write(dir.join("a/two words"), "x").unwrap();
    });
    assert!(changed.ends_with("a/two%20words was changed"), "{changed}");
    let missing = verified(|dir| fs::remove_file(dir.join("a/one")).unwrap());
    assert!(missing.ends_with("a/one is missing"), "{missing}");
    let last = verified(|dir| fs::remove_file(dir.join("three")).unwrap());
    assert!(last.ends_with("three is missing"), "{last}");
    let added = verified(|dir| fs::write(dir.join("a/more"), "").unwrap());
    assert!(added.ends_with("a/more was added"), "{added}");
    let executable = verified(|dir| fs::set_permissions(dir.join("three"), fs::Permissions::from_mode(0o555)).unwrap());
    assert!(executable.ends_with("three was changed"), "{executable}");
}

#[test]
fn opening_removes_what_was_interrupted_and_nothing_else() {
    let state = tempfile::tempdir().unwrap();
    let store = Artifacts::open(state.path()).unwrap();
    made(&store, 'c', &[("x", "1")]);
    let artifacts = state.path().join("artifacts");
    // Cut off before its manifest, before its tree, while being staged; and somebody else's file.
    fs::create_dir_all(artifacts.join(id('d').as_str()).join("sub")).unwrap();
    fs::write(artifacts.join(format!("{}.files", id('d'))), "").unwrap();
    fs::write(artifacts.join(format!("{}.json", id('e'))), "{}").unwrap();
    fs::create_dir(state.path().join("tmp/build-1-1")).unwrap();
    fs::write(state.path().join("tmp/other"), "").unwrap();
    fs::write(artifacts.join("README"), "").unwrap();

    let store = Artifacts::open(state.path()).unwrap();
    assert_eq!(store.finished().unwrap(), [id('c')]);
    let mut left: Vec<_> = fs::read_dir(&artifacts)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    let expected = [
        "README".to_owned(),
        id('c').0,
        format!("{}.files", id('c')),
        format!("{}.json", id('c')),
    ];
    assert_eq!(left, expected);
    assert!(!state.path().join("tmp/build-1-1").exists());
    assert!(state.path().join("tmp/other").exists());
}

#[test]
fn pruning_keeps_what_is_named_and_what_runs() {
    let state = tempfile::tempdir().unwrap();
    let store = Artifacts::open(state.path()).unwrap();
    for digit in ['1', '2', '3'] {
        made(&store, digit, &[("deep/file", "x")]);
    }
    // A process that stands in an artifact; it ends when its standard input does.
    let mut process = Command::new("cat")
        .current_dir(store.dir(&id('2')))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let keep = BTreeSet::from([id('1')]);
    assert_eq!(store.prune(&keep).unwrap(), [id('3')]);
    assert!(store.exists(&id('1')) && store.exists(&id('2')) && !store.exists(&id('3')));
    assert!(!store.dir(&id('3')).exists());
    drop(process.stdin.take());
    process.wait().unwrap();
    assert_eq!(store.prune(&keep).unwrap(), [id('2')]);
    assert_eq!(store.finished().unwrap(), [id('1')]);
}

#[test]
fn a_manifest_of_the_first_format_is_read_and_a_newer_one_refused() {
    let state = tempfile::tempdir().unwrap();
    let store = Artifacts::open(state.path()).unwrap();
    let file = state.path().join("artifacts").join(format!("{}.json", id('f')));
    let first = r#"{"format":1,"id":"ffffffffffffffffffffffffffffffff","input":"ff","content":"00","stack":"node",
        "command":"npm ci","built_at":5,"size":10,"files":2}"#;
    fs::write(&file, first).unwrap();
    let manifest = store.manifest(&id('f')).unwrap().unwrap();
    assert_eq!((manifest.command.as_deref(), manifest.files), (Some("npm ci"), 2));
    fs::write(&file, r#"{"format":2}"#).unwrap();
    let error = store.manifest(&id('f')).unwrap_err().to_string();
    assert!(error.contains("format 2 is newer"), "{error}");
    assert!(!store.exists(&ArtifactId::from("../../etc")));
}

#[test]
fn a_socket_in_a_result_is_refused_by_name() {
    let state = tempfile::tempdir().unwrap();
    let store = Artifacts::open(state.path()).unwrap();
    let staged = store.stage().unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(staged.join("left.sock")).unwrap();
    store.place(&staged, &id('9')).unwrap();
    let unfinished = Unfinished {
        id: id('9'),
        input: String::new(),
        stack: String::new(),
        command: None,
        built_at: Timestamp(0),
    };
    let error = store.finish(unfinished).unwrap_err().to_string();
    assert!(error.contains("left.sock"), "{error}");
    assert!(!store.exists(&id('9')));
}
