//! A daemon that has just adopted a side sees it start anew; that is no reason to take a release back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use seaworthy_plan::Kind;
use seaworthy_platform::{InstanceId, InstanceObserved, InstanceState, ReleaseId, SideObserved, Timestamp};
use seaworthy_release::{Entry, Event, Machine, Moment, Phase};
use seaworthy_testkit::{Application, Faults, World, settings};

#[test]
fn only_a_side_that_fell_over_takes_a_release_back() {
    let app = |version| Application::new().service("web", version, 1);
    let mut world = World::new(
        app("2").after(&app("1"), Kind::Release, settings()).unwrap(),
        Faults::none(),
    );
    world.run().unwrap();
    let baking = |entry: &Entry| {
        matches!(
            entry,
            Entry::Entered {
                phase: Phase::Baking,
                ..
            }
        )
    };
    let upto = world.journal().iter().position(baking).unwrap();
    let plan = world.machine().plan().clone();
    let side = plan.to.side_id("web").unwrap();
    let machine = Machine::recover(ReleaseId::from("r2"), plan, &world.journal()[..=upto]);
    let taken_back = |state| {
        let instance = InstanceObserved {
            id: InstanceId::from("web-1"),
            release: ReleaseId::from("r2"),
            state,
            pid: None,
            port: None,
            started: None,
            restarts: 0,
            trouble: None,
        };
        let seen = SideObserved {
            side: side.clone(),
            at: Timestamp(0),
            instances: vec![instance],
        };
        let now = Moment {
            boot: "1".to_owned(),
            boot_ms: 1_000_000,
            wall: Timestamp(1_000_000),
        };
        let entries = machine.handle(&now, &Event::Observed(seen)).unwrap();
        entries.iter().any(|entry| matches!(entry, Entry::Reverting { .. }))
    };
    assert!(!taken_back(InstanceState::Ready));
    assert!(
        !taken_back(InstanceState::Starting),
        "a new daemon has not probed it yet"
    );
    assert!(taken_back(InstanceState::BackingOff));
    assert!(taken_back(InstanceState::Unready));
}
