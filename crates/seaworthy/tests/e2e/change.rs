//! Changing what serves, under load: not one request is lost.

use crate::harness::{Seaworthy, apps, lacks, wait};

/// Requests per second beside a change.
const RATE: f64 = 100.0;

#[test]
fn a_new_version_replaces_the_old_one() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new()
        .web(&apps::says("one"))
        .file(&apps::web_with("replicas = 2"));
    ship.up().succeeds();
    let traffic = ship.traffic("/", RATE);
    traffic.flows(50);
    ship.write("web/server.py", &apps::says("two"));
    ship.up().succeeds();
    traffic.flows(50);
    let summary = traffic.lost_nothing();
    assert!(
        summary.by_release["r1"].good > 0 && summary.by_release["r2"].good > 0,
        "{summary:#?}"
    );
    assert_eq!(ship.get("/").body, "two");
    let release = ship.last_release();
    assert_eq!(
        (release.strategy.as_str(), release.outcome.as_deref()),
        ("rolling", Some("succeeded"))
    );
}

#[test]
fn a_rollback_brings_the_old_version_back() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("one")).file(apps::WEB);
    ship.up().succeeds();
    ship.write("web/server.py", &apps::says("two"));
    ship.up().succeeds();
    let traffic = ship.traffic("/", RATE);
    traffic.flows(20);
    ship.run(["rollback"]).succeeds();
    traffic.flows(20);
    traffic.lost_nothing();
    assert_eq!(ship.get("/").body, "one");
    assert_eq!(ship.last_release().kind, "rollback");
    ship.run(["rollback", "r2"]).succeeds();
    assert_eq!(ship.get("/").body, "two");
}

#[test]
fn a_restart_replaces_every_process_and_nothing_else() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new()
        .web(&apps::says("one"))
        .file(&apps::web_with("replicas = 2"));
    ship.up().succeeds();
    let before = processes(&ship);
    let traffic = ship.traffic("/", RATE);
    traffic.flows(20);
    ship.run(["restart"]).succeeds();
    traffic.flows(20);
    traffic.lost_nothing();
    let after = processes(&ship);
    assert_eq!(after.len(), 2);
    assert!(after.iter().all(|pid| !before.contains(pid)), "{before:?} → {after:?}");
}

#[test]
fn scaling_goes_up_and_down() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("one")).file(apps::WEB);
    ship.up().succeeds();
    let first = processes(&ship);
    let traffic = ship.traffic("/", RATE);
    traffic.flows(20);
    ship.run(["scale", "web=3"]).succeeds();
    let three = processes(&ship);
    assert!(three.len() == 3 && three.contains(&first[0]), "{first:?} → {three:?}");
    traffic.flows(50);
    ship.run(["scale", "web=1"]).succeeds();
    wait::for_some("one instance", || (processes(&ship).len() == 1).then_some(()));
    traffic.flows(20);
    traffic.lost_nothing();
    ship.run(["scale", "nobody=2"]).exits(2).says("nobody");
}

#[test]
fn an_instance_that_dies_is_started_again() {
    if lacks(&["python"]) {
        return;
    }
    let dies = apps::serving("os._exit(3) if self.path == '/die' else reply('alive')");
    let ship = Seaworthy::new().web(&dies).file(apps::WEB);
    ship.up().succeeds();
    let first = processes(&ship);
    assert!(ship.get("/die").status >= 500, "its answer died with it");
    wait::for_some("a new process", || {
        let now = processes(&ship);
        (now.len() == 1 && now != first).then_some(())
    });
    wait::for_some("an answer", || (ship.try_get("/").ok()?.status == 200).then_some(()));
    assert_eq!(ship.status().services[0].instances[0].restarts, 1);
    ship.run(["logs"]).succeeds().says("exit");
}

/// The processes of the instances that are ready.
fn processes(ship: &Seaworthy) -> Vec<u32> {
    let status = ship.status();
    let instances = status.services.iter().flat_map(|service| &service.instances);
    instances
        .filter(|instance| instance.state == "ready")
        .filter_map(|instance| instance.pid)
        .collect()
}
