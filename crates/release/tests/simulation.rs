//! A small fixed run of `cargo xtask simulate`, every history that ever failed, and the test of the test.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use seaworthy_testkit::{History, Mutant, shrink, simulate};

/// The seed of everything here: a failure names the history that shows it.
const SEED: u64 = 1;

/// The properties hold in so many histories with every change.
const HISTORIES: u64 = 5_000;

/// A mutant is caught within so many.
const CATCHES: u64 = 3_000;

#[test]
fn generated_histories_hold_every_property() {
    for number in 0..HISTORIES {
        holds(SEED, number);
    }
}

/// `SEED NUMBER` in each line; what follows says what was wrong.
#[test]
fn histories_that_failed_once_hold_every_property() {
    for line in include_str!("regressions/histories.txt").lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with('#') || words.is_empty() {
            continue;
        }
        holds(words[0].parse().unwrap(), words[1].parse().unwrap());
    }
}

#[test]
fn every_mutant_is_caught() {
    let survives =
        |mutant: &Mutant| (0..CATCHES).all(|number| simulate(&History::generate(SEED, number), Some(*mutant)).is_ok());
    let survivors: Vec<Mutant> = Mutant::ALL.into_iter().filter(survives).collect();
    assert_eq!(survivors, [], "the simulation did not notice these");
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let tell = || format!("{:?}", History::generate(7, 42));
    assert_eq!(tell(), tell());
    assert_ne!(tell(), format!("{:?}", History::generate(7, 43)));
    assert_ne!(tell(), format!("{:?}", History::generate(8, 42)));
}

#[test]
fn a_violation_is_made_small() {
    let violated = |history: &History| simulate(history, Some(Mutant::ForgetsDeadline)).is_err();
    let history = (0..CATCHES)
        .map(|number| History::generate(SEED, number))
        .find(|history| violated(history) && !history.happenings.is_empty())
        .unwrap();
    let small = shrink(&history, Some(Mutant::ForgetsDeadline));
    assert!(violated(&small), "it still shows the violation");
    assert!(small.happenings.len() + small.faults.len() < history.happenings.len() + history.faults.len());
}

fn holds(seed: u64, number: u64) {
    let history = History::generate(seed, number);
    if simulate(&history, None).is_err() {
        let small = shrink(&history, None);
        let failure = simulate(&small, None).expect_err("what was made small still fails");
        panic!(
            "seed {seed}, history {number}: {}\n{}\n{small:#?}",
            failure.violation, failure.told
        );
    }
}
