//! What the simulation found in the machine, told as the shortest history that shows it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use insta::assert_snapshot;
use seaworthy_plan::{Kind, Settings};
use seaworthy_release::{Command, Outcome};
use seaworthy_spec::Strategy;
use seaworthy_testkit::{Application, Fault, Faults, World, canary, settings};

fn release(app: impl Fn(&str) -> Application, settings: Settings, faults: Faults) -> World {
    World::new(app("2").after(&app("1"), Kind::Release, settings).unwrap(), faults)
}

fn blue_green() -> Settings {
    Settings {
        strategy: Strategy::BlueGreen,
        downtime_allowed: true,
        ..canary()
    }
}

fn retry() -> Command {
    Command::Answer {
        by: "alice".to_owned(),
        answer: "retry".to_owned(),
    }
}

#[test]
fn an_effect_that_ends_past_the_deadline_is_followed_by_the_way_back() {
    let app = |version: &str| Application::new().service("web", version, 2);
    let mut world = release(app, settings(), Faults::at(4, Fault::EndsTooLate));
    assert_eq!(world.run(), Ok(Some(Outcome::RolledBack)));
    assert_snapshot!(world.told());
}

#[test]
fn a_side_whose_stop_may_have_happened_is_brought_back_before_it_has_traffic() {
    let app = |version: &str| Application::new().service("web", version, 2);
    let mut world = release(app, settings(), Faults::at(8, Fault::FailsAfter));
    assert_eq!(world.run(), Ok(Some(Outcome::RolledBack)));
    assert_snapshot!(world.told());
}

#[test]
fn a_singleton_changes_and_the_other_service_keeps_its_new_side() {
    let app = |version: &str| {
        Application::new()
            .service("api", version, 1)
            .singleton("api")
            .service("web", version, 2)
    };
    let mut world = release(app, blue_green(), Faults::none());
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
    assert_snapshot!(world.told());
}

#[test]
fn removing_the_stable_side_fails_and_there_is_no_way_back_any_more() {
    let app = |version: &str| {
        Application::new()
            .service("web", version, 1)
            .worker("mailer", version, 1)
    };
    let mut world = release(app, blue_green(), Faults::at(9, Fault::FailsAfter));
    assert_eq!(world.run(), Ok(None), "it asks");
    assert!(
        !world.command(Command::Abort { by: "bob".to_owned() }).unwrap(),
        "it is too late to abort"
    );
    assert!(world.command(retry()).unwrap());
    assert!(
        !world.command(Command::Abort { by: "bob".to_owned() }).unwrap(),
        "and stays so"
    );
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
    assert_snapshot!(world.told());
}

#[test]
fn a_canary_in_which_only_a_worker_changes() {
    let app = |version: &str| Application::new().service("web", "1", 2).worker("mailer", version, 1);
    let mut world = release(app, canary(), Faults::none());
    assert_eq!(
        world.run(),
        Ok(Some(Outcome::Succeeded)),
        "it has no traffic to be judged by"
    );
    assert_snapshot!(world.told());
}

#[test]
fn a_canary_that_only_adds_a_service() {
    let (before, after) = (
        Application::new().service("web", "1", 1),
        Application::new().service("web", "1", 1).service("search", "1", 1),
    );
    let plan = after.after(&before, Kind::Release, canary()).unwrap();
    let mut world = World::new(plan, Faults::none());
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)), "there is no share to hold");
    assert_snapshot!(world.told());
}
