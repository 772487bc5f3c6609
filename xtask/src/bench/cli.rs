//! What a person waits for: `check`, `up` without a change, and the time from a ready process to its first request.

use std::time::{Duration, SystemTime};

use super::ship::{Ship, pause};
use super::spread::Spread;
use super::{Binaries, Measured};

pub(super) fn measure(binaries: &Binaries) -> Measured {
    let check = {
        let ship = Ship::empty(&binaries.seaworthy)?;
        ship.version("one")?;
        ship.file(&ten_services(&ship.edge))?;
        repeated(31, || ship.run(&["check"]))?
    };
    let unchanged = {
        let ship = Ship::new(&binaries.seaworthy, 2)?;
        ship.run(&["up"])?;
        repeated(21, || ship.run(&["up"]))?
    };
    let mut routed = Vec::new();
    for _ in 0..7 {
        routed.push(ready_to_routed(&Ship::new(&binaries.seaworthy, 1)?)?);
    }
    let routed = Spread::of(&routed).ok_or("nothing was measured")?;
    Ok(format!(
        "Whole processes, from start to end, as a shell sees them. Median (least–most) of 31, 21 and 7.\n\n\
         | figure | measured, ms | wanted |\n|---|---|---|\n\
         | `check` of a file with ten services | {check:.1} | < 30 ms |\n\
         | `up` without a change | {unchanged:.1} | < 200 ms |\n\
         | process ready (it listens) to first routed request, first release | {routed} | < 250 ms |\n"
    ))
}

fn repeated(
    times: u32,
    mut run: impl FnMut() -> Result<Duration, Box<dyn std::error::Error>>,
) -> Result<Spread, Box<dyn std::error::Error>> {
    // The first one warms the caches.
    run()?;
    let mut took = Vec::new();
    for _ in 0..times {
        took.push(run()?.as_secs_f64() * 1000.0);
    }
    Spread::of(&took).ok_or_else(|| "nothing was measured".into())
}

/// Releases for the first time and asks without a break; the server says in its answer since when it listens.
fn ready_to_routed(ship: &Ship) -> Result<f64, Box<dyn std::error::Error>> {
    let mut up = ship
        .command(&["up"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let answer = loop {
        if let Some(answer) = ship.get() {
            break answer;
        }
        if up.try_wait()?.is_some_and(|status| !status.success()) {
            return Err("`up` failed".into());
        }
        pause(Duration::from_millis(1));
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64() * 1000.0;
    up.wait()?;
    let ready = answer.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("x-ready-ms:")?
            .trim()
            .parse::<f64>()
            .ok()
    });
    Ok(now - ready.ok_or("the answer does not say since when the server listens")?)
}

fn ten_services(edge: &str) -> String {
    let mut file = format!("app = \"ten\"\n\n[edge]\nhttp = \"{edge}\"\n");
    for number in 0..10 {
        let needs = if number == 0 {
            String::new()
        } else {
            format!("needs = [\"s{}\"]\n", number - 1)
        };
        file.push_str(&format!(
            "\n[services.s{number}]\nsource = \"web\"\ncommand = [\"node\", \"server.js\"]\n{needs}\
             memory = \"16MiB..64MiB\"\nhealth = {{ ready = \"/\", interval = \"2s\" }}\n\n\
             [services.s{number}.env]\nLOG_LEVEL = {{ value = \"info\", one_of = [\"debug\", \"info\"] }}\nWORKERS = {{ value = \"4\", type = \"integer\" }}\n\n\
             [routes.r{number}]\npath = \"/s{number}\"\nto = \"s{number}\"\n"
        ));
    }
    file
}
