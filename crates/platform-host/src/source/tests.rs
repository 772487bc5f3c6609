//! Sources on disk, in a repository and not.
#![allow(clippy::unwrap_used)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::*;

fn recipe() -> Recipe {
    Recipe {
        stack: "none".to_owned(),
        command: "make".to_owned(),
        tools: Vec::new(),
    }
}

fn write(root: &Path, path: &str, text: &str) -> PathBuf {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::write(&place, text).unwrap();
    place
}

/// A source and a state directory.
fn places() -> (tempfile::TempDir, tempfile::TempDir) {
    (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap())
}

fn digested(source: &Path, state: &Path) -> String {
    digest(source, state, &recipe()).unwrap()
}

/// The files that a copy of a source has.
fn copied(source: &Path, state: &Path) -> Vec<String> {
    let into = tempfile::tempdir().unwrap();
    let digest = copy(source, state, &recipe(), into.path()).unwrap();
    assert_eq!(digest, digested(source, state), "copying and looking agree");
    let entries = walk::walk(&walk::root(into.path()).unwrap(), state, None).unwrap();
    entries
        .iter()
        .map(|entry| entry.path.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn ignored_files_and_what_tools_made_stay_behind() {
    let (source, state) = places();
    let root = source.path();
    for path in [
        "app.js",
        ".env.example",
        "lib/a.js",
        "lib/debug.log",
        "secret.pem",
        "private/key",
        ".git/HEAD",
        "node_modules/x/index.js",
        "lib/__pycache__/a.pyc",
        ".venv/bin/python",
        "env/pyvenv.cfg",
        "env/bin/python",
        "crate/Cargo.toml",
        "crate/target/release/big",
        "src/target/kept.js",
    ] {
        write(root, path, "x");
    }
    write(root, ".gitignore", "*.log\n/private/\n");
    write(root, ".ignore", "secret.pem\n");
    assert_eq!(
        copied(root, state.path()),
        [
            ".env.example",
            ".gitignore",
            ".ignore",
            "app.js",
            "crate/Cargo.toml",
            "lib/a.js",
            "src/target/kept.js"
        ]
    );
}

#[test]
fn a_repositorys_ignore_files_count_in_its_directories_and_stray_ones_do_not() {
    let (source, state) = places();
    let api = source.path().join("api");
    write(&api, "main.py", "x");
    write(&api, "data.csv", "x");
    write(source.path(), ".gitignore", "*.csv\n");
    assert_eq!(copied(&api, state.path()), ["data.csv", "main.py"], "no repository");
    write(source.path(), ".git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(copied(&api, state.path()), ["main.py"], "a repository");
}

#[test]
fn the_state_directory_inside_a_source_is_no_part_of_it() {
    let (source, _) = places();
    write(source.path(), "index.html", "x");
    let state = source.path().join("state");
    write(&state, "artifacts/x", "x");
    assert_eq!(copied(source.path(), &state), ["index.html"]);
}

#[test]
fn a_source_without_files_says_why() {
    let (source, state) = places();
    write(source.path(), "main.py", "x");
    write(source.path(), ".gitignore", "*\n");
    let error = facts(source.path(), state.path()).unwrap_err().to_string();
    assert!(error.contains("no file that is not ignored"), "{error}");
    let gone = facts(&source.path().join("gone"), state.path())
        .unwrap_err()
        .to_string();
    assert!(gone.contains("gone") && gone.contains("cannot be read"), "{gone}");
}

#[test]
fn modes_and_links_are_kept() {
    let (source, state) = places();
    let script = write(source.path(), "bin/run", "#!/bin/sh\n");
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    write(source.path(), "plain", "x");
    symlink("bin/run", source.path().join("start")).unwrap();
    symlink("../plain", source.path().join("bin/plain")).unwrap();
    let into = tempfile::tempdir().unwrap();
    copy(source.path(), state.path(), &recipe(), into.path()).unwrap();
    assert_eq!(fs::read_link(into.path().join("start")).unwrap(), Path::new("bin/run"));
    let mode = |path: &str| {
        fs::symlink_metadata(into.path().join(path))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("bin/run") & 0o100, 0o100);
    assert_eq!(mode("plain") & 0o111, 0);
}

#[test]
fn links_that_leave_are_refused_by_name() {
    for target in ["/etc/passwd", "../outside", "lib/../../outside", "way/outside"] {
        let (around, state) = places();
        let source = around.path().join("source");
        write(around.path(), "outside", "x");
        write(&source, "lib/a", "x");
        // A link that seems to stay inside, by way of a directory that does not.
        if target.starts_with("way/") {
            fs::create_dir(source.join("deep")).unwrap();
            symlink("..", source.join("deep/up")).unwrap();
            symlink("deep/up/..", source.join("way")).unwrap();
        }
        symlink(target, source.join("link")).unwrap();
        let error = digest(&source, state.path(), &recipe()).unwrap_err().to_string();
        assert!(error.contains("link") || error.contains("way"), "{target}: {error}");
        assert!(error.contains("leave"), "{target}: {error}");
    }
}

#[test]
fn sockets_and_pipes_are_refused_by_name() {
    let (source, state) = places();
    write(source.path(), "app.js", "x");
    let _socket = std::os::unix::net::UnixListener::bind(source.path().join("app.sock")).unwrap();
    let error = digest(source.path(), state.path(), &recipe()).unwrap_err().to_string();
    assert!(error.contains("app.sock: a socket"), "{error}");
}

#[test]
fn everything_that_decides_changes_the_digest_and_nothing_else() {
    let (source, state) = places();
    let file = write(source.path(), "a", "one");
    write(source.path(), "b", "two");
    let before = digested(source.path(), state.path());
    let differs = |what: &str| assert_ne!(digested(source.path(), state.path()), before, "{what}");
    let same = |what: &str| assert_eq!(digested(source.path(), state.path()), before, "{what}");

    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    same("rights of others");
    fs::create_dir(source.path().join("empty")).unwrap();
    same("an empty directory");
    fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    differs("executable");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    fs::write(&file, "on2").unwrap();
    differs("content");
    fs::write(&file, "one").unwrap();
    same("content put back");
    fs::rename(&file, source.path().join("c")).unwrap();
    differs("name");
    fs::rename(source.path().join("c"), &file).unwrap();

    let other = |change: fn(&mut Recipe)| {
        let mut recipe = recipe();
        change(&mut recipe);
        digest(source.path(), state.path(), &recipe).unwrap()
    };
    assert_ne!(other(|recipe| recipe.command = "make all".to_owned()), before);
    assert_ne!(other(|recipe| recipe.stack = "node".to_owned()), before);
    assert_ne!(other(|recipe| recipe.tools = vec!["node 22".to_owned()]), before);

    let elsewhere = tempfile::tempdir().unwrap();
    write(elsewhere.path(), "a", "one");
    write(elsewhere.path(), "b", "two");
    assert_eq!(
        digested(elsewhere.path(), state.path()),
        before,
        "the place does not count"
    );
}

/// Makes a file old, as one that was not written a moment ago. Its change time stays.
fn age(file: &Path) {
    let hour = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options()
        .append(true)
        .open(file)
        .unwrap()
        .set_modified(hour)
        .unwrap();
}

#[test]
fn a_change_that_keeps_size_and_modification_time_is_seen() {
    let (source, state) = places();
    let file = write(source.path(), "a", "one");
    age(&file);
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    let before = digested(source.path(), state.path());
    fs::write(&file, "two").unwrap();
    fs::File::options()
        .append(true)
        .open(&file)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_ne!(digested(source.path(), state.path()), before);
}

#[test]
fn a_settled_file_is_taken_from_the_cache_and_a_fresh_one_is_not() {
    let (source, state) = places();
    let fresh = walk::Stat {
        size: 3,
        mtime_ns: i128::from(i64::MAX),
        ctime_ns: 0,
        inode: 1,
    };
    let old = walk::Stat { mtime_ns: 5, ..fresh };
    let kept = |stat: &walk::Stat| {
        let mut cache = stat_cache::StatCache::open(state.path(), source.path());
        cache.put(Path::new("a"), stat, "digest");
        cache.save(source.path());
        stat_cache::StatCache::open(state.path(), source.path()).get(Path::new("a"), stat)
    };
    assert_eq!(kept(&fresh), None);
    assert_eq!(kept(&old).as_deref(), Some("digest"));
    let mut cache = stat_cache::StatCache::open(state.path(), source.path());
    for changed in [
        walk::Stat { inode: 2, ..old },
        walk::Stat { size: 4, ..old },
        walk::Stat { mtime_ns: 6, ..old },
        walk::Stat { ctime_ns: 1, ..old },
    ] {
        assert_eq!(cache.get(Path::new("a"), &changed), None, "{changed:?}");
    }
}

#[test]
fn a_broken_cache_is_an_empty_one() {
    let (source, state) = places();
    write(source.path(), "a", "one");
    let before = digested(source.path(), state.path());
    let caches = state.path().join("cache/stat");
    fs::create_dir_all(&caches).unwrap();
    let resolved = fs::canonicalize(source.path()).unwrap();
    stat_cache::StatCache::open(state.path(), &resolved).save(&resolved);
    for entry in fs::read_dir(&caches).unwrap() {
        fs::write(entry.unwrap().path(), "{").unwrap();
    }
    assert_eq!(digested(source.path(), state.path()), before);
}

#[test]
fn facts_hold_names_and_the_text_that_decides() {
    let (source, state) = places();
    write(
        source.path(),
        "package.json",
        "{\"scripts\":{\"start\":\"node server.js\"}}",
    );
    write(source.path(), "server.js", "listen()");
    write(source.path(), "lib/data.bin", "x");
    write(source.path(), "a/b/c/d/deep.js", "x");
    write(source.path(), "a/b/c/near.js", "x");
    let facts = facts(source.path(), state.path()).unwrap();
    assert_eq!(
        facts.files,
        ["a/b/c/near.js", "lib/data.bin", "package.json", "server.js"]
    );
    assert_eq!(facts.text("server.js"), Some("listen()"));
    assert_eq!(facts.text("lib/data.bin"), None);
    let detected = seaworthy_plan::detect::detect(&facts).unwrap();
    assert_eq!(detected.stack, seaworthy_plan::detect::Stack::Node);
}
