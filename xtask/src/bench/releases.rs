//! 20 consecutive releases and rollbacks under open-loop load.

use std::time::Instant;

use super::load::{self, Load};
use super::ship::{Ship, wait_for};
use super::spread::Spread;
use super::{Binaries, Measured};

/// Changes, every second one a rollback.
const CHANGES: u32 = 20;
/// Requests per second, sent on schedule.
const RATE: u32 = 2000;
/// The load goes on until it has sent so many.
const REQUESTS: u64 = 200_000;

pub(super) fn measure(binaries: &Binaries) -> Measured {
    let ship = Ship::new(&binaries.seaworthy, 2)?;
    ship.run(&["up"])?;
    let load = Load::start(&binaries.load, &ship.url(), RATE)?;
    wait_for("the first answers", || load::number(&load.latest(), "good") > 0)?;
    let mut took = Vec::new();
    for change in 0..CHANGES {
        let began = Instant::now();
        if change % 2 == 0 {
            ship.version(&format!("two, change {change}"))?;
            ship.run(&["up"])?;
        } else {
            ship.run(&["rollback"])?;
        }
        took.push(began.elapsed().as_secs_f64());
        // The changes are spread over the whole load, so that every part of it meets some.
        let share = REQUESTS * u64::from(change + 1) / u64::from(CHANGES);
        while load::number(&load.latest(), "scheduled") < share {
            super::ship::pause(std::time::Duration::from_millis(50));
        }
        let latest = load.latest();
        println!(
            "   change {}: {:.2} s, {} answers, {:?}",
            change + 1,
            took[took.len() - 1],
            load::number(&latest, "good"),
            load::failures(&latest)
        );
    }
    let summary = load.stop()?;
    let (failed, kinds) = load::failures(&summary);
    let held = ship.counter("seaworthy_edge_held_total")?;
    let took = Spread::of(&took).ok_or("nothing was changed")?;
    Ok(format!(
        "{CHANGES} changes (`up` and `rollback` in turn, two Node instances, no bake), spread evenly over {RATE} requests/s, open loop.\n\n\
         | figure | measured | wanted |\n|---|---|---|\n\
         | requests | {} | ≥ {REQUESTS} |\n\
         | failed | {failed}{} | 0 |\n\
         | longest gap between good answers | {} ms | < 250 ms |\n\
         | requests held while no target was ready | {held} | counted |\n\
         | latency p50 / p99 / max | {} / {} / {} ms | |\n\
         | one change | {took:.2} s | |\n",
        load::number(&summary, "total"),
        if kinds.is_empty() {
            String::new()
        } else {
            format!(" ({kinds})")
        },
        load::number(&summary, "longest_gap_ms"),
        summary["latency"]["p50_ms"],
        summary["latency"]["p99_ms"],
        summary["latency"]["max_ms"],
    ))
}
