//! Starting, ending, starting again, stopping.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod harness;

use harness::{Instance, eventually, is_alive};
use rustix::process::Signal;
use seaworthy_supervise::client::{ClientError, Keeper, Spawned};
use seaworthy_supervise::protocol::{Exit, State};

#[tokio::test]
async fn a_task_runs_once_and_its_exit_status_and_last_partial_line_are_kept() {
    let task = Instance::task("echo one; echo two >&2; printf three; exit 7");
    task.start().await;
    let last = task.ended().await;
    assert_eq!(last.state, State::Ended);
    assert_eq!(last.last_exit, Some(Exit::Code { code: 7 }));
    assert_eq!(last.life, 1);
    assert_eq!(task.out(), ["one", "three"]);
    assert!(task.lines().contains(&"err two".to_owned()));
}

#[tokio::test]
async fn a_crash_is_followed_by_the_next_life() {
    let instance = Instance::shell("echo life; kill -SEGV $$");
    instance.start().await;
    let second = instance.until(|status| status.life >= 2).await;
    assert_eq!(second.last_exit, Some(Exit::Signal { signal: 11 }));
    instance.stop().await;
    assert!(instance.out().len() >= 2);
}

#[tokio::test]
async fn exits_in_a_row_become_a_crash_loop_that_goes_on() {
    let instance = Instance::shell("exit 1");
    instance.start().await;
    let looping = instance
        .until(|status| matches!(status.state, State::BackingOff { crash_loop: true, .. }))
        .await;
    assert_eq!((looping.life, looping.exits_in_row), (3, 3));
    instance.until(|status| status.life == 4).await;
    instance.logged("crash loop: 3 exits in a row").await;
    instance.stop().await;
}

#[tokio::test]
async fn what_cannot_be_executed_says_why() {
    let mut task = Instance::task("");
    task.spec.command = vec!["/nowhere/server".into()];
    task.start().await;
    let last = task.ended().await;
    let Some(Exit::NotExecuted { reason }) = last.last_exit else {
        panic!("{last:?}")
    };
    assert!(
        reason.contains("cannot execute /nowhere/server") && reason.contains("No such file"),
        "{reason}"
    );
    task.logged("cannot execute /nowhere/server").await;
}

#[tokio::test]
async fn a_directory_that_is_not_there_says_so() {
    let mut task = Instance::task("true");
    task.spec.cwd = "/nowhere".into();
    task.start().await;
    let last = task.ended().await;
    let Some(Exit::NotExecuted { reason }) = last.last_exit else {
        panic!("{last:?}")
    };
    assert!(reason.contains("cannot enter /nowhere"), "{reason}");
}

#[tokio::test]
async fn a_process_that_puts_itself_into_the_background_is_found_and_killed() {
    // Two forks and a session of its own between: the way of a daemon.
    let task = Instance::task("setsid sh -c 'setsid sleep 1000 & echo $!' & wait; exit 0");
    task.start().await;
    let last = task.ended().await;
    let Some(Exit::ForkedAway { left }) = last.last_exit else {
        panic!("{last:?} {:?}", task.lines())
    };
    assert!(left.iter().any(|process| process.ends_with("sleep 1000")), "{left:?}");
    let daemon: u32 = task.out()[0].parse().unwrap();
    assert!(!is_alive(daemon));
}

#[tokio::test]
async fn a_crash_takes_the_whole_family_with_it() {
    let task = Instance::task("sleep 1000 & echo $!; setsid sleep 1000 & echo $!; exit 3");
    task.start().await;
    let last = task.ended().await;
    assert_eq!(last.last_exit, Some(Exit::Code { code: 3 }));
    for child in task.out() {
        assert!(!is_alive(child.parse().unwrap()));
    }
}

#[tokio::test]
async fn a_stop_ends_the_whole_group_and_answers_when_it_is_over() {
    let instance =
        Instance::shell("sleep 1000 & echo $!; setsid sleep 1000 & echo $!; trap 'echo bye; exit 0' TERM; wait");
    let keeper = instance.start().await;
    eventually("two children", || instance.out().len() == 2).await;
    let last = instance.stop().await;
    assert_eq!(
        (last.state, last.last_exit),
        (State::Ended, Some(Exit::Code { code: 0 }))
    );
    let out = instance.out();
    assert_eq!(out[2], "bye");
    for child in &out[..2] {
        assert!(!is_alive(child.parse().unwrap()));
    }
    eventually("the keeper ends", || !is_alive(keeper)).await;
    assert_eq!(instance.last_status().state, State::Ended);
}

#[tokio::test]
async fn a_child_of_a_shell_has_time_to_end_although_the_shell_is_gone_at_once() {
    let instance = Instance::shell(
        "sh -c 'trap \"sleep 0.3; echo finished; exit\" TERM; echo up; while :; do sleep 0.05; done' & wait",
    );
    instance.start().await;
    instance.logged("up").await;
    instance.stop().await;
    assert!(
        instance.out().contains(&"finished".to_owned()),
        "{:?}",
        instance.lines()
    );
}

#[tokio::test]
async fn ignoring_sigterm_ends_in_sigkill_and_is_said() {
    let mut instance = Instance::shell("trap '' TERM; echo up; while :; do sleep 1; done");
    instance.spec.stop_ms = 200;
    instance.start().await;
    instance.logged("up").await;
    let last = instance.stop().await;
    assert_eq!(last.last_exit, Some(Exit::Signal { signal: 9 }));
    instance.logged("still running 200 ms after SIGTERM: SIGKILL").await;
}

#[tokio::test]
async fn a_restart_is_a_new_life_that_does_not_count_as_an_exit() {
    let instance = Instance::shell("echo up; exec sleep 1000");
    instance.start().await;
    instance.running().await;
    Keeper::connect(&instance.dir())
        .await
        .unwrap()
        .restart("it does not answer")
        .await
        .unwrap();
    let second = instance
        .until(|status| status.life == 2 && matches!(status.state, State::Running { .. }))
        .await;
    assert_eq!(second.exits_in_row, 0);
    instance.logged("restart: it does not answer").await;
    instance.stop().await;
}

#[tokio::test]
async fn a_keeper_is_deaf_to_the_signals_that_end_a_process() {
    let instance = Instance::shell("exec sleep 1000");
    let keeper = instance.start().await;
    instance.running().await;
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        harness::signal(keeper, signal);
    }
    instance.logged("ignored").await;
    instance.running().await;
    instance.stop().await;
}

#[tokio::test]
async fn a_directory_has_one_keeper() {
    let instance = Instance::shell("exec sleep 1000");
    instance.start().await;
    instance.running().await;
    let second = seaworthy_supervise::client::spawn(harness::binary(), &instance.spec).await;
    let Err(ClientError::GaveUp { reason, .. }) = second else {
        panic!("{second:?}")
    };
    assert!(reason.contains("another keeper has this directory"), "{reason}");
    instance.running().await;
    instance.stop().await;
}

#[tokio::test]
async fn a_task_that_has_ended_is_not_run_again_by_adopting_it() {
    let task = Instance::task("echo ran");
    task.start().await;
    task.ended().await;
    eventually("the keeper is gone", || !is_alive(task.last_status().keeper_pid)).await;
    assert_eq!(task.adopt().await, Spawned::Ended);
    assert_eq!(task.out(), ["ran"]);
}
