//! What Seaworthy itself costs with five instances and nothing to do.

use std::time::Duration;

use super::processes::{own_cpu_seconds, pss_bytes};
use super::ship::{Ship, pause};
use super::{Binaries, Measured};

/// Time for everything that follows a release to end.
const SETTLE: Duration = Duration::from_secs(20);
/// How long processor time is counted.
const WATCH: Duration = Duration::from_secs(60);

pub(super) fn measure(binaries: &Binaries) -> Measured {
    let ship = Ship::new(&binaries.seaworthy, 5)?;
    ship.run(&["up"])?;
    pause(SETTLE);
    let (daemon, edge, keepers) = (vec![ship.pid("daemon")?], vec![ship.pid("edge")?], ship.pids("keep"));
    if keepers.len() != 5 {
        return Err(format!("{} keepers run, not 5", keepers.len()).into());
    }
    let groups = [("daemon", &daemon), ("edge", &edge), ("5 keepers", &keepers)];
    // Keepers are the parents of instances, whose time is not Seaworthy's: only the processes themselves are counted.
    let before: Vec<f64> = groups.iter().map(|(_, pids)| own_cpu(pids)).collect();
    pause(WATCH);
    let mut table = format!(
        "Five Node instances, no requests, {} s after a release. Processor time over {} s.\n\n\
         | process | PSS | share of a core |\n|---|---|---|\n",
        SETTLE.as_secs(),
        WATCH.as_secs()
    );
    let (mut all_pss, mut all_cpu) = (0, 0.0);
    for ((name, pids), before) in groups.iter().zip(before) {
        let pss = pss_bytes(pids);
        let cpu = (own_cpu(pids) - before) / WATCH.as_secs_f64() * 100.0;
        all_pss += pss;
        all_cpu += cpu;
        table.push_str(&format!("| {name} | {:.1} MB | {cpu:.2} % |\n", megabytes(pss)));
    }
    table.push_str(&format!(
        "| **all** | **{:.1} MB** | **{all_cpu:.2} %** |\n",
        megabytes(all_pss)
    ));
    table.push_str("| wanted | < 60 MB | < 0.5 % |\n");
    Ok(table)
}

fn own_cpu(pids: &[u32]) -> f64 {
    pids.iter().map(|pid| own_cpu_seconds(*pid)).sum()
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
