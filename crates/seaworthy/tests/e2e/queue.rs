//! Two releases of one application at once.

use crate::harness::{Seaworthy, apps, lacks, wait};

/// A ship whose second release takes long enough for another one to come.
fn ship_under_way() -> (Seaworthy, crate::harness::Background) {
    let ship = Seaworthy::new().web(&apps::says("one")).file(apps::WEB);
    ship.up().succeeds();
    ship.write(
        "web/server.py",
        &format!("import time; time.sleep(2)\n{}", apps::says("two")),
    );
    let second = ship.begin(["up"]);
    wait::for_some("the second release", || {
        ship.status()
            .release
            .filter(|release| release.id == "r2" && release.outcome.is_none())
    });
    (ship, second)
}

#[test]
fn the_second_waits_for_the_first() {
    if lacks(&["python"]) {
        return;
    }
    let (ship, second) = ship_under_way();
    ship.write("web/server.py", &apps::says("three"));
    let third = ship.begin(["up"]);
    second.ended().succeeds();
    third.ended().succeeds();
    assert_eq!(ship.get("/").body, "three");
    let releases = ship.releases();
    let (third, second) = (&releases[0], &releases[1]);
    assert_eq!((second.id.as_str(), third.id.as_str()), ("r2", "r3"));
    let begins = third.steps.iter().filter_map(|step| step.began_ms).min();
    assert!(
        begins.is_none_or(|began| Some(began) >= second.ended_ms),
        "they never interleave"
    );
}

#[test]
fn no_wait_gives_up_with_six() {
    if lacks(&["python"]) {
        return;
    }
    let (ship, second) = ship_under_way();
    ship.run(["up", "--no-wait"]).exits(6).says("r2");
    second.ended().succeeds();
    assert_eq!(ship.get("/").body, "two");
}

#[test]
fn supersede_aborts_the_first() {
    if lacks(&["python"]) {
        return;
    }
    let (ship, second) = ship_under_way();
    ship.write("web/server.py", &apps::says("three"));
    ship.run(["up", "--supersede"]).succeeds();
    second.ended().exits(5).says("aborted");
    assert_eq!(ship.get("/").body, "three");
}

#[test]
fn losing_the_client_changes_nothing() {
    if lacks(&["python"]) {
        return;
    }
    let (ship, second) = ship_under_way();
    crate::harness::processes::kill(second.pid());
    second.ended();
    wait::for_some("the end of the release", || {
        ship.status()
            .release
            .filter(|release| release.outcome.as_deref() == Some("succeeded"))
    });
    assert_eq!(ship.get("/").body, "two");
}
