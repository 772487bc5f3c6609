//! `kill -9` of each process of Seaworthy, under load.

use crate::harness::{Seaworthy, apps, lacks, processes, wait};

fn serving() -> Seaworthy {
    let ship = Seaworthy::new()
        .web(&apps::says("alive"))
        .file(&apps::web_with("replicas = 2"));
    ship.up().succeeds();
    ship
}

/// Kills the processes with this role.
fn kill(ship: &Seaworthy, role: &str) -> Vec<i32> {
    let killed = ship.pids(role);
    assert!(!killed.is_empty(), "there is a {role}");
    for pid in &killed {
        processes::kill(*pid);
        wait::for_some("its end", || processes::ended(*pid).then_some(()));
    }
    killed
}

fn instances(ship: &Seaworthy) -> Vec<(String, Option<u32>)> {
    let status = ship.status();
    status.services[0]
        .instances
        .iter()
        .map(|instance| (instance.id.clone(), instance.pid))
        .collect()
}

#[test]
fn without_its_daemon_everything_serves_and_the_next_daemon_adopts_it() {
    if lacks(&["python"]) {
        return;
    }
    let ship = serving();
    let before = instances(&ship);
    let edge = ship.pids("edge");
    let traffic = ship.traffic("/", 100.0);
    traffic.flows(30);
    kill(&ship, "daemon");
    traffic.flows(50);
    ship.up().succeeds();
    traffic.flows(50);
    assert_eq!(ship.pids("daemon").len(), 1);
    assert_eq!(ship.pids("edge"), edge, "the edge is the same process");
    assert_eq!(instances(&ship), before, "the instances are the same processes");
    ship.write("web/server.py", &apps::says("after"));
    ship.up().succeeds();
    traffic.lost_nothing();
    assert_eq!(ship.get("/").body, "after");
}

#[test]
fn without_its_keeper_an_instance_serves_and_gets_a_new_keeper() {
    if lacks(&["python"]) {
        return;
    }
    let ship = serving();
    let before = instances(&ship);
    let traffic = ship.traffic("/", 100.0);
    traffic.flows(30);
    let killed = kill(&ship, "keep");
    let kept = wait::for_some("new keepers", || {
        let keepers = ship.pids("keep");
        (keepers.len() == killed.len()).then_some(keepers)
    });
    assert!(kept.iter().all(|keeper| !killed.contains(keeper)));
    traffic.flows(50);
    assert_eq!(instances(&ship), before, "the instances are the same processes");
    traffic.lost_nothing();
    // The new keeper does a keeper's work: it stops the instance when it is told to.
    ship.run(["scale", "web=1"]).succeeds();
    wait::for_some("one keeper", || (ship.pids("keep").len() == 1).then_some(()));
}

#[test]
fn without_its_edge_only_requests_in_flight_are_lost() {
    if lacks(&["python"]) {
        return;
    }
    let ship = serving();
    let traffic = ship.traffic("/", 100.0);
    traffic.flows(30);
    let killed = kill(&ship, "edge");
    traffic.flows(100);
    let summary = traffic.stop();
    // A request that was on its way through the edge breaks with it. At 100 a second, each answered within a few
    // milliseconds, that is one or two; a connection that was idle is opened again by the client.
    assert!(summary.failed.total() <= 5, "{summary:#?}");
    assert_eq!(
        summary.failed.connect, 0,
        "the listening sockets are never closed: {summary:#?}"
    );
    assert_eq!(summary.failed.bad_status, 0, "{summary:#?}");
    assert_ne!(ship.pids("edge"), killed);
    assert_eq!(ship.status().edge.state, "serving");
}

#[test]
fn after_down_the_same_state_comes_up_again() {
    if lacks(&["python"]) {
        return;
    }
    let ship = serving();
    ship.run(["down", "--all"]).succeeds();
    assert!(ship.try_get("/").is_err());
    assert_eq!(ship.pids("edge").len() + ship.pids("keep").len(), 0);
    // At once: the daemon that goes must not be taken for one that serves.
    ship.up().succeeds();
    assert_eq!(ship.get("/").body, "alive");
}
