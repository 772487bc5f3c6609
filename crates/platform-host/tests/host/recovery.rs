//! The daemon, a keeper, the machine go away at a bad moment.

use std::fs;

use seaworthy_platform::{InstanceObserved, Platform};

use crate::world::{Told, World, all_ready, kill, next, runs, scope};

fn pids(instances: &[InstanceObserved]) -> Vec<Option<u32>> {
    instances.iter().map(|instance| instance.pid).collect()
}

#[tokio::test]
async fn the_next_daemon_takes_over_without_a_restart_or_a_gap() {
    let mut world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 2).await.unwrap().instances;
    world.route_to(&side.id).await.unwrap();
    let view = world.edge.last_view();

    world.start_again().await;
    world.platform().republish().await.unwrap();
    assert_eq!(world.edge.last_view(), view, "what was routed and lives stays routed");
    let after = world.until("readiness", all_ready).await;
    assert_eq!(pids(&after), pids(&before));
    let again = world.ensure(&side, 2).await.unwrap();
    assert_eq!(pids(&again.instances), pids(&before));
    world.platform().remove(&side.id).await.unwrap();
    assert!(before.iter().all(|instance| !runs(instance.pid.unwrap())));
}

#[tokio::test]
async fn a_killed_keeper_is_replaced_and_the_process_goes_on() {
    let world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 1).await.unwrap().instances;
    world.route_to(&side.id).await.unwrap();
    world.edge.forget();
    let mut notices = world.platform().notices();
    let id = before[0].id.as_str();
    let keeper = world.keeper(id).keeper_pid;
    kill(keeper);
    assert_eq!(next(&mut notices).await, "its keeper was gone and has been replaced");
    assert_ne!(world.keeper(id).keeper_pid, keeper);
    assert_eq!(pids(&world.instances().await), pids(&before));
    assert_eq!(world.edge.told(), [], "nobody but the history notices");

    // The new keeper starts it again with the same environment.
    kill(before[0].pid.unwrap());
    world
        .until("the next life", |now| now[0].restarts == 1 && all_ready(now))
        .await;
}

#[tokio::test]
async fn a_keeper_that_was_killed_while_no_daemon_was_there_is_replaced() {
    let mut world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 1).await.unwrap().instances;
    world.route_to(&side.id).await.unwrap();
    world.platform = None;
    kill(world.keeper(before[0].id.as_str()).keeper_pid);
    world.start_again().await;
    let after = world.until("readiness", all_ready).await;
    assert_eq!(pids(&after), pids(&before));
}

#[tokio::test]
async fn what_was_being_removed_is_removed_by_the_next_daemon() {
    let mut world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 1).await.unwrap().instances;
    world.route_to(&side.id).await.unwrap();
    world.edge.hold_drains();
    tokio::select! {
        removed = world.platform().remove(&side.id) => panic!("removed without a drain: {removed:?}"),
        () = world.edge.until("the drain", |told| matches!(told.last(), Some(Told::Drain(_)))) => {}
    }
    world.platform = None;
    assert!(runs(before[0].pid.unwrap()));
    world.edge.let_drains_end();
    world.start_again().await;
    world.until("the removal", |now| now.is_empty()).await;
    assert!(!runs(before[0].pid.unwrap()));
    world.platform().remove(&side.id).await.unwrap();
    assert_eq!(world.platform().log_places(&scope()).len(), 1);
}

#[tokio::test]
async fn after_a_reboot_instances_are_started_again() {
    let mut world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 1).await.unwrap().instances;
    world.route_to(&side.id).await.unwrap();
    world.platform = None;
    let dir = world.instance_dir(before[0].id.as_str());
    let status = world.keeper(before[0].id.as_str());
    kill(status.keeper_pid);
    kill(before[0].pid.unwrap());
    for file in ["keeper.json", "verified.json"] {
        let text = fs::read_to_string(dir.join(file)).unwrap();
        assert!(text.contains(&status.boot_id), "{file}: {text}");
        fs::write(dir.join(file), text.replace(&status.boot_id, "another-boot")).unwrap();
    }
    world.start_again().await;
    let after = world.until("readiness", |now| all_ready(now) && now.len() == 1).await;
    assert_ne!(pids(&after), pids(&before));
    assert_eq!(after[0].id, before[0].id);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_no_process_behind_that_nobody_knows() {
    let world = World::new().await;
    let side = world.side("slow");
    tokio::select! {
        biased;
        _ = world.until("the start", |now| !now.is_empty()) => {}
        ensured = world.ensure(&side, 2) => panic!("it cannot be ready yet: {ensured:?}"),
    }
    let begun = world
        .until("both", |now| now.len() == 2 && now.iter().all(|one| one.pid.is_some()))
        .await;
    world.platform().remove(&side.id).await.unwrap();
    assert!(begun.iter().all(|instance| !runs(instance.pid.unwrap())));
    assert!(world.instances().await.is_empty());
}

#[tokio::test]
async fn half_a_directory_is_cleared_away() {
    let mut world = World::new().await;
    let begun = world.instance_dir("web-aaaaaa-7");
    let gone = world.instance_dir(".gone-web-aaaaaa-6");
    fs::create_dir_all(begun.join("home")).unwrap();
    fs::create_dir_all(gone.join("home")).unwrap();
    world.start_again().await;
    assert!(!begun.exists() && !gone.exists());
}
