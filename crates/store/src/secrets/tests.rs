#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;

const NEVER_ON_DISK: &str = "kY7v2QnX4bRw9sTzLm3p";

fn at(ms: u64) -> Timestamp {
    Timestamp(ms)
}

fn secret(value: &str) -> Secret {
    Secret::new(value.to_owned())
}

fn shop() -> Scope {
    Scope::new("shop", "production")
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        }
        found.push(path);
    }
    found
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn versions_are_kept_and_the_newest_that_is_not_revoked_counts() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    assert_eq!(store.set(&shop(), "jwt", &secret("one"), at(1)).unwrap(), 1);
    assert_eq!(store.set(&shop(), "jwt", &secret("two"), at(2)).unwrap(), 2);
    assert_eq!(
        store.set(&shop(), "jwt", &secret("two"), at(3)).unwrap(),
        2,
        "the same value changes nothing"
    );
    assert_eq!(store.newest(&shop(), "jwt").unwrap(), Some(2));

    // A second process sees the same.
    let store = SecretStore::open(state.path()).unwrap();
    assert_eq!(store.fetch(&shop(), "jwt", 1).unwrap().expose(), "one");
    store.revoke(&shop(), "jwt", 2, at(4)).unwrap();
    assert_eq!(store.newest(&shop(), "jwt").unwrap(), Some(1));
    assert!(matches!(
        store.fetch(&shop(), "jwt", 2),
        Err(SecretError::Revoked { version: 2, .. })
    ));

    // An old value that comes back gets a number of its own: numbers are never used twice.
    assert_eq!(store.set(&shop(), "jwt", &secret("two"), at(5)).unwrap(), 3);
    let listed = store.list(&shop()).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].current, Some(3));
    let versions: Vec<_> = listed[0]
        .versions
        .iter()
        .map(|it| (it.version, it.set_at.0, it.revoked_at))
        .collect();
    assert_eq!(versions, [(1, 1, None), (2, 2, Some(at(4))), (3, 5, None)]);
}

#[test]
fn what_is_not_there_is_an_error_or_nothing() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    assert_eq!(store.newest(&shop(), "jwt").unwrap(), None);
    assert_eq!(store.list(&shop()).unwrap(), []);
    assert!(matches!(
        store.fetch(&shop(), "jwt", 1),
        Err(SecretError::Missing { .. })
    ));
    assert!(matches!(
        store.revoke(&shop(), "jwt", 1, at(1)),
        Err(SecretError::Missing { .. })
    ));
    assert!(
        !state.path().join("secrets/default").exists(),
        "reading and failing make no files"
    );
}

#[test]
fn looking_makes_nothing() {
    let state = tempfile::tempdir().unwrap();
    assert!(SecretStore::find(state.path()).unwrap().is_none());
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
    SecretStore::open(state.path()).unwrap();
    assert!(SecretStore::find(state.path()).unwrap().is_some());
}

#[test]
fn scopes_do_not_see_each_other() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    store.set(&shop(), "jwt", &secret("one"), at(1)).unwrap();
    let staging = Scope::new("shop", "staging");
    assert_eq!(store.newest(&staging, "jwt").unwrap(), None);
    store.set(&staging, "jwt", &secret("one"), at(1)).unwrap();
    assert_eq!(
        store.environments("default", "shop").unwrap(),
        ["production", "staging"]
    );
    assert_eq!(store.environments("default", "blog").unwrap(), Vec::<String>::new());

    // Across scopes, digests tell equal values, which is how reuse is found.
    let digest = |scope: &Scope| store.current(scope).unwrap()[0].digest.clone();
    assert_eq!(digest(&shop()), digest(&staging));
    store.set(&staging, "jwt", &secret("two"), at(2)).unwrap();
    assert_ne!(digest(&shop()), digest(&staging));
}

#[test]
fn digests_of_another_store_are_different() {
    let digest = || {
        let state = tempfile::tempdir().unwrap();
        let store = SecretStore::open(state.path()).unwrap();
        store.set(&shop(), "jwt", &secret("one"), at(1)).unwrap();
        store.list(&shop()).unwrap()[0].digest.clone().unwrap()
    };
    assert_ne!(digest(), digest());
}

#[test]
fn no_value_and_no_name_is_on_the_disk_in_the_clear_and_nobody_else_reads() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    store
        .set(&shop(), "stripe-key-name", &secret(NEVER_ON_DISK), at(1))
        .unwrap();
    store
        .set(&shop(), "stripe-key-name", &secret("another"), at(2))
        .unwrap();
    store.revoke(&shop(), "stripe-key-name", 1, at(3)).unwrap();
    let files = files_below(state.path());
    for path in &files {
        if path.is_dir() {
            assert_eq!(mode(path), 0o700, "{}", path.display());
            continue;
        }
        assert_eq!(mode(path), 0o600, "{}", path.display());
        let bytes = std::fs::read(path).unwrap();
        for word in [NEVER_ON_DISK, "stripe-key-name"] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} is in {}", path.display());
        }
    }
    let names: Vec<_> = files
        .iter()
        .map(|path| path.strip_prefix(state.path()).unwrap().to_str().unwrap())
        .collect();
    for name in [
        "secrets/identity",
        "secrets/lock",
        "secrets/default/shop/production.age",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert_eq!(
        files.iter().filter(|path| path.is_file()).count(),
        3,
        "nothing temporary stays: {names:?}"
    );
}

#[test]
fn nothing_that_prints_tells_a_value() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    store.set(&shop(), "jwt", &secret(NEVER_ON_DISK), at(1)).unwrap();
    let identity = std::fs::read_to_string(state.path().join("secrets/identity")).unwrap();
    let said = format!(
        "{store:?} {:?} {:?} {:?}",
        store.list(&shop()).unwrap(),
        store.current(&shop()).unwrap(),
        store.read(&shop()).unwrap()
    );
    assert!(!said.contains(NEVER_ON_DISK), "{said}");
    assert!(!said.contains(identity.trim()), "{said}");
}

#[test]
fn generated_values_fit_their_recipe_and_differ() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    let fetch = |version| store.fetch(&shop(), "jwt", version).unwrap();
    assert_eq!(store.generate(&shop(), "jwt", &Recipe::default(), at(1)).unwrap(), 1);
    assert_eq!(store.generate(&shop(), "jwt", &Recipe::default(), at(2)).unwrap(), 2);
    assert_ne!(fetch(1), fetch(2));
    assert_eq!(fetch(1).expose().len(), 48);
    assert!(fetch(1).expose().chars().all(|c| c.is_ascii_alphanumeric()));

    let hex = Recipe {
        length: 4000,
        alphabet: Alphabet::Hex,
    };
    store.generate(&shop(), "jwt", &hex, at(3)).unwrap();
    let value = fetch(3);
    assert_eq!(value.expose().len(), 4000);
    for digit in "0123456789abcdef".chars() {
        // 250 are expected; six standard deviations are 92.
        let times = value.expose().matches(digit).count();
        assert!((150..=350).contains(&times), "{digit}: {times}");
    }

    let short = Recipe {
        length: 8,
        alphabet: Alphabet::UrlSafe,
    };
    assert!(matches!(
        store.generate(&shop(), "jwt", &short, at(4)),
        Err(SecretError::Value { .. })
    ));
    assert_eq!(store.newest(&shop(), "jwt").unwrap(), Some(3));
}

#[test]
fn names_and_values_that_could_do_harm_are_refused() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    for name in ["", "../x", "a/b", ".hidden", "a b", "-x", "ä", &"a".repeat(129)] {
        let error = store.set(&shop(), name, &secret("v"), at(1)).unwrap_err();
        assert!(matches!(error, SecretError::Name { .. }), "{name}: {error}");
    }
    for part in ["..", "a/b", "a.b", ""] {
        for scope in [Scope::new(part, "production"), Scope::new("shop", part)] {
            assert!(matches!(store.list(&scope), Err(SecretError::Name { .. })), "{part}");
            assert!(store.set(&scope, "jwt", &secret("v"), at(1)).is_err(), "{part}");
        }
    }
    for value in [String::new(), "a\0b".to_owned(), "x".repeat(LONGEST_VALUE + 1)] {
        let error = store.set(&shop(), "jwt", &secret(&value), at(1)).unwrap_err();
        assert!(matches!(error, SecretError::Value { .. }), "{error}");
    }
    store
        .set(&shop(), "a.b-C_9", &secret(&"x".repeat(LONGEST_VALUE)), at(1))
        .unwrap();
}

#[test]
fn with_another_identity_nothing_is_read_and_nothing_written() {
    let state = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    SecretStore::open(state.path())
        .unwrap()
        .set(&shop(), "jwt", &secret("one"), at(1))
        .unwrap();
    SecretStore::open(other.path()).unwrap();
    std::fs::copy(
        other.path().join("secrets/identity"),
        state.path().join("secrets/identity"),
    )
    .unwrap();

    let document = state.path().join("secrets/default/shop/production.age");
    let before = std::fs::read(&document).unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    for error in [
        store.fetch(&shop(), "jwt", 1).unwrap_err(),
        store.set(&shop(), "jwt", &secret("two"), at(2)).unwrap_err(),
        store.revoke(&shop(), "jwt", 1, at(2)).unwrap_err(),
        store.list(&shop()).unwrap_err(),
    ] {
        assert!(matches!(error, SecretError::WrongKey { .. }), "{error}");
        assert!(error.to_string().contains("production.age"), "{error}");
        assert!(error.remedy().contains("secrets/identity"));
    }
    assert_eq!(std::fs::read(&document).unwrap(), before);
}

#[test]
fn a_damaged_document_is_neither_read_nor_written_over() {
    let state = tempfile::tempdir().unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    store.set(&shop(), "jwt", &secret("one"), at(1)).unwrap();
    let document = state.path().join("secrets/default/shop/production.age");
    let good = std::fs::read(&document).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bad in [
        flipped,
        good[..good.len() - 5].to_vec(),
        good[..30].to_vec(),
        b"{}".to_vec(),
        Vec::new(),
    ] {
        std::fs::write(&document, &bad).unwrap();
        let error = store.fetch(&shop(), "jwt", 1).unwrap_err();
        assert!(matches!(error, SecretError::Corrupt { .. }), "{error}");
        store.set(&shop(), "jwt", &secret("two"), at(2)).unwrap_err();
        assert_eq!(std::fs::read(&document).unwrap(), bad);
    }
    std::fs::write(&document, good).unwrap();
    assert_eq!(store.fetch(&shop(), "jwt", 1).unwrap().expose(), "one");
}

#[test]
fn an_identity_that_is_lost_damaged_or_open_to_others_is_refused() {
    let state = tempfile::tempdir().unwrap();
    SecretStore::open(state.path())
        .unwrap()
        .set(&shop(), "jwt", &secret("one"), at(1))
        .unwrap();
    let path = state.path().join("secrets/identity");
    let good = std::fs::read(&path).unwrap();
    let refused = |what: &str| {
        for error in [
            SecretStore::open(state.path()).map(|_| ()).unwrap_err(),
            SecretStore::find(state.path()).map(|_| ()).unwrap_err(),
        ] {
            assert!(matches!(error, SecretError::Identity { .. }), "{what}: {error}");
            assert!(error.to_string().contains(what), "{error}");
        }
    };
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    refused("others may read");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "AGE-SECRET-KEY-1QQQ").unwrap();
    refused("not an age identity");
    std::fs::remove_file(&path).unwrap();
    refused("is lost");
    assert!(!path.exists(), "no new identity was made over the loss");
    std::fs::write(&path, good).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let store = SecretStore::open(state.path()).unwrap();
    assert_eq!(store.fetch(&shop(), "jwt", 1).unwrap().expose(), "one");
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let state = tempfile::tempdir().unwrap();
    let path: Arc<Path> = state.path().into();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let path = Arc::clone(&path);
            std::thread::spawn(move || {
                // Each opens for itself, as processes do, the making of the identity included.
                let store = SecretStore::open(&path).unwrap();
                for round in 0..4 {
                    let name = format!("secret-{writer}-{round}");
                    store.set(&shop(), &name, &secret(&name), at(1)).unwrap();
                    store.set(&shop(), "shared", &secret(&name), at(1)).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let store = SecretStore::open(&path).unwrap();
    assert_eq!(store.newest(&shop(), "shared").unwrap(), Some(32));
    let current = store.current(&shop()).unwrap();
    assert_eq!(current.len(), 33);
    assert!(
        current
            .iter()
            .all(|it| it.name == "shared" || it.value.expose() == it.name)
    );
}

/// The store in `fixture-1` was written by the first version of the format. Its identity protects nothing else.
#[test]
fn a_store_of_the_first_format_is_read() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/secrets/fixture-1");
    let state = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(state.path().join("secrets/default/shop")).unwrap();
    for (from, to) in [
        ("identity", "identity"),
        ("production.age", "default/shop/production.age"),
    ] {
        let to = state.path().join("secrets").join(to);
        std::fs::copy(fixture.join(from), &to).unwrap();
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let store = SecretStore::open(state.path()).unwrap();
    let listed = store.list(&shop()).unwrap();
    let seen: Vec<_> = listed
        .iter()
        .map(|it| (it.name.as_str(), it.current, it.versions.len()))
        .collect();
    assert_eq!(seen, [("jwt", Some(2), 3), ("maps-api-key", Some(1), 1)]);
    assert_eq!(listed[0].versions[2].revoked_at, Some(at(1_700_000_003_000)));
    assert_eq!(store.fetch(&shop(), "jwt", 1).unwrap().expose(), "first of three");
    assert_eq!(
        store.fetch(&shop(), "jwt", 2).unwrap().expose(),
        "second, with \"quotes\"\nand a line"
    );
    assert_eq!(store.set(&shop(), "jwt", &secret("fourth"), at(2)).unwrap(), 4);
}
