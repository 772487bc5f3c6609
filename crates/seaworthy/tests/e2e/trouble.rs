//! Versions that cannot serve: the cause and the last lines are said, and the version before serves on.

use crate::harness::{Ran, Seaworthy, apps, lacks, processes, wait};

/// A ship that serves "before", then is given this program.
#[track_caller]
fn released(program: &str) -> (Seaworthy, Ran) {
    let ship = Seaworthy::new()
        .web(&apps::says("before"))
        .file(&apps::WEB.replace("start = \"5s\"", "start = \"2s\""));
    ship.up().succeeds();
    ship.write("web/server.py", program);
    let traffic = ship.traffic("/", 50.0);
    let ran = ship.up().exits(1);
    traffic.flows(5);
    traffic.lost_nothing();
    assert_eq!(ship.get("/").body, "before");
    assert_eq!(
        ship.last_release().outcome.as_deref(),
        Some("failed_before_traffic"),
        "{ran}"
    );
    (ship, ran)
}

#[test]
fn a_build_that_fails_shows_its_last_lines() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("before")).file(apps::WEB);
    ship.up().succeeds();
    ship.rewrite(&apps::WEB.replace(
        "build   = \"\"",
        "build = \"echo compiling; echo no such module >&2; exit 7\"",
    ));
    ship.up().exits(1).says("build").says("no such module").says("status 7");
    assert_eq!(ship.get("/").body, "before");
}

#[test]
fn one_that_exits_at_once() {
    if lacks(&["python"]) {
        return;
    }
    let (_ship, ran) = released("print('cannot find the database'); raise SystemExit(4)");
    ran.says("cannot find the database").says("exited with 4");
}

#[test]
fn one_that_never_listens() {
    if lacks(&["python"]) {
        return;
    }
    let (_ship, ran) = released("import time; print('warming up', flush=True); time.sleep(600)");
    ran.says("warming up").says("listen").says("$PORT");
}

#[test]
fn one_that_ignores_the_port_it_was_given() {
    if lacks(&["python"]) {
        return;
    }
    let port = crate::harness::free_port();
    let (_ship, ran) = released(&apps::says("after").replace("int(os.environ[\"PORT\"])", &port.to_string()));
    ran.says(&port.to_string()).says("$PORT");
}

#[test]
fn one_that_listens_on_the_wrong_address() {
    if lacks(&["python"]) {
        return;
    }
    let (_ship, ran) = released(&apps::says("after").replace("127.0.0.1", "127.0.0.2"));
    ran.says("127.0.0.2").says("127.0.0.1");
}

#[test]
fn one_that_goes_into_the_background() {
    if lacks(&["python"]) {
        return;
    }
    let forks = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    print('in the back', flush=True)\n    time.sleep(600)\n";
    let (_ship, ran) = released(forks);
    ran.says("background");
}

#[test]
fn one_that_answers_its_probe_with_an_error() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("before"));
    let ship = ship.file(&apps::WEB.replace("start = \"5s\"", "start = \"2s\", ready = \"/ready\""));
    ship.up().succeeds();
    ship.write("web/server.py", &apps::serving("reply('no database', 503)"));
    ship.up().exits(1).says("/ready").says("503");
    assert_eq!(ship.get("/").body, "before");
}

#[test]
fn one_that_ignores_sigterm_is_killed_at_the_deadline() {
    if lacks(&["python"]) {
        return;
    }
    let deaf = format!(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{}",
        apps::says("deaf")
    );
    let ship = Seaworthy::new().web(&deaf).file(apps::WEB);
    ship.up().succeeds();
    let pid: i32 = ship.get("/").header("x-pid").unwrap().parse().unwrap();
    ship.write("web/server.py", &apps::says("after"));
    ship.up().succeeds();
    wait::for_some("the end of the old process", || processes::ended(pid).then_some(()));
    assert_eq!(ship.get("/").body, "after");
}

#[test]
fn one_that_floods_its_log_is_bounded_and_serves() {
    if lacks(&["python"]) {
        return;
    }
    let flood = "import threading\ndef flood():\n    while True: print('x' * 1000)\nthreading.Thread(target=flood, daemon=True).start()\n";
    let ship = Seaworthy::new()
        .web(&format!("{flood}{}", apps::says("loud")))
        .file(apps::WEB);
    ship.up().succeeds();
    let traffic = ship.traffic("/", 50.0);
    traffic.flows(150);
    traffic.lost_nothing();
    let kept = bytes_below(&ship.state());
    assert!(kept < 300 << 20, "{kept} bytes");
    ship.run(["logs", "--last", "5"]).succeeds();
    ship.run(["logs", "--grep", "missing here", "--last", "1"])
        .succeeds()
        .says("more than");
}

/// What a directory holds.
fn bytes_below(dir: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let size = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_below(&entry.path()),
        _ => entry.metadata().map_or(0, |meta| meta.len()),
    };
    entries.map(size).sum()
}
