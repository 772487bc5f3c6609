//! Mistakes in the file and on the machine: named with place, cause and remedy, and nothing is changed.

use crate::harness::{Ran, Seaworthy, apps, free_port, lacks};

/// A ship that serves, whose file is then replaced by this one.
#[track_caller]
fn with_file(text: &str) -> (Seaworthy, Ran) {
    let ship = Seaworthy::new().web(&apps::says("before")).file(apps::WEB);
    ship.up().succeeds();
    ship.rewrite(text);
    let ran = ship.up();
    assert_eq!(ship.get("/").body, "before", "what was there serves on\n{ran}");
    assert_eq!(
        ship.status().release.map(|release| release.id).as_deref(),
        Some("r1"),
        "nothing was begun\n{ran}"
    );
    (ship, ran)
}

#[test]
fn broken_toml_is_pointed_at() {
    if lacks(&["python"]) {
        return;
    }
    let (_ship, ran) = with_file("app = \"hello\"\n[services.web\nsource = 1\n");
    ran.exits(2).says("seaworthy.toml:2:");
}

#[test]
fn every_unknown_key_is_named_in_one_run_with_the_nearest_known_one() {
    if lacks(&["python"]) {
        return;
    }
    let (_ship, ran) = with_file(&apps::web_with("replicsa = 2\ncomand = [\"x\"]"));
    ran.exits(2)
        .says("replicsa")
        .says("replicas")
        .says("comand")
        .says("command")
        .says("seaworthy.toml:11:");
}

#[test]
fn a_circle_of_needs_is_shown() {
    if lacks(&["python"]) {
        return;
    }
    let circle = format!(
        "{}\n[services.api]\nsource = \"web\"\ncommand = [\"x\"]\nneeds = [\"web\"]\n",
        apps::web_with("needs = [\"api\"]")
    );
    let (_ship, ran) = with_file(&circle);
    ran.exits(2).says("api").says("web").says("needs");
}

#[test]
fn one_path_claimed_twice_names_both() {
    if lacks(&["python"]) {
        return;
    }
    let routes = "[routes.one]\npath = \"/\"\nto = \"web\"\n[routes.two]\npath = \"/\"\nto = \"web\"\n";
    let (_ship, ran) = with_file(&format!("{}{routes}", apps::WEB));
    ran.exits(2).says("routes.one").says("routes.two");
}

#[test]
fn a_port_taken_by_somebody_else_is_named() {
    let somebody = std::net::TcpListener::bind(("127.0.0.1", free_port())).unwrap();
    let address = somebody.local_addr().unwrap();
    let ship = Seaworthy::new().web(&apps::says("hello"));
    let ship = ship.file(&format!("{}\n[edge]\nhttp = \"{address}\"\n", apps::WEB));
    let ran = ship.up();
    assert!(matches!(ran.code(), Some(1 | 3)), "{ran}");
    ran.says(&address.port().to_string());
}

#[test]
fn a_program_that_is_not_there_is_named() {
    if lacks(&["python"]) {
        return;
    }
    let missing = apps::WEB.replace("python3", "pythn3");
    let ship = Seaworthy::new().web(&apps::says("before")).file(apps::WEB);
    ship.up().succeeds();
    ship.rewrite(&missing);
    let ran = ship.up();
    assert!(matches!(ran.code(), Some(1 | 3)), "{ran}");
    ran.says("pythn3");
    assert_eq!(ship.get("/").body, "before");
}

#[test]
fn a_file_that_is_not_there_is_said_with_what_to_do() {
    let ship = Seaworthy::new();
    ship.up().exits(2).says("seaworthy.toml").says("init");
}

#[test]
fn a_source_that_is_not_there_is_named() {
    let ship = Seaworthy::new().file(&apps::WEB.replace("\"web\"\nbuild", "\"nowhere\"\nbuild"));
    let ran = ship.up();
    assert!(matches!(ran.code(), Some(1..=3)), "{ran}");
    ran.says("nowhere");
}
