//! Runs generated histories on all cores: `simulate HISTORIES SEED`. What `cargo xtask simulate` starts.
//! `simulate HISTORIES SEED mutants` says of each mutant which history catches it, and by which property.
//!
//! Prints histories per second. On a violation: seed, number, property, history and the smallest input found; exit status 1.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a developer's command talks to its terminal and measures how long it took"
)]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use seaworthy_testkit::{History, Mutant, shrink, simulate};

/// How often each outcome was reached, and the first history that shows a violation.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<&'static str, u64>,
    failed: Option<u64>,
}

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let [histories, seed] = numbers[..] else {
        eprintln!("usage: simulate HISTORIES SEED");
        return ExitCode::from(2);
    };
    if std::env::args().any(|word| word == "mutants") {
        return catch(seed, histories);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, stop) = (AtomicU64::new(0), AtomicU64::new(u64::MAX));
    let began = Instant::now();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| work(seed, histories, &next, &stop)))
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    let seconds = began.elapsed().as_secs_f64();
    if tallies.len() < cores {
        eprintln!("a worker panicked: see above");
        return ExitCode::FAILURE;
    }
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    for (word, count) in tallies.iter().flat_map(|tally| &tally.outcomes) {
        *outcomes.entry(word).or_default() += count;
    }
    let ran: u64 = outcomes.values().sum();
    let rate = ran as f64 / seconds;
    println!(
        "{ran} histories in {seconds:.1} s: {rate:.0} per second, {:.0} per second and core ({cores} cores), seed {seed}",
        rate / cores as f64
    );
    for (word, count) in outcomes {
        println!("  {count:>8} {word}");
    }
    match tallies.iter().filter_map(|tally| tally.failed).min() {
        None => ExitCode::SUCCESS,
        Some(number) => tell(seed, number),
    }
}

/// Takes histories in order of their number until there is none left or one with a smaller number failed.
fn work(seed: u64, histories: u64, next: &AtomicU64, stop: &AtomicU64) -> Tally {
    let mut tally = Tally::default();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= histories || number > stop.load(Ordering::Relaxed) {
            return tally;
        }
        match simulate(&History::generate(seed, number), None) {
            Ok(outcome) => *tally.outcomes.entry(outcome.word()).or_default() += 1,
            Err(_) => {
                stop.fetch_min(number, Ordering::Relaxed);
                tally.failed = Some(number);
                return tally;
            }
        }
    }
}

fn catch(seed: u64, histories: u64) -> ExitCode {
    let mut survivors = 0;
    for mutant in Mutant::ALL {
        let caught = (0..histories).find_map(|number| {
            let failure = simulate(&History::generate(seed, number), Some(mutant)).err()?;
            Some((number, failure.violation))
        });
        match caught {
            Some((number, violation)) => println!("{mutant:?}: history {number}: {violation}"),
            None => {
                println!("{mutant:?}: SURVIVES {histories} histories");
                survivors += 1;
            }
        }
    }
    ExitCode::from(u8::from(survivors > 0))
}

fn tell(seed: u64, number: u64) -> ExitCode {
    let history = History::generate(seed, number);
    let smallest = shrink(&history, None);
    println!("seed {seed}, history {number}:");
    for (name, input) in [("as generated", &history), ("made small", &smallest)] {
        if let Err(failure) = simulate(input, None) {
            println!("── {name}: {}\n{}", failure.violation, failure.told);
        }
    }
    println!("── the small input\n{smallest:#?}");
    ExitCode::FAILURE
}
