//! Generated histories: whatever is released and whatever goes wrong, the properties of release.md hold.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Strategy as Generator;
use seaworthy_plan::{Kind, Settings};
use seaworthy_release::Command;
use seaworthy_spec::Strategy;
use seaworthy_testkit::{Application, Fault, Faults, Traffic, World, canary, settings};

/// One service in two versions of a file: how many instances before and after (0: not in the file), and whether it changed.
type Service = (u32, u32, bool, bool);

fn services() -> impl Generator<Value = Vec<Service>> {
    proptest::collection::vec((0..4_u32, 0..4_u32, any::<bool>(), any::<bool>()), 1..4)
}

fn faults() -> impl Generator<Value = BTreeMap<u32, Fault>> {
    let fault = prop_oneof![
        Just(Fault::Fails),
        Just(Fault::DaemonDiesBefore),
        Just(Fault::DaemonDiesAfter),
        Just(Fault::NewSideFalls),
        Just(Fault::Abort),
        Just(Fault::TakesForever),
    ];
    proptest::collection::btree_map(1..40_u32, fault, 0..6)
}

fn application(services: &[Service], after: bool) -> Application {
    let mut app = Application::new();
    for (number, (before, later, changed, listens)) in services.iter().enumerate() {
        let replicas = if after { *later } else { *before };
        let version = if after && *changed { "2" } else { "1" };
        let name = format!("s{number}");
        if replicas > 0 && *listens {
            app = app.service(&name, version, replicas);
        } else if replicas > 0 {
            app = app.worker(&name, version, replicas);
        }
    }
    app
}

fn settled(world: &mut World) -> Result<(), TestCaseError> {
    // Faults cease after a while: a person answers every question with "retry", and the end must come.
    for _ in 0..60 {
        match world.run() {
            Err(violation) => {
                return Err(TestCaseError::fail(format!(
                    "{violation}\n{}",
                    seaworthy_testkit::told(world.journal())
                )));
            }
            Ok(Some(_)) => return Ok(()),
            Ok(None) => {
                let retry = Command::Answer {
                    by: "alice".into(),
                    answer: "retry".into(),
                };
                world
                    .command(retry)
                    .map_err(|violation| TestCaseError::fail(violation.to_string()))?;
            }
        }
    }
    Err(TestCaseError::fail(format!(
        "it never ended\n{}",
        seaworthy_testkit::told(world.journal())
    )))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_ends_finished_or_undone(
        services in services(), faults in faults(), surge in 0..3_u32, unavailable in 0..2_u32,
    ) {
        let settings = Settings { max_surge: surge, max_unavailable: if surge == 0 { 1 } else { unavailable }, downtime_allowed: true, ..settings() };
        let plan = application(&services, true).after(&application(&services, false), Kind::Release, settings).unwrap();
        settled(&mut World::new(plan, Faults(faults)))?;
    }

    #[test]
    fn every_canary_ends_finished_or_undone(
        services in services(), faults in faults(), blue_green in any::<bool>(), traffic in (0..60_u64, 0..20_u64),
    ) {
        let strategy = if blue_green { Strategy::BlueGreen } else { Strategy::Canary };
        let settings = Settings { strategy, downtime_allowed: true, ..canary() };
        let plan = application(&services, true).after(&application(&services, false), Kind::Release, settings).unwrap();
        let mut world = World::new(plan, Faults(faults));
        world.traffic = Traffic { per_second: traffic.0, errors: traffic.1, ..Traffic::default() };
        settled(&mut world)?;
    }

    #[test]
    fn every_first_release_ends_finished_or_undone(services in services(), faults in faults()) {
        let plan = application(&services, true).first(settings()).unwrap();
        settled(&mut World::new(plan, Faults(faults)))?;
    }

    #[test]
    fn every_restart_leaves_the_side_as_it_was(services in services(), faults in faults()) {
        let app = application(&services, false);
        let plan = app.after(&app, Kind::Restart, settings()).unwrap();
        settled(&mut World::new(plan, Faults(faults)))?;
    }
}
