//! kill -9 at every journalled event of a release, on the real host platform, under open-loop load.
//!
//! For each strategy and each victim the release is repeated and the victim killed one event later each time, until a
//! release ends before its turn comes. After each kill: the release reaches a resting place, what serves is what the outcome says,
//! and nothing is left over (processes, instance directories). Requests lost are counted; of daemon, keeper and
//! command line none may be lost, of edge and application only those they were answering.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::load::{self, Load};
use crate::bench::processes;
use crate::bench::ship::{Ship, pause, wait_for};
use crate::bench::{Binaries, binaries};

type Error = Box<dyn std::error::Error>;

/// Requests per second, sent on schedule.
const RATE: u32 = 200;
/// Instances of the stable side.
const REPLICAS: usize = 2;
/// A release of these few seconds that takes longer than this is stuck.
const STUCK: Duration = Duration::from_secs(60);

const STRATEGIES: [(&str, &str); 3] = [
    ("rolling", "strategy = \"rolling\"\nbake = \"500ms\"\n"),
    (
        "blue-green",
        "strategy = \"blue-green\"\ngates = [\"error_rate < 50%\"]\nsample = 10\nwindow = \"500ms\"\nbake = \"1s\"\n",
    ),
    (
        "canary",
        "strategy = \"canary\"\nsteps = [\"25% for 1s\", \"100%\"]\ngates = [\"error_rate < 50%\"]\nsample = 10\nwindow = \"500ms\"\ntick = \"200ms\"\nbake = \"1s\"\n",
    ),
];

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Victim {
    Daemon,
    Edge,
    Keeper,
    CommandLine,
    Application,
}

const VICTIMS: [Victim; 5] = [
    Victim::Daemon,
    Victim::Keeper,
    Victim::CommandLine,
    Victim::Edge,
    Victim::Application,
];

/// What one kill led to.
struct Case {
    outcome: String,
    lost: u64,
}

/// Runs the matrix. `--quick` takes every fifth event of the daemon alone.
pub(crate) fn run(words: &[&str]) -> crate::Outcome {
    let quick = words.contains(&"--quick");
    let binaries = binaries(if quick { "dev" } else { "release" })?;
    let mut violations = Vec::new();
    println!("| strategy | killed | cases | succeeded | taken back | requests lost | longest gap |");
    println!("|---|---|---|---|---|---|---|");
    for (strategy, settings) in STRATEGIES {
        for victim in VICTIMS {
            if quick && victim != Victim::Daemon {
                continue;
            }
            row(
                &binaries,
                (strategy, settings),
                victim,
                if quick { 5 } else { 1 },
                &mut violations,
            )?;
        }
    }
    for violation in &violations {
        println!("VIOLATION {violation}");
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(format!("{} violations", violations.len()).into())
    }
}

fn row(
    binaries: &Binaries,
    (strategy, settings): (&str, &str),
    victim: Victim,
    stride: usize,
    violations: &mut Vec<String>,
) -> crate::Outcome {
    let ship = Ship::new(&binaries.seaworthy, REPLICAS as u32)?;
    ship.settings(settings)?;
    ship.run(&["up"])?;
    let load = Load::start(&binaries.load, &ship.url(), RATE)?;
    wait_for("the first answers", || load::number(&load.latest(), "good") > 0)?;
    let (mut cases, mut succeeded, mut back, mut lost) = (0, 0, 0, 0);
    let mut event = 1;
    loop {
        let name = format!("{strategy}, {victim:?} killed at event {event}");
        let version = format!("{event}");
        ship.version(&version)?;
        let before = load::failures(&load.latest()).0;
        let Some(case) = kill_at(&ship, &load, victim, event, before).map_err(|error| format!("{name}: {error}"))?
        else {
            break;
        };
        cases += 1;
        lost += case.lost;
        let good = case.outcome == "succeeded";
        succeeded += usize::from(good);
        back += usize::from(!good);
        if case.lost > 0 && matches!(victim, Victim::Daemon | Victim::Keeper | Victim::CommandLine) {
            violations.push(format!("{name}: {} requests lost", case.lost));
        }
        violations.extend(
            left_over(&ship, good, &version)
                .into_iter()
                .map(|what| format!("{name} ({}): {what}", case.outcome)),
        );
        event += stride;
    }
    let summary = load.stop()?;
    println!(
        "| {strategy} | {victim:?} | {cases} | {succeeded} | {back} | {lost} | {} ms |",
        load::number(&summary, "longest_gap_ms")
    );
    Ok(())
}

/// One release with one kill. None: it ended before that event.
fn kill_at(ship: &Ship, load: &Load, victim: Victim, event: usize, before: u64) -> Result<Option<Case>, Error> {
    let newest = || -> Result<String, Error> {
        let listed = ship.command(&["releases", "--json"]).output()?;
        let listed: Value = serde_json::from_slice(&listed.stdout)?;
        let first = find_id(&listed).ok_or("no release is listed")?;
        Ok(first)
    };
    let mut follower = ship.command(&["up"]);
    follower
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let previous = newest()?;
    let mut cli = follower.spawn()?;
    let began = Instant::now();
    let mut id = newest()?;
    while id == previous {
        if began.elapsed() > STUCK {
            return Err("the release was never taken over".into());
        }
        pause(Duration::from_millis(5));
        id = newest()?;
    }
    let reached = follow_to(ship, &id, event)?;
    if reached {
        strike(ship, victim, &mut cli)?;
    }
    let outcome = rest(ship, &id)?;
    // The command line ends with its release, or has been killed; how it ended is not what is looked at here.
    let _ = cli.wait();
    // What was in flight at the kill has been answered or given up by then.
    pause(Duration::from_millis(700));
    let lost = load::failures(&load.latest()).0 - before;
    Ok(reached.then_some(Case { outcome, lost }))
}

/// Follows the events of a release until so many have come. Whether they did before it ended.
fn follow_to(ship: &Ship, id: &str, event: usize) -> Result<bool, Error> {
    let mut daemon = UnixStream::connect(ship.state().join("daemon.sock"))?;
    daemon.set_read_timeout(Some(STUCK))?;
    write!(
        daemon,
        "GET /v1/releases/{id}/events HTTP/1.1\r\nhost: daemon\r\nconnection: close\r\n\r\n"
    )?;
    let mut seen = 0;
    for line in BufReader::new(daemon).lines() {
        let line = line?;
        if line.starts_with('{') {
            seen += 1;
            let ended = line.contains("\"event\":\"ended\"");
            if ended || seen >= event {
                return Ok(!ended);
            }
        }
    }
    Ok(false)
}

fn strike(ship: &Ship, victim: Victim, cli: &mut std::process::Child) -> crate::Outcome {
    match victim {
        Victim::Daemon => {
            let daemon = ship.pid("daemon")?;
            processes::signal(daemon, "KILL");
            wait_for("its end", || !processes::runs(daemon))?;
            ship.start_daemon()?;
        }
        Victim::Edge => processes::signal(ship.pid("edge")?, "KILL"),
        Victim::Keeper => {
            if let Some(keeper) = ship.pids("keep").last() {
                processes::signal(*keeper, "KILL");
            }
        }
        Victim::CommandLine => cli.kill()?,
        Victim::Application => {
            if let Some(instance) = ship.applications().last() {
                processes::signal(*instance, "KILL");
            }
        }
    }
    Ok(())
}

/// Waits until a release has ended and says how.
fn rest(ship: &Ship, id: &str) -> Result<String, Error> {
    let began = Instant::now();
    while began.elapsed() < STUCK {
        let shown = ship.command(&["release", "show", id, "--json"]).output()?;
        if let Ok(release) = serde_json::from_slice::<Value>(&shown.stdout)
            && let Some(outcome) = release["outcome"].as_str()
        {
            return Ok(outcome.to_owned());
        }
        pause(Duration::from_millis(50));
    }
    Err("no resting place".into())
}

/// What is not as the outcome says: which version serves, how many processes and directories there are.
fn left_over(ship: &Ship, succeeded: bool, version: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    // A killed instance or keeper is being replaced: it counts as left over only when it stays.
    let settled = wait_for("as many processes as there should be", || {
        ship.pids("keep").len() == REPLICAS && ship.applications().len() == REPLICAS && directories(ship) == REPLICAS
    });
    if settled.is_err() {
        wrong.push(format!(
            "{} keepers, {} instances, {} directories; {REPLICAS} of each are wanted",
            ship.pids("keep").len(),
            ship.applications().len(),
            directories(ship)
        ));
    }
    match ship.get() {
        Some(answer) if answer.contains(&format!("version {version}\n")) == succeeded => {}
        Some(answer) => wrong.push(format!("serves {:?}", answer.lines().last().unwrap_or_default())),
        None => wrong.push("does not serve".to_owned()),
    }
    wrong
}

fn directories(ship: &Ship) -> usize {
    std::fs::read_dir(ship.state().join("instances")).map_or(0, Iterator::count)
}

/// The first `id` in a document.
fn find_id(value: &Value) -> Option<String> {
    match value {
        Value::Array(items) => items.iter().find_map(find_id),
        Value::Object(fields) => match fields.get("id") {
            Some(Value::String(id)) => Some(id.clone()),
            _ => fields.values().find_map(find_id),
        },
        _ => None,
    }
}
