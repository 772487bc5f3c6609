//! The state directory: one daemon's, and never opened by an older version than wrote it.

use std::os::unix::fs::PermissionsExt;

use crate::harness::{Seaworthy, apps, lacks};

#[test]
fn a_state_of_a_newer_version_is_refused() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.up().succeeds();
    ship.run(["down", "--all"]).succeeds();
    let journal = std::fs::read_dir(ship.state())
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let journal = journal.filter(|path| {
        path.extension()
            .is_some_and(|ending| ending == "db" || ending == "sqlite")
    });
    let journal = journal.into_iter().next().expect("a journal");
    // Bytes 60 to 63 of an SQLite file are its user version, big-endian.
    let mut bytes = std::fs::read(&journal).unwrap();
    bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    std::fs::write(&journal, bytes).unwrap();
    let ran = ship.up();
    assert!(ran.code() != Some(0), "{ran}");
    ran.says("newer").says("9999");
}

#[test]
fn only_its_owner_may_speak_to_the_daemon() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.up().succeeds();
    let mode = std::fs::metadata(ship.state().join("daemon.sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn without_a_daemon_commands_that_need_one_say_so() {
    let ship = Seaworthy::new();
    ship.run(["releases"]).exits(7).says("daemon");
}

#[test]
fn an_instance_is_not_root_even_if_seaworthy_is() {
    if lacks(&["python"]) {
        return;
    }
    let whoami = "reply(f'{os.getuid()} ' + open('/proc/self/status').read().split('NoNewPrivs:')[1].split()[0])";
    let ship = Seaworthy::new().web(&apps::serving(whoami)).file(apps::WEB);
    ship.up().succeeds();
    let body = ship.get("/").body;
    let (uid, no_new_privileges) = body.split_once(' ').unwrap();
    assert_ne!(uid, "0");
    assert_eq!(no_new_privileges, "1");
}
