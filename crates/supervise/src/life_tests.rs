#![allow(clippy::unwrap_used)]

use super::*;
use crate::protocol::{Limits, LogBounds, PROTOCOL, RestartPolicy};

fn spec(again: bool) -> KeepSpec {
    KeepSpec {
        protocol: PROTOCOL,
        instance: "web-1".into(),
        dir: "/".into(),
        command: vec![],
        cwd: "/".into(),
        env: vec![],
        user: None,
        limits: Limits {
            open_files: 1,
            processes: 1,
            core: 0,
        },
        log: LogBounds {
            file_bytes: 1,
            files: 1,
            line_bytes: 1,
            bytes_per_second: 1,
        },
        restart: RestartPolicy {
            again,
            first_ms: 100,
            most_ms: 1000,
            stable_ms: 10_000,
            crash_loop: 3,
        },
        stop_ms: 5000,
    }
}

/// A life that runs since 0.
fn running(again: bool) -> Life {
    let mut life = Life::new(&spec(again), 0, 0, None, 0);
    assert_eq!(ticked(&mut life, 0), [Act::Start]);
    life.started(0);
    life
}

fn ticked(life: &mut Life, now: u64) -> Vec<Act> {
    let mut acts = Vec::new();
    life.tick(now, &mut acts);
    acts
}

fn looked(life: &mut Life, now: u64, left: &[&str]) -> Vec<Act> {
    let mut acts = Vec::new();
    life.family(now, left.iter().map(|l| (*l).to_owned()).collect(), &mut acts);
    acts
}

fn code(code: i32) -> Exit {
    Exit::Code { code }
}

#[test]
fn a_crash_is_followed_by_a_wait_and_the_next_life() {
    let mut life = running(true);
    life.exited(50, code(1));
    looked(&mut life, 50, &[]);
    assert_eq!(
        life.phase(),
        &Phase::Waiting {
            until: 150,
            crash_loop: false
        }
    );
    assert_eq!(life.last_exit(), Some(&code(1)));
    assert_eq!(ticked(&mut life, 149), []);
    assert_eq!(ticked(&mut life, 150), [Act::Start]);
    assert_eq!(life.number(), 2);
}

#[test]
fn a_task_ends_once_and_for_all() {
    let mut life = running(false);
    life.exited(50, code(3));
    looked(&mut life, 50, &[]);
    assert_eq!(life.phase(), &Phase::Ended);
    assert_eq!(life.due(), None);
}

#[test]
fn what_a_crash_leaves_is_killed_at_once_until_nothing_is_left() {
    let mut life = running(true);
    life.exited(50, code(1));
    assert!(looked(&mut life, 50, &["7 worker"]).contains(&Act::Kill));
    assert_eq!(looked(&mut life, 60, &["8 worker"]), [Act::Kill]);
    looked(&mut life, 70, &[]);
    assert_eq!(life.last_exit(), Some(&code(1)));
}

#[test]
fn exiting_with_0_and_leaving_processes_is_forking_away() {
    let mut life = running(true);
    life.exited(50, code(0));
    assert_eq!(
        looked(&mut life, 50, &["7 server"]),
        [],
        "a pipe's end has a moment to end by itself"
    );
    assert!(looked(&mut life, 350, &["7 server"]).contains(&Act::Kill));
    looked(&mut life, 360, &[]);
    assert_eq!(
        life.last_exit(),
        Some(&Exit::ForkedAway {
            left: vec!["7 server".into()]
        })
    );
    assert_eq!(
        life.phase(),
        &Phase::Waiting {
            until: 460,
            crash_loop: false
        }
    );
}

#[test]
fn exiting_with_0_when_the_rest_ends_in_time_is_a_plain_exit() {
    let mut life = running(false);
    life.exited(50, code(0));
    looked(&mut life, 60, &["7 tee"]);
    looked(&mut life, 70, &[]);
    assert_eq!(life.last_exit(), Some(&code(0)));
}

#[test]
fn a_stop_terminates_waits_and_ends() {
    let mut life = running(true);
    let mut acts = Vec::new();
    life.stop(1000, &mut acts);
    assert_eq!(acts, [Act::Terminate]);
    assert_eq!(life.due(), Some(6000));
    life.exited(1200, Exit::Signal { signal: 15 });
    looked(&mut life, 1200, &[]);
    assert_eq!(life.phase(), &Phase::Ended);
}

#[test]
fn a_stop_that_is_ignored_ends_in_sigkill_and_says_so() {
    let mut life = running(true);
    life.stop(1000, &mut Vec::new());
    let acts = ticked(&mut life, 6000);
    assert_eq!(
        acts,
        [
            Act::Note("still running 5000 ms after SIGTERM: SIGKILL".into()),
            Act::Kill
        ]
    );
    assert_eq!(ticked(&mut life, 6001), []);
}

#[test]
fn after_a_stop_the_rest_of_the_family_has_until_the_deadline() {
    let mut life = running(true);
    life.stop(1000, &mut Vec::new());
    life.exited(1001, Exit::Signal { signal: 15 });
    assert_eq!(looked(&mut life, 5999, &["7 server"]), []);
    assert!(looked(&mut life, 6000, &["7 server"]).contains(&Act::Kill));
    looked(&mut life, 6010, &[]);
    assert_eq!(life.phase(), &Phase::Ended);
    assert_eq!(life.last_exit(), Some(&Exit::Signal { signal: 15 }));
}

#[test]
fn a_restart_does_not_count_as_an_exit() {
    let mut life = running(true);
    life.restart(1000, &mut Vec::new()).unwrap();
    life.exited(1100, code(0));
    looked(&mut life, 1100, &[]);
    assert_eq!(life.exits(), 0);
    assert_eq!(ticked(&mut life, 1100), [Act::Start]);
    assert_eq!(life.number(), 2);
}

#[test]
fn a_stop_overrides_a_restart_and_no_restart_a_stop() {
    let mut life = running(true);
    life.restart(1000, &mut Vec::new()).unwrap();
    life.stop(1001, &mut Vec::new());
    assert!(life.restart(1002, &mut Vec::new()).is_err());
    life.exited(1100, code(0));
    looked(&mut life, 1100, &[]);
    assert_eq!(life.phase(), &Phase::Ended);
}

#[test]
fn while_it_waits_a_restart_starts_and_a_stop_ends_it_at_once() {
    let crashed = || {
        let mut life = running(true);
        life.exited(0, code(1));
        looked(&mut life, 0, &[]);
        life
    };
    let mut life = crashed();
    life.restart(10, &mut Vec::new()).unwrap();
    assert_eq!(ticked(&mut life, 10), [Act::Start]);
    let mut life = crashed();
    life.stop(10, &mut Vec::new());
    assert_eq!(life.phase(), &Phase::Ended);
}

#[test]
fn what_cannot_be_started_is_waited_for_like_a_crash() {
    let mut life = Life::new(&spec(true), 0, 0, None, 0);
    for (exits, wait) in [(1, 100), (2, 200), (3, 1000)] {
        let now = life.due().unwrap();
        assert_eq!(ticked(&mut life, now), [Act::Start]);
        life.exited(
            now,
            Exit::NotExecuted {
                reason: "no such file".into(),
            },
        );
        looked(&mut life, now, &[]);
        assert_eq!(
            life.phase(),
            &Phase::Waiting {
                until: now + wait,
                crash_loop: exits == 3
            }
        );
    }
}
