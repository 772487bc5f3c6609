//! Secrets reach the instance and nothing else.

use std::fs;
use std::path::Path;

use crate::harness::{Seaworthy, apps, lacks, processes, wait};

/// Long and random enough to be found only where it was put.
const VALUE: &str = "kW7vQ2mXc9Rt4ZpL8sNd3HbY6gJf1AeU";

#[test]
fn a_secret_reaches_the_instance_and_nothing_else() {
    if lacks(&["python"]) {
        return;
    }
    let digest = "import hashlib; reply(hashlib.sha256(os.environ['TOKEN'].encode()).hexdigest())";
    let ship = Seaworthy::new().web(&apps::serving(digest)).file(&format!(
        "{}\n[services.web.env]\nTOKEN = {{ secret = \"token\", min_length = 32 }}\n",
        apps::WEB
    ));
    ship.up().exits(3).says("token").says("secret set");
    ship.run_with_input(["secret", "set", "token"], VALUE)
        .succeeds()
        .never_says(VALUE);
    ship.run(["secret", "list"]).succeeds().says("token").never_says(VALUE);

    ship.run(["plan"]).succeeds().never_says(VALUE);
    ship.run(["plan", "--json"]).succeeds().never_says(VALUE);
    ship.up().succeeds().never_says(VALUE);
    assert_eq!(ship.get("/").body, sha256(VALUE), "the instance has it");

    for words in [
        &["status", "--json"][..],
        &["logs"],
        &["releases", "--json"],
        &["release", "show", "r1", "--json"],
    ] {
        ship.run(words).succeeds().never_says(VALUE);
    }
    for process in processes::of(ship.app().parent().unwrap()) {
        assert!(!process.words.iter().any(|word| word.contains(VALUE)), "{process:?}");
    }
    nowhere_below(&ship.state());

    // Also not after every process has been killed and found again.
    for role in ["daemon", "keep", "edge"] {
        ship.pids(role).into_iter().for_each(processes::kill);
    }
    ship.up().succeeds();
    wait::for_some("an answer", || {
        (ship.try_get("/").ok()?.body == sha256(VALUE)).then_some(())
    });
    nowhere_below(&ship.state());
}

#[test]
fn a_generated_secret_is_never_shown() {
    let ship = Seaworthy::new().file(apps::WEB);
    ship.run(["secret", "generate", "jwt"]).succeeds();
    let listed = ship.run(["secret", "list", "--json"]).succeeds();
    assert!(listed.stdout.contains("jwt"));
    // Nothing that long and that mixed stands in a listing of names, versions and dates.
    let longest = listed
        .stdout
        .split(|c: char| !c.is_ascii_alphanumeric())
        .map(str::len)
        .max();
    assert!(longest < Some(30), "{listed}");
}

/// No file below a directory holds the value.
#[track_caller]
fn nowhere_below(dir: &Path) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            nowhere_below(&entry.path());
        } else if kind.is_file() {
            // A file may be gone by now, as a log that was rotated.
            let bytes = fs::read(entry.path()).unwrap_or_default();
            let held = bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes());
            assert!(!held, "{} holds the secret", entry.path().display());
        }
    }
}

/// What the instance answers, by a program that is not ours.
fn sha256(text: &str) -> String {
    let program = format!("import hashlib; print(hashlib.sha256({text:?}.encode()).hexdigest())");
    let output = std::process::Command::new("python3")
        .args(["-c", &program])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
