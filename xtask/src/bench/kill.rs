//! kill -9 of daemon, keeper and edge under load.

use std::time::Duration;

use super::load::{self, Load};
use super::processes;
use super::ship::{Ship, pause, wait_for};
use super::spread::Spread;
use super::{Binaries, Measured};

/// Requests per second, sent on schedule.
const RATE: u32 = 1000;
/// How often each is killed.
const TIMES: usize = 5;

/// A process that is killed, and what is wanted of it.
struct Victim {
    role: &'static str,
    wanted: &'static str,
    /// Brings it back where Seaworthy does not do this by itself.
    revive: fn(&Ship) -> Result<(), Box<dyn std::error::Error>>,
}

const VICTIMS: &[Victim] = &[
    // Systemd starts the daemon again on a real machine; here the next command does.
    Victim {
        role: "daemon",
        wanted: "0 failed",
        revive: |ship| ship.run(&["up"]).map(drop),
    },
    Victim {
        role: "keep",
        wanted: "0 failed",
        revive: |_| Ok(()),
    },
    Victim {
        role: "edge",
        wanted: "only those in flight fail; serves within 100 ms",
        revive: |_| Ok(()),
    },
];

pub(super) fn measure(binaries: &Binaries) -> Measured {
    let ship = Ship::new(&binaries.seaworthy, 2)?;
    ship.run(&["up"])?;
    let mut table = format!(
        "Each killed {TIMES} times under {RATE} requests/s, open loop, two Node instances. Back: until a new process of the \
         role is there. Serves: until a request on a new connection, sent right after the kill, was answered.\n\n\
         | killed | requests | failed | longest gap | back, ms | serves, ms | wanted |\n|---|---|---|---|---|---|---|\n"
    );
    for victim in VICTIMS {
        let load = Load::start(&binaries.load, &ship.url(), RATE)?;
        wait_for("the first answers", || load::number(&load.latest(), "good") > 0)?;
        let (mut back, mut serves) = (Vec::new(), Vec::new());
        for _ in 0..TIMES {
            let before = ship.pids(victim.role);
            let killed = *before.first().ok_or_else(|| format!("no {} runs", victim.role))?;
            processes::signal(killed, "KILL");
            let answered = wait_for("an answer", || ship.get().is_some())?;
            wait_for("its end", || !processes::runs(killed))?;
            (victim.revive)(&ship)?;
            let returned = wait_for("its successor", || {
                let now = ship.pids(victim.role);
                now.len() == before.len() && !now.contains(&killed)
            })?;
            serves.push(answered.as_secs_f64() * 1000.0);
            back.push((answered + returned).as_secs_f64() * 1000.0);
            pause(Duration::from_secs(2));
        }
        let summary = load.stop()?;
        let (failed, kinds) = load::failures(&summary);
        let back = Spread::of(&back).ok_or("nothing was killed")?;
        let serves = Spread::of(&serves).ok_or("nothing was killed")?;
        table.push_str(&format!(
            "| {} | {} | {failed}{} | {} ms | {back} | {serves} | {} |\n",
            victim.role,
            load::number(&summary, "total"),
            if kinds.is_empty() {
                String::new()
            } else {
                format!(" ({kinds})")
            },
            load::number(&summary, "longest_gap_ms"),
            victim.wanted
        ));
    }
    Ok(table)
}
