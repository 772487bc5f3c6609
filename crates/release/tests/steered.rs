//! Releases that people steer and gates judge, with checked-in output.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use insta::assert_snapshot;
use seaworthy_plan::{Gate, Judging, Kind, Settings};
use seaworthy_release::{Command, Outcome, Phase};
use seaworthy_spec::units::Span;
use seaworthy_spec::{NoData, Strategy};
use seaworthy_testkit::{Application, Fault, Faults, Traffic, World, canary};

fn web(settings: Settings, faults: Faults) -> World {
    let app = |version| Application::new().service("web", version, 2);
    World::new(app("2").after(&app("1"), Kind::Release, settings).unwrap(), faults)
}

fn gate(expression: &str, consecutive: u32, no_data: NoData) -> Settings {
    let gate = Gate {
        name: expression.to_owned(),
        expression: expression.parse().unwrap(),
        consecutive,
        no_data,
    };
    let judging = Judging {
        gates: vec![gate],
        ..canary().judging
    };
    Settings { judging, ..canary() }
}

fn begun(world: &mut World) {
    world.begin().unwrap();
}

/// Runs until it is in a phase and nothing is under way.
fn until(world: &mut World, phase: Phase) {
    let there = |world: &World| world.machine().state().phase == phase && world.machine().pending().is_none();
    assert_eq!(world.run_until(there), Ok(None), "it never came to {phase}");
}

fn on(world: &mut World) -> Outcome {
    world.run_until(|_| false).unwrap().expect("it ends")
}

fn bob() -> String {
    "bob".to_owned()
}

#[test]
fn paused_in_a_hold_and_resumed() {
    let mut world = web(canary(), Faults::none());
    begun(&mut world);
    until(&mut world, Phase::Holding);
    assert!(world.command(Command::Pause { by: bob() }).unwrap());
    assert!(
        !world.command(Command::Pause { by: bob() }).unwrap(),
        "it is paused already"
    );
    for _ in 0..300 {
        world.turn().unwrap();
    }
    assert_eq!(
        world.machine().state().steps_passed,
        0,
        "five minutes later it is where it was"
    );
    assert!(world.command(Command::Resume { by: bob() }).unwrap());
    assert_eq!(on(&mut world), Outcome::Succeeded);
    assert_snapshot!(world.told());
}

#[test]
fn a_paused_release_is_judged_all_the_same() {
    let mut world = web(canary(), Faults::none());
    begun(&mut world);
    until(&mut world, Phase::Holding);
    assert!(world.command(Command::Pause { by: bob() }).unwrap());
    world.traffic.errors = 100;
    assert_eq!(on(&mut world), Outcome::RolledBack);
    assert_snapshot!(world.told());
}

#[test]
fn approved_before_the_second_step() {
    let settings = Settings {
        approve: Some(50),
        ..canary()
    };
    let mut world = web(settings, Faults::none());
    assert_eq!(world.run(), Ok(None), "it waits for approval");
    assert!(world.command(Command::Approve { by: "alice".to_owned() }).unwrap());
    assert_eq!(on(&mut world), Outcome::Succeeded);
    assert_snapshot!(world.told());
}

#[test]
fn promoted_through_every_hold_and_the_bake() {
    let mut world = web(canary(), Faults::none());
    begun(&mut world);
    assert!(
        !world.command(Command::Promote { by: bob() }).unwrap(),
        "it holds nothing yet"
    );
    for phase in [Phase::Holding, Phase::Holding, Phase::Baking] {
        until(&mut world, phase);
        assert!(world.command(Command::Promote { by: bob() }).unwrap());
    }
    assert_eq!(on(&mut world), Outcome::Succeeded);
    assert_snapshot!(world.told());
}

#[test]
fn slower_than_the_stable_side() {
    let mut world = web(gate("p95 < 1.2 * stable.p95", 3, NoData::Wait), Faults::none());
    world.traffic = Traffic {
        new_ms: 50.0,
        ..Traffic::default()
    };
    assert_eq!(world.run(), Ok(Some(Outcome::RolledBack)));
    assert_snapshot!(world.told());
}

#[test]
fn as_fast_as_the_stable_side_was_when_it_last_had_traffic() {
    let mut world = web(gate("p95 < 1.2 * stable.p95", 3, NoData::Wait), Faults::none());
    assert_eq!(
        world.run(),
        Ok(Some(Outcome::Succeeded)),
        "at 100 % there is nothing to compare with any more"
    );
    assert_snapshot!(world.told());
}

#[test]
fn too_little_traffic_where_no_data_means_failure() {
    let mut world = web(gate("error_rate < 5%", 1, NoData::Fail), Faults::none());
    world.traffic.per_second = 10;
    assert_eq!(world.run(), Ok(Some(Outcome::RolledBack)));
    assert_snapshot!(world.told());
}

#[test]
fn slow_only_while_it_warms_up() {
    let run = |warm_up| {
        let mut settings = gate("p95 < 100ms", 1, NoData::Wait);
        settings.judging.sample = 20;
        settings.judging.warm_up = Span::secs(warm_up);
        let mut world = web(settings, Faults::none());
        begun(&mut world);
        until(&mut world, Phase::Holding);
        world.traffic.new_ms = 500.0;
        for _ in 0..15 {
            world.turn().unwrap();
        }
        world.traffic.new_ms = 20.0;
        (on(&mut world), world.told())
    };
    let (outcome, told) = run(20);
    assert_eq!(outcome, Outcome::Succeeded);
    assert_snapshot!(told);
    assert_eq!(run(0).0, Outcome::RolledBack, "without a warm-up it is judged at once");
}

#[test]
fn blue_green_goes_back_to_its_warm_side_in_one_step() {
    let settings = Settings {
        strategy: Strategy::BlueGreen,
        ..canary()
    };
    let mut world = web(settings, Faults::none());
    begun(&mut world);
    until(&mut world, Phase::Baking);
    world.traffic.errors = 50;
    assert_eq!(on(&mut world), Outcome::RolledBack);
    assert_snapshot!(world.told());
}

#[test]
fn workers_change_when_everything_else_has_moved() {
    let app = |version| {
        Application::new()
            .service("web", version, 2)
            .worker("mailer", version, 2)
    };
    let plan = app("2").after(&app("1"), Kind::Release, canary()).unwrap();
    let mut world = World::new(plan, Faults::none());
    assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
    assert_snapshot!(world.told());
}

/// A canary, killed before an effect of each phase, when it is half done and when it is done and nobody wrote it down: it ends as if
/// nothing had happened.
#[test]
fn killed_in_each_phase() {
    let app = |version| Application::new().service("web", version, 2).migrates("web");
    let run = |faults| {
        let plan = app("2").after(&app("1"), Kind::Release, canary()).unwrap();
        let mut world = World::new(plan, faults);
        assert_eq!(world.run(), Ok(Some(Outcome::Succeeded)));
        assert_eq!(world.migrations["web"], 1, "the migration ran once");
        world.machine().state().clone()
    };
    let calm = run(Faults::none());
    let effects = calm.steps;
    for effect in 1..=effects {
        for death in [Fault::DaemonDiesBefore, Fault::DaemonDiesMidway, Fault::DaemonDiesAfter] {
            let state = run(Faults::at(effect, death));
            assert_eq!(
                (state.steps, &state.counts),
                (effects, &calm.counts),
                "effect {effect}, {death:?}"
            );
        }
    }
}

/// The same on the way back.
#[test]
fn killed_while_it_is_taken_back() {
    let run = |faults| {
        let mut world = web(canary(), faults);
        world.traffic.errors = 50;
        assert_eq!(world.run(), Ok(Some(Outcome::RolledBack)));
        world.machine().state().clone()
    };
    let calm = run(Faults::none());
    for effect in 1..=calm.steps {
        let state = run(Faults::at(effect, Fault::DaemonDiesMidway));
        assert_eq!(
            (state.steps, &state.counts),
            (calm.steps, &calm.counts),
            "effect {effect}"
        );
    }
}
