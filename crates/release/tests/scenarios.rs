//! Histories with checked-in output: review of a behaviour change is reading a diff.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use insta::assert_snapshot;
use seaworthy_plan::Kind;
use seaworthy_release::{Command, Outcome};
use seaworthy_testkit::{Application, Fault, Faults, Traffic, World, canary, settings, told};

fn shop(version: &str) -> Application {
    Application::new()
        .service("api", version, 2)
        .service("web", version, 1)
        .needs("web", "api")
}

/// Runs a release and tells its history, with sides named by their version instead of their digest.
fn tell(world: &mut World) -> String {
    world.run().unwrap();
    let mut text = told(world.journal());
    let plan = world.machine().plan();
    for (snapshot, word) in [(Some(&plan.to), "new"), (plan.from.as_ref(), "old")] {
        for service in snapshot.into_iter().flat_map(|snapshot| snapshot.services.values()) {
            text = text.replace(service.revision().as_str(), word);
        }
    }
    text
}

fn rolling(faults: Faults) -> World {
    World::new(shop("2").after(&shop("1"), Kind::Release, settings()).unwrap(), faults)
}

#[test]
fn first_release() {
    let mut world = World::new(shop("1").first(settings()).unwrap(), Faults::none());
    assert_snapshot!(tell(&mut world));
}

#[test]
fn rolling_release() {
    assert_snapshot!(tell(&mut rolling(Faults::none())));
}

#[test]
fn the_first_new_instance_never_gets_ready() {
    assert_snapshot!(tell(&mut rolling(Faults::at(4, Fault::Fails))));
}

#[test]
fn the_second_new_instance_never_gets_ready() {
    assert_snapshot!(tell(&mut rolling(Faults::at(7, Fault::Fails))));
}

#[test]
fn the_new_side_falls_over_while_it_bakes() {
    assert_snapshot!(tell(&mut rolling(Faults::at(12, Fault::NewSideFalls))));
}

#[test]
fn aborted_half_way() {
    assert_snapshot!(tell(&mut rolling(Faults::at(7, Fault::Abort))));
}

#[test]
fn not_done_before_its_deadline() {
    assert_snapshot!(tell(&mut rolling(Faults::at(6, Fault::TakesForever))));
}

#[test]
fn a_singleton_stops_before_its_successor_starts() {
    let app = |version| Application::new().service("web", version, 1).singleton("web");
    let consented = seaworthy_plan::Settings {
        downtime_allowed: true,
        ..settings()
    };
    let mut world = World::new(
        app("2").after(&app("1"), Kind::Release, consented).unwrap(),
        Faults::none(),
    );
    assert_snapshot!(tell(&mut world));
    let refused = app("2").after(&app("1"), Kind::Release, settings()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "services.web: overlap = false means stop, then start: it does not serve in between"
    );
}

#[test]
fn a_service_comes_and_another_goes() {
    let before = Application::new().service("web", "1", 1).worker("mailer", "1", 1);
    let after = Application::new().service("web", "1", 1).service("search", "1", 1);
    let mut world = World::new(after.after(&before, Kind::Release, settings()).unwrap(), Faults::none());
    assert_snapshot!(tell(&mut world));
}

#[test]
fn nobody_saw_how_the_migration_ended() {
    let app = |version| Application::new().service("web", version, 1).migrates("web");
    let plan = app("2").after(&app("1"), Kind::Release, settings()).unwrap();
    let mut world = World::new(plan, Faults::at(3, Fault::Unknown));
    assert_eq!(world.run(), Ok(None), "it waits for a person");
    assert!(
        !world
            .command(Command::Answer {
                by: "alice".into(),
                answer: "perhaps".into()
            })
            .unwrap()
    );
    assert!(
        world
            .command(Command::Answer {
                by: "alice".into(),
                answer: "ran".into()
            })
            .unwrap()
    );
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
    assert_eq!(world.migrations.get("web"), None, "what ran is not run again");
}

#[test]
fn an_unchanged_file_does_nothing() {
    let mut world = World::new(
        shop("1").after(&shop("1"), Kind::Release, settings()).unwrap(),
        Faults::none(),
    );
    assert_snapshot!(tell(&mut world));
}

#[test]
fn an_abort_comes_too_late() {
    let mut world = rolling(Faults::none());
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
    assert!(
        !world.command(Command::Abort { by: "alice".into() }).unwrap(),
        "it has ended"
    );
}

fn canary_release((per_second, errors): (u64, u64)) -> World {
    let app = |version| {
        Application::new()
            .service("web", version, 4)
            .worker("mailer", version, 1)
    };
    let mut world = World::new(
        app("2").after(&app("1"), Kind::Release, canary()).unwrap(),
        Faults::none(),
    );
    world.traffic = Traffic {
        per_second,
        errors,
        ..Traffic::default()
    };
    world
}

#[test]
fn a_good_canary() {
    assert_snapshot!(tell(&mut canary_release((50, 0))));
}

#[test]
fn a_bad_canary_is_taken_back() {
    assert_snapshot!(tell(&mut canary_release((50, 50))));
}

#[test]
fn a_canary_that_nobody_calls_never_succeeds() {
    let mut world = canary_release((0, 0));
    assert_eq!(world.run(), Ok(Some(Outcome::RolledBack)));
    assert_eq!(
        world.machine().state().ended.as_ref().unwrap().1.as_ref().unwrap().kind,
        "deadline"
    );
}

#[test]
fn blue_green_moves_in_one_step_and_keeps_the_old_side_warm() {
    let app = |version| Application::new().service("web", version, 2);
    let settings = seaworthy_plan::Settings {
        strategy: seaworthy_spec::Strategy::BlueGreen,
        ..canary()
    };
    let mut world = World::new(
        app("2").after(&app("1"), Kind::Release, settings).unwrap(),
        Faults::none(),
    );
    assert_snapshot!(tell(&mut world));
}

#[test]
fn a_person_must_agree_before_everything_moves() {
    let app = |version| Application::new().service("web", version, 2);
    let settings = seaworthy_plan::Settings {
        approve: Some(100),
        ..canary()
    };
    let mut world = World::new(
        app("2").after(&app("1"), Kind::Release, settings).unwrap(),
        Faults::none(),
    );
    assert_eq!(world.run(), Ok(None), "it waits");
    assert!(
        !world.command(Command::Promote { by: "bob".into() }).unwrap(),
        "promote is no approval"
    );
    assert!(world.command(Command::Approve { by: "alice".into() }).unwrap());
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
}
