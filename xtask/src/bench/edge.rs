//! The edge beside nginx, HAProxy and Caddy: requests per second, and processor time per million requests.
//!
//! One proxy at a time on core 0, in front of one upstream; upstream and wrk share core 1. Rounds are interleaved, so
//! that whatever else the machine does in between meets all of them alike.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::proxies::{self, Proxy, Running};
use super::spread::Spread;
use super::{Binaries, Measured, processes};

const ROUNDS: usize = 7;
const SECONDS: u32 = 5;
const CONNECTIONS: u32 = 64;
const PROXY_CORE: u32 = 0;
const LOAD_CORE: u32 = 1;

/// What one proxy did in each round.
struct Rounds {
    proxy: Proxy,
    per_second: Vec<f64>,
    cpu_per_million: Vec<f64>,
    p99_ms: Vec<f64>,
}

pub(super) fn measure(binaries: &Binaries) -> Measured {
    let dir = std::env::temp_dir().join(format!("seaworthy-bench-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let measured = rounds(binaries, &dir);
    // A left-over configuration in the temporary directory does no harm.
    let _ = fs::remove_dir_all(&dir);
    table(binaries, &measured?)
}

fn rounds(binaries: &Binaries, dir: &Path) -> Result<Vec<Rounds>, Box<dyn std::error::Error>> {
    let upstream = proxies::upstream(LOAD_CORE, dir)?;
    let mut all: Vec<Rounds> = proxies::ALL
        .iter()
        .map(|proxy| Rounds {
            proxy: *proxy,
            per_second: Vec::new(),
            cpu_per_million: Vec::new(),
            p99_ms: Vec::new(),
        })
        .collect();
    for round in 0..ROUNDS {
        for rounds in &mut all {
            let proxy = rounds
                .proxy
                .start(PROXY_CORE, upstream.address(), &binaries.seaworthy, dir)?;
            wrk(&proxy, 1)?;
            let pids = proxy.pids()?;
            let before = processes::cpu_seconds(&pids);
            let ran = wrk(&proxy, SECONDS)?;
            let cpu = processes::cpu_seconds(&pids) - before;
            println!(
                "   round {}: {}: {:.0}/s, {:.1} CPU s per million",
                round + 1,
                rounds.proxy.name(),
                ran.per_second,
                cpu / ran.requests * 1e6
            );
            rounds.per_second.push(ran.per_second);
            rounds.cpu_per_million.push(cpu / ran.requests * 1e6);
            rounds.p99_ms.push(ran.p99_ms);
        }
    }
    Ok(all)
}

fn table(binaries: &Binaries, all: &[Rounds]) -> Measured {
    let mut text = format!(
        "wrk with {CONNECTIONS} connections for {SECONDS} s after 1 s of warming up, {ROUNDS} interleaved rounds; proxy on core {PROXY_CORE}, wrk and \
         upstream (nginx, a fixed answer of 512 bytes) on core {LOAD_CORE}. Median (least–most). Processor time is user and \
         system time of all processes of the proxy.\n\n\
         | proxy | requests/s | beside nginx with keepalive | CPU s per million requests | p99, ms | version |\n|---|---|---|---|---|---|\n"
    );
    let median = |measured: &[f64]| Spread::of(measured).ok_or("no round was measured");
    let nginx = all
        .iter()
        .find(|rounds| rounds.proxy == Proxy::NginxTuned)
        .ok_or("nginx was not measured")?;
    let nginx = median(&nginx.per_second)?.median;
    for rounds in all {
        let per_second = median(&rounds.per_second)?;
        text.push_str(&format!(
            "| {} | {per_second} | {:.2} × | {:.1} | {:.1} | {} |\n",
            rounds.proxy.name(),
            per_second.median / nginx,
            median(&rounds.cpu_per_million)?,
            median(&rounds.p99_ms)?,
            rounds.proxy.version(&binaries.seaworthy),
        ));
    }
    Ok(text)
}

/// What wrk says.
struct Ran {
    requests: f64,
    per_second: f64,
    p99_ms: f64,
}

fn wrk(proxy: &Running, seconds: u32) -> Result<Ran, Box<dyn std::error::Error>> {
    let output = Command::new("taskset")
        .args(["--cpu-list", &LOAD_CORE.to_string(), "wrk", "--latency", "-t1"])
        .args([
            &format!("-c{CONNECTIONS}"),
            &format!("-d{seconds}s"),
            &format!("http://{}/", proxy.address()),
        ])
        .output()?;
    read(&String::from_utf8_lossy(&output.stdout)).map_err(Into::into)
}

/// Reads wrk's report. A proxy that broke connections or answered anything but 2xx has no speed.
fn read(report: &str) -> Result<Ran, String> {
    let wrong = |what: &str| format!("{what}:\n{report}");
    if report.contains("Socket errors") || report.contains("Non-2xx") {
        return Err(wrong("not every request was answered well"));
    }
    let after = |label: &str| {
        let line = report.lines().find(|line| line.trim_start().starts_with(label))?;
        line.trim_start().strip_prefix(label)?.split_whitespace().next()
    };
    let requests = report
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    Ok(Ran {
        requests: requests.ok_or_else(|| wrong("no number of requests"))?,
        per_second: after("Requests/sec:")
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| wrong("no requests/s"))?,
        p99_ms: after("99%").and_then(milliseconds).ok_or_else(|| wrong("no p99"))?,
    })
}

/// Reads `850.00us`, `3.21ms`, `1.02s`.
fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];
    let (number, factor) = units
        .into_iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, read};

    const REPORT: &str = "\
Running 5s test @ http://127.0.0.1:9/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.10ms  850.00us  21.43ms   92.31%
    Req/Sec    30.40k     1.2k   33.1k    71.00%
  Latency Distribution
     50%    1.98ms
     75%    2.31ms
     90%    2.70ms
     99%    4.90ms
  151234 requests in 5.02s, 101.22MB read
Requests/sec:  30126.29
Transfer/sec:     20.16MB
";

    #[test]
    fn a_report_of_wrk_is_read() {
        let ran = read(REPORT).map(|ran| (ran.requests, ran.per_second, ran.p99_ms));
        assert_eq!(ran, Ok((151_234.0, 30_126.29, 4.9)));
    }

    #[test]
    fn a_proxy_that_failed_has_no_speed() {
        for line in [
            "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
            "  Non-2xx or 3xx responses: 7\n",
        ] {
            assert!(read(&format!("{REPORT}{line}")).is_err());
        }
    }

    #[test]
    fn times_carry_their_unit() {
        assert_eq!(milliseconds("850.00us"), Some(0.85));
        assert_eq!(milliseconds("1.02s"), Some(1020.0));
        assert_eq!(milliseconds("7"), None);
    }
}
