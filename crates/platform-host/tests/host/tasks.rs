//! Processes that end.

use std::collections::BTreeMap;
use std::fs;

use seaworthy_platform::{EnvValue, Platform, TaskSpec};
use seaworthy_spec::CommandLine;
use tokio::sync::mpsc;

use crate::world::{World, key, kill, scope};

fn task(world: &World, line: &str) -> TaskSpec {
    let out = world.shared().join("out");
    TaskSpec {
        scope: scope(),
        name: "migrate".to_owned(),
        release: "r1".into(),
        artifact: world.artifact.clone(),
        command: CommandLine::Shell(line.to_owned()),
        env: BTreeMap::from([("OUT".to_owned(), EnvValue::Plain(out.display().to_string()))]),
    }
}

#[tokio::test]
async fn a_task_runs_once_for_its_key() {
    let mut world = World::new().await;
    let migrate = task(&world, "echo x >> $OUT; echo migrated; exit 3");
    let ended = world.platform().run(&key(4), &migrate).await.unwrap();
    assert_eq!(
        (ended.exit, ended.last_lines.as_slice()),
        (Some(3), ["migrated".to_owned()].as_slice())
    );
    assert_eq!(world.platform().run(&key(4), &migrate).await.unwrap(), ended);
    world.start_again().await;
    assert_eq!(world.platform().run(&key(4), &migrate).await.unwrap(), ended);
    let out = || fs::read_to_string(world.shared().join("out")).unwrap();
    assert_eq!(out(), "x\n");
    world.platform().run(&key(5), &migrate).await.unwrap();
    assert_eq!(out(), "x\nx\n", "another key is another run");
    assert_eq!(world.platform().log_places(&scope()).len(), 2);
}

#[tokio::test]
async fn lines_come_while_it_runs() {
    let world = World::new().await;
    let fifo = world.shared().join("go");
    let one_off = task(
        &world,
        "echo first; while [ ! -e $OUT ]; do sleep 0.05; done; echo second >&2",
    );
    let (lines, mut came) = mpsc::unbounded_channel();
    let key = key(1);
    let running = world.platform().run_live(&key, &one_off, lines);
    let reading = async {
        while came.recv().await.unwrap().text != "first" {}
        fs::write(fifo.with_file_name("out"), "").unwrap();
        let mut rest = Vec::new();
        while let Some(line) = came.recv().await {
            rest.push(line.text);
        }
        rest
    };
    let (ended, rest) = tokio::join!(running, reading);
    assert_eq!(ended.unwrap().exit, Some(0));
    assert!(rest.contains(&"second".to_owned()), "{rest:?}");
}

#[tokio::test]
async fn a_task_goes_on_without_its_daemon() {
    let mut world = World::new().await;
    let slow = task(&world, "echo begun; while [ ! -e $OUT ]; do sleep 0.05; done; exit 7");
    begin(&world, &slow).await;
    world.start_again().await;
    let key = key(1);
    let running = world.platform().run(&key, &slow);
    let releasing = async { fs::write(world.shared().join("out"), "").unwrap() };
    let (ended, ()) = tokio::join!(running, releasing);
    assert_eq!(ended.unwrap().exit, Some(7));
}

#[tokio::test]
async fn a_task_that_ended_unseen_is_not_run_again() {
    let mut world = World::new().await;
    let slow = task(&world, "echo x >> $OUT; echo begun; exec sleep 300");
    begin(&world, &slow).await;
    world.platform = None;
    let dir = world.state().join("tasks/migrate-r1-1-1");
    let status = seaworthy_supervise::client::read_last_status(&dir).unwrap().unwrap();
    kill(status.keeper_pid);
    kill(status.process.unwrap().pid);
    world.start_again().await;
    let ended = world.platform().run(&key(1), &slow).await.unwrap();
    assert_eq!(ended.exit, None);
    assert_eq!(fs::read_to_string(world.shared().join("out")).unwrap(), "x\n");
}

#[tokio::test]
async fn a_running_task_can_be_stopped() {
    let world = World::new().await;
    let slow = task(&world, "echo begun; exec sleep 300");
    begin(&world, &slow).await;
    world.platform().stop_task(&key(1), &slow).await.unwrap();
    let ended = world.platform().run(&key(1), &slow).await.unwrap();
    assert_eq!(ended.exit, None);
    assert_eq!(ended.last_lines.last().unwrap(), "seaworthy: killed by SIGTERM");
}

/// Starts a task and goes away when it has said `begun`.
async fn begin(world: &World, task: &TaskSpec) {
    let (lines, mut came) = mpsc::unbounded_channel();
    let key = key(1);
    tokio::select! {
        ended = world.platform().run_live(&key, task, lines) => panic!("it ended: {ended:?}"),
        () = async { while came.recv().await.unwrap().text != "begun" {} } => {}
    }
}
