//! A keeper is killed, and the next one goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod harness;

use std::time::Duration;

use harness::{Instance, eventually, is_alive, kill};
use seaworthy_supervise::client::{self, HeldOutput, Keeper, Spawned};
use seaworthy_supervise::protocol::{Exit, State, Status};

/// Kills the keeper the hard way and waits until it is gone.
async fn bereave(instance: &Instance) -> Status {
    let keeper = instance.last_status().keeper_pid;
    kill(keeper);
    eventually("the keeper is dead", || !is_alive(keeper)).await;
    instance.last_status()
}

fn rewrite(instance: &Instance, change: impl FnOnce(&mut Status)) {
    let mut status = instance.last_status();
    change(&mut status);
    std::fs::write(instance.dir().join("keeper.json"), serde_json::to_vec(&status).unwrap()).unwrap();
}

fn pid(status: &Status) -> u32 {
    status.process.unwrap().pid
}

#[tokio::test]
async fn the_same_process_goes_on_in_the_same_life() {
    let instance = Instance::shell("echo up; exec sleep 1000");
    instance.start().await;
    let before = instance.running().await;
    bereave(&instance).await;
    assert!(is_alive(pid(&before)));
    assert!(matches!(instance.adopt().await, Spawned::Keeping { .. }));
    let after = instance.running().await;
    assert_eq!((after.life, after.process), (1, before.process));
    let last = instance.stop().await;
    assert_eq!(last.state, State::Ended);
    assert!(!is_alive(pid(&before)));
}

#[tokio::test]
async fn no_line_is_lost_and_none_comes_twice_however_often_the_keeper_is_killed_under_load() {
    const LINES: usize = 150_000;
    let script = format!("i=0; while [ $i -lt {LINES} ]; do echo line $i; i=$((i+1)); done; exit 5");
    let mut task = Instance::task(&script);
    task.spec.log.file_bytes = 1 << 20;
    task.spec.log.files = 20;
    task.start().await;
    // It may end while it has no keeper, and its last lines with it if nobody else held them.
    let _held = HeldOutput::of(&task.dir()).unwrap();
    for round in 0..12u64 {
        if task.last_status().state == State::Ended {
            break;
        }
        tokio::time::sleep(Duration::from_micros(round * 3_700 % 17_000)).await;
        bereave(&task).await;
        task.adopt().await;
    }
    task.ended().await;
    let out = task.out();
    let expected: Vec<String> = (0..LINES).map(|i| format!("line {i}")).collect();
    if let Some(place) = out.iter().zip(&expected).position(|(a, b)| a != b) {
        panic!(
            "differs at {place}: {:?} instead of {:?}",
            &out[place..(place + 5).min(out.len())],
            expected[place]
        );
    }
    assert_eq!(out.len(), LINES);
}

#[tokio::test]
async fn what_was_written_without_a_keeper_is_in_the_log_and_the_exit_status_is_seen() {
    let instance = Instance::task(
        "echo before; while [ ! -e \"$MARK\" ]; do sleep 0.02; done; seq 1 1000; echo written > \"$MARK.2\"; while [ -e \"$MARK\" ]; do sleep 0.02; done; exit 5",
    );
    let mut instance = instance;
    let mark = instance.dir().join("mark");
    instance.spec.env.push(("MARK".into(), mark.display().to_string()));
    instance.start().await;
    instance.logged("before").await;
    bereave(&instance).await;
    std::fs::write(&mark, "").unwrap();
    eventually("it has written without a keeper", || {
        instance.dir().join("mark.2").exists()
    })
    .await;
    instance.adopt().await;
    let running = instance.running().await;
    assert_eq!(running.life, 1);
    std::fs::remove_file(&mark).unwrap();
    let last = instance.ended().await;
    let expected: Vec<String> = std::iter::once("before".to_owned())
        .chain((1..=1000).map(|i| i.to_string()))
        .collect();
    assert_eq!(instance.out(), expected);
    if knows_exits_of_others() {
        assert_eq!(last.last_exit, Some(Exit::Code { code: 5 }));
    } else {
        eprintln!("not asserted, needs Linux 6.15: the exit status of an adopted process");
    }
}

/// Whether the kernel tells the exit status of a process that is not one's child (PIDFD_GET_INFO with PIDFD_INFO_EXIT).
fn knows_exits_of_others() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(['.', '-'])
        .map(|number| number.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (6, 15)
}

#[tokio::test]
async fn the_last_lines_of_a_process_that_died_with_its_keeper_are_not_lost_where_the_output_is_held() {
    let mut instance = Instance::task("while [ ! -e \"$MARK\" ]; do sleep 0.02; done; echo last words; rm \"$MARK\"");
    let mark = instance.dir().join("mark");
    instance.spec.env.push(("MARK".into(), mark.display().to_string()));
    instance.start().await;
    let running = instance.running().await;
    let _held = HeldOutput::of(&instance.dir()).unwrap();
    bereave(&instance).await;
    std::fs::write(&mark, "").unwrap();
    eventually("it has ended", || !is_alive(pid(&running))).await;
    instance.adopt().await;
    let last = instance.ended().await;
    assert_eq!(last.last_exit, Some(Exit::Unknown));
    assert_eq!(instance.out(), ["last words"]);
}

#[tokio::test]
async fn a_signal_that_ends_an_adopted_process_is_seen() {
    let instance = Instance::task("exec sleep 1000");
    instance.start().await;
    let running = instance.running().await;
    bereave(&instance).await;
    instance.adopt().await;
    instance.running().await;
    kill(pid(&running));
    let last = instance.ended().await;
    if knows_exits_of_others() {
        assert_eq!(last.last_exit, Some(Exit::Signal { signal: 9 }));
    }
}

#[tokio::test]
async fn a_service_that_died_without_a_keeper_starts_its_next_life_and_leaves_nothing_behind() {
    let instance = Instance::shell("sleep 1000 & echo $!; wait");
    instance.start().await;
    let running = instance.running().await;
    eventually("its child", || !instance.out().is_empty()).await;
    let child: u32 = instance.out()[0].parse().unwrap();
    bereave(&instance).await;
    kill(pid(&running));
    eventually("it is dead", || !is_alive(pid(&running))).await;
    instance.adopt().await;
    let next = instance
        .until(|status| status.life == 2 && matches!(status.state, State::Running { .. }))
        .await;
    assert_eq!(next.last_exit, Some(Exit::Unknown));
    assert!(!is_alive(child));
    instance.logged("ended while it had no keeper").await;
    instance.stop().await;
}

#[tokio::test]
async fn a_stop_of_an_adopted_instance_ends_its_whole_session() {
    let instance =
        Instance::shell("sleep 1000 & echo $!; sh -c 'sleep 1000 & echo $!'; setsid sleep 1000 & echo $!; wait");
    instance.start().await;
    eventually("three children", || instance.out().len() == 3).await;
    bereave(&instance).await;
    instance.adopt().await;
    instance.stop().await;
    for child in instance.out() {
        assert!(!is_alive(child.parse().unwrap()), "{child}");
    }
}

#[tokio::test]
async fn a_stop_that_was_under_way_is_finished() {
    let mut instance = Instance::shell("trap '' TERM; echo up; while :; do sleep 0.05; done");
    instance.spec.stop_ms = 600;
    instance.start().await;
    instance.logged("up").await;
    let stopping = Keeper::connect(&instance.dir()).await.unwrap();
    let stop = tokio::spawn(stopping.stop());
    instance
        .until(|status| matches!(status.state, State::Stopping { .. }))
        .await;
    let left = bereave(&instance).await;
    assert!(stop.await.unwrap().is_err());
    assert!(is_alive(pid(&left)));
    instance.adopt().await;
    let last = instance.ended().await;
    assert_eq!((last.state, last.life), (State::Ended, 1));
    assert!(!is_alive(pid(&left)));
}

#[tokio::test]
async fn a_wait_that_was_under_way_goes_on_with_its_count() {
    let mut instance = Instance::shell("exit 1");
    instance.spec.restart.first_ms = 400;
    instance.start().await;
    instance
        .until(|status| matches!(status.state, State::BackingOff { .. }) && status.life == 1)
        .await;
    bereave(&instance).await;
    instance.adopt().await;
    let second = instance
        .until(|status| status.life == 2 && matches!(status.state, State::BackingOff { .. }))
        .await;
    assert_eq!(second.exits_in_row, 2);
    instance.stop().await;
}

#[tokio::test]
async fn a_stranger_with_the_same_process_id_is_neither_adopted_nor_killed() {
    let instance = Instance::shell("exec sleep 1000");
    instance.start().await;
    let running = instance.running().await;
    bereave(&instance).await;
    kill(pid(&running));
    eventually("it is dead", || !is_alive(pid(&running))).await;
    let stranger = Stranger(std::process::Command::new("sleep").arg("1000").spawn().unwrap());
    rewrite(&instance, |status| {
        status.process.as_mut().unwrap().pid = stranger.0.id()
    });
    instance.adopt().await;
    let next = instance
        .until(|status| status.life == 2 && matches!(status.state, State::Running { .. }))
        .await;
    assert_ne!(pid(&next), stranger.0.id());
    assert!(is_alive(stranger.0.id()));
    instance.stop().await;
}

/// A process that has nothing to do with any keeper; it ends with the test, failed or not.
struct Stranger(std::process::Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn after_a_boot_a_service_starts_again_and_a_task_does_not() {
    for (again, life, state_is_ended) in [(true, 2, false), (false, 1, true)] {
        let mut instance = Instance::shell("exec sleep 1000");
        instance.spec.restart.again = again;
        instance.start().await;
        let running = instance.running().await;
        bereave(&instance).await;
        kill(pid(&running));
        eventually("it is dead", || !is_alive(pid(&running))).await;
        rewrite(&instance, |status| status.boot_id = "another".into());
        client::spawn(harness::binary(), &instance.spec).await.unwrap();
        if state_is_ended {
            let last = instance.ended().await;
            assert_eq!(
                (last.state, last.life, last.last_exit),
                (State::Ended, life, Some(Exit::Unknown))
            );
        } else {
            instance
                .until(|status| status.life == life && matches!(status.state, State::Running { .. }))
                .await;
            instance.stop().await;
        }
    }
}
