//! An application comes, serves, changes its number and goes.

use std::fs;
use std::path::Path;

use seaworthy_platform::{EnvValue, InstanceState, Platform, PlatformError};
use seaworthy_platform_host::HostPlatform;
use seaworthy_supervise::log::{self, Filter};

use crate::world::{World, all_ready, get, runs, scope};

#[tokio::test]
async fn instances_come_up_with_what_they_are_given() {
    let world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 2).await.unwrap();
    assert_eq!(seen.ready(), 2);
    let names: Vec<_> = seen.instances.iter().map(|instance| instance.id.as_str()).collect();
    assert_eq!(names, ["web-aaaaaa-1", "web-aaaaaa-2"]);
    for instance in &seen.instances {
        let port = instance.port.unwrap();
        let answer = get(port, "/").await;
        assert_eq!(answer["env"]["PORT"], port.to_string());
        assert_eq!(answer["env"]["SEAWORTHY_INSTANCE"], instance.id.as_str());
        assert_eq!(answer["env"]["SEAWORTHY_RELEASE"], "r1");
        assert_eq!(answer["pid"], instance.pid.unwrap());
        assert!(answer["cwd"].as_str().unwrap().ends_with(world.artifact.as_str()));
        assert!(
            answer["env"]["CARGO"].is_null(),
            "the environment of the tests leaks in"
        );
        let me = rustix::process::geteuid();
        let uid = answer["uid"].as_u64().unwrap();
        if me.is_root() {
            assert_eq!(uid, 40000, "as root every application has an unprivileged user");
        } else {
            assert_eq!(uid, u64::from(me.as_raw()));
        }
    }
}

#[tokio::test]
async fn the_same_call_again_finds_the_work_done() {
    let world = World::new().await;
    let side = world.side("good");
    let first = world.ensure(&side, 2).await.unwrap();
    let again = world.ensure(&side, 2).await.unwrap();
    assert_eq!(first.instances, again.instances);
    world.platform().remove(&side.id).await.unwrap();
    world.platform().remove(&side.id).await.unwrap();
    assert!(world.instances().await.is_empty());
}

#[tokio::test]
async fn two_calls_at_once_start_no_more_than_is_wanted() {
    let world = World::new().await;
    let side = world.side("good");
    let (one, other) = tokio::join!(world.ensure(&side, 2), world.ensure(&side, 2));
    assert_eq!(one.unwrap().instances.len(), 2);
    assert_eq!(other.unwrap().instances.len(), 2);
}

#[tokio::test]
async fn lowering_takes_the_oldest_and_removing_leaves_only_the_log() {
    let world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 2).await.unwrap();
    let (old, young) = (&seen.instances[0], &seen.instances[1]);
    let left = world.ensure(&side, 1).await.unwrap();
    assert_eq!(left.instances, std::slice::from_ref(young));
    assert!(!runs(old.pid.unwrap()));
    assert!(runs(young.pid.unwrap()));

    world.platform().remove(&side.id).await.unwrap();
    assert!(!runs(young.pid.unwrap()));
    assert_eq!(fs::read_dir(world.state().join("instances")).unwrap().count(), 0);
    let logs = world.platform().log_places(&scope());
    let names: Vec<_> = logs.iter().map(|log| log.instance.as_str()).collect();
    assert_eq!(names, [old.id.as_str(), young.id.as_str()]);
    for log in logs {
        let lines = log::read(&log.directory, &Filter::default()).unwrap();
        assert!(lines.iter().any(|line| line.text == "life 1"), "{lines:?}");
    }
    let again = world.ensure(&side, 1).await.unwrap();
    assert_eq!(
        again.instances[0].id.as_str(),
        "web-aaaaaa-3",
        "a name means one instance"
    );
}

#[tokio::test]
async fn secrets_reach_the_process_and_nothing_else() {
    let world = World::new().await;
    let mut side = world.side("good");
    let token = |name: &str| EnvValue::Secret {
        name: name.to_owned(),
        version: 1,
    };
    side.env.insert("TOKEN".to_owned(), token("token"));
    let seen = world.ensure(&side, 1).await.unwrap();
    let answer = get(seen.instances[0].port.unwrap(), "/").await;
    assert_eq!(answer["env"]["TOKEN"], "s3cr3t-v4lue");
    assert_eq!(files_with("s3cr3t-v4lue", &world.state()), Vec::<String>::new());
    let keeper = world.keeper(seen.instances[0].id.as_str()).keeper_pid;
    for file in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{keeper}/{file}")).unwrap();
        assert!(
            !String::from_utf8_lossy(&text).contains("s3cr3t-v4lue"),
            "{file} of the keeper"
        );
    }

    side.env.insert("OTHER".to_owned(), token("unknown"));
    let error = world.ensure(&side, 2).await.unwrap_err();
    assert!(matches!(error, PlatformError::Machine { .. }), "{error}");
    assert_eq!(error.to_string(), "secret unknown: there is none");
    assert_eq!(world.instances().await.len(), 1, "nothing was begun");
}

fn files_with(text: &str, dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(files_with(text, &entry.path()));
        } else if kind.is_file() && String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).contains(text) {
            found.push(entry.path().display().to_string());
        }
    }
    found
}

#[tokio::test]
async fn a_worker_is_ready_when_it_stays_up() {
    let world = World::new().await;
    let mut side = world.shell("exec sleep 600");
    side.listens = false;
    let seen = world.ensure(&side, 1).await.unwrap();
    assert_eq!(seen.instances[0].state, InstanceState::Ready);
    assert_eq!(seen.instances[0].port, None);
}

#[tokio::test]
async fn a_restart_replaces_every_instance_of_the_service() {
    let world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 2).await.unwrap();
    world.route_to(&side.id).await.unwrap();
    world.platform().restart(&scope(), "web").await.unwrap();
    let after = world.instances().await;
    assert_eq!(after.len(), 2);
    assert!(all_ready(&after));
    for instance in &before.instances {
        assert!(!runs(instance.pid.unwrap()));
        assert!(!after.iter().any(|other| other.id == instance.id));
    }
    for told in world.edge.told() {
        if let crate::world::Told::Targets(targets) = told {
            let serving = targets.values().filter(|(_, draining)| !draining).count();
            assert!(serving >= 2, "a restart left a gap: {targets:?}");
        }
    }
}

#[tokio::test]
async fn a_restart_that_fails_leaves_the_old_instances_alone() {
    let world = World::new().await;
    let side = world.side("good");
    let before = world.ensure(&side, 1).await.unwrap();
    // The artifact disappears, as if somebody had cleaned up by hand.
    let artifact = world.state().join("artifacts").join(side.artifact.as_str());
    fs::rename(&artifact, artifact.with_extension("away")).unwrap();
    let error = world.platform().restart(&scope(), "web").await.unwrap_err();
    assert!(error.to_string().contains("is not there"), "{error}");
    fs::rename(artifact.with_extension("away"), &artifact).unwrap();
    assert_eq!(world.instances().await, before.instances);
}

#[tokio::test]
async fn a_state_directory_of_a_newer_version_is_refused() {
    let mut world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 1).await.unwrap();
    world.platform = None;
    let record = world.instance_dir(seen.instances[0].id.as_str()).join("instance.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("\"format\": 1", "\"format\": 2")).unwrap();
    world.start();
    let error = HostPlatform::adopt(world.platform()).await.unwrap_err();
    assert!(error.to_string().contains("format 2 is newer than 1"), "{error}");
    assert!(runs(seen.instances[0].pid.unwrap()), "and nothing was touched");
}
