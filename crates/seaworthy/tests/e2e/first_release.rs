//! From one file to a routed application.

use crate::harness::{Seaworthy, apps, lacks};

#[test]
fn a_first_release_serves_and_says_where() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.up().succeeds().says("succeeded").says(&ship.edge);
    assert_eq!(ship.get("/any/path").body, "hello");

    let status = ship.status();
    assert_eq!(
        (status.app.as_str(), status.environment.as_str()),
        ("hello", "production")
    );
    let release = status.release.unwrap();
    assert_eq!(
        (release.id.as_str(), release.outcome.as_deref()),
        ("r1", Some("succeeded"))
    );
    let [web] = &status.services[..] else {
        panic!("{:?}", status.services)
    };
    let [instance] = &web.instances[..] else {
        panic!("{web:?}")
    };
    assert_eq!(
        (web.state.as_str(), instance.state.as_str(), instance.restarts),
        ("serving", "ready", 0)
    );
    assert_eq!(
        ship.get("/").header("x-pid"),
        instance.pid.map(|pid| pid.to_string()).as_deref()
    );
}

#[test]
fn up_without_a_change_does_nothing_and_says_so() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.up().succeeds();
    let before = ship.get("/").header("x-pid").map(str::to_owned);
    ship.up().succeeds().says("nothing to do");
    assert_eq!(ship.get("/").header("x-pid"), before.as_deref());
    assert_eq!(ship.status().release.unwrap().id, "r1");
}

#[test]
fn a_plan_changes_nothing() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.run(["plan"])
        .succeeds()
        .says("web")
        .says("release.deadline = \"1h\"");
    let plan: seaworthy_api::Plan = ship.run(["plan", "--json"]).succeeds().json();
    assert!(!plan.unchanged && plan.steps.len() > 2, "{plan:#?}");
    assert!(ship.try_get("/").is_err(), "nothing listens after a plan");
}

#[test]
fn the_history_names_who_from_which_commit_and_what_was_observed() {
    if lacks(&["python", "git"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    for words in [
        &["init", "--quiet"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.com",
            "commit",
            "--quiet",
            "--message",
            "First",
        ],
    ] {
        assert!(
            std::process::Command::new("git")
                .args(words)
                .current_dir(ship.app())
                .status()
                .unwrap()
                .success()
        );
    }
    ship.up().succeeds();
    let release = ship.last_release();
    assert!(!release.by.is_empty());
    assert!(!release.commit.expect("the source is a git repository").dirty);
    assert!(
        release.steps.iter().all(|step| step.ended_ms >= step.began_ms),
        "{:#?}",
        release.steps
    );
    assert!(release.steps.iter().any(|step| step.detail.is_some()));
    ship.run(["releases"]).succeeds().says("r1").says("succeeded");
}

#[test]
fn services_start_in_the_order_of_their_needs_and_each_gets_its_paths() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new()
        .web(&apps::says("the web"))
        .source("api/server.py", &apps::says("the api"));
    let ship = ship.file(&[&apps::web_with("needs = [\"api\"]"), API, ROUTES].concat());
    ship.up().succeeds();
    for (path, body) in [
        ("/", "the web"),
        ("/api", "the api"),
        ("/api/x?y", "the api"),
        ("/apix", "the web"),
    ] {
        assert_eq!(ship.get(path).body, body, "{path}");
    }
    let status = ship.status();
    let started = |name: &str| {
        status
            .services
            .iter()
            .find(|service| service.name == name)
            .unwrap()
            .instances[0]
            .started_ms
    };
    assert!(
        started("api") < started("web"),
        "{:?} {:?}",
        started("api"),
        started("web")
    );
}

const API: &str = r#"
[services.api]
source  = "api"
build   = ""
command = ["python3", "-u", "server.py"]
health  = { interval = "200ms", start = "5s" }
"#;

const ROUTES: &str = r#"
[routes.site]
path = "/"
to   = "web"

[routes.api]
path = "/api"
to   = "api"
"#;

#[test]
fn logs_hold_what_instances_wrote() {
    if lacks(&["python"]) {
        return;
    }
    let talks = apps::serving("print('asked for', self.path, flush=True); reply('ok')");
    let ship = Seaworthy::new().web(&talks).file(apps::WEB);
    ship.up().succeeds();
    ship.get("/a-page");
    crate::harness::wait::for_some("the line in the log", || {
        ship.run(["logs", "--grep", "asked for"])
            .succeeds()
            .stdout
            .contains("asked for /a-page")
            .then_some(())
    });
    ship.run(["logs", "--service", "web", "--grep", "no such line"])
        .succeeds()
        .never_says("asked for");
}

#[test]
fn a_one_off_command_runs_in_the_artifact() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.up().succeeds();
    ship.run(["run", "--", "ls"]).succeeds().says("server.py");
    ship.run(["run", "--", "sh", "-c", "echo to the end; exit 3"])
        .exits(1)
        .says("to the end")
        .says("status 3");
}

#[test]
fn destroy_removes_the_application_after_its_name_is_typed() {
    if lacks(&["python"]) {
        return;
    }
    let ship = Seaworthy::new().web(&apps::says("hello")).file(apps::WEB);
    ship.up().succeeds();
    ship.run_with_input(["destroy"], "another\n").exits(2);
    assert_eq!(ship.get("/").body, "hello");
    ship.run(["destroy", "--yes-destroy", "hello"]).succeeds();
    assert!(ship.try_get("/").map_or(true, |page| page.status >= 404));
}
