//! Metrics as text in Prometheus' exposition format (version 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::metrics::{BUCKETS, Counter, Failure, Labels, Series, WorkerMetrics};
use crate::registry::Registry;
use crate::table::Table;

/// Labels of the status classes, in the order of their counters.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Everything that is counted, summed over the workers.
pub(crate) fn render(workers: &[Arc<WorkerMetrics>], table: &Table, registry: &Registry) -> String {
    let series = by_labels(workers.iter().flat_map(|worker| worker.snapshot()));
    let copies = by_labels(workers.iter().flat_map(|worker| worker.shadow_snapshot()));
    let mut text = Text(String::with_capacity(16 * 1024));
    requests(&mut text, &series);
    attempts(&mut text, &series);
    shadows(&mut text, &copies);
    process(&mut text, workers, table);
    upstreams(&mut text, table, registry);
    text.0
}

fn by_labels(of_workers: impl Iterator<Item = (Labels, Arc<Series>)>) -> BTreeMap<Labels, Vec<Arc<Series>>> {
    let mut series: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (labels, of_worker) in of_workers {
        series.entry(labels).or_default().push(of_worker);
    }
    series
}

fn shadows(text: &mut Text, series: &BTreeMap<Labels, Vec<Arc<Series>>>) {
    let name = "seaworthy_edge_shadow_requests_total";
    text.head(
        name,
        "counter",
        "Copies of requests answered, by status class. No client waited for them.",
    );
    for ((route, release), of) in series {
        for (index, class) in CLASSES.into_iter().enumerate() {
            let value = sum(of, |series| &series.classes[index]);
            if value > 0 {
                text.line(
                    name,
                    &[shadow(route, release).as_slice(), &[("class", class)]].concat(),
                    value,
                );
            }
        }
    }
    let name = "seaworthy_edge_shadow_failed_total";
    text.head(
        name,
        "counter",
        "Copies of requests that got no answer, or half of one.",
    );
    for ((route, release), of) in series {
        for failure in Failure::ALL {
            let value = sum(of, |series| &series.failures[failure as usize]);
            if value > 0 {
                text.line(
                    name,
                    &[shadow(route, release).as_slice(), &[("kind", failure.label())]].concat(),
                    value,
                );
            }
        }
    }
    let name = "seaworthy_edge_shadow_dropped_total";
    text.head(
        name,
        "counter",
        "Copies not sent: no target was ready, or too many were under way.",
    );
    for ((route, release), of) in series {
        let value = sum(of, |series| &series.dropped);
        if value > 0 {
            text.line(name, &shadow(route, release), value);
        }
    }
}

fn shadow<'a>(route: &'a str, release: &'a str) -> [(&'static str, &'a str); 3] {
    [("route", route), ("release", release), ("shadow", "true")]
}

fn requests(text: &mut Text, series: &BTreeMap<Labels, Vec<Arc<Series>>>) {
    text.head(
        "seaworthy_edge_requests_total",
        "counter",
        "Requests answered, by status class. Route and release are empty where none was found.",
    );
    for ((route, release), of) in series {
        for (index, class) in CLASSES.into_iter().enumerate() {
            let value = sum(of, |series| &series.classes[index]);
            if value > 0 {
                text.line(
                    "seaworthy_edge_requests_total",
                    &[("route", route), ("release", release), ("class", class)],
                    value,
                );
            }
        }
    }
    let name = "seaworthy_edge_request_duration_seconds";
    text.head(
        name,
        "histogram",
        "Time from the head of a request until the head of its answer.",
    );
    for ((route, release), of) in series {
        let labels = [("route", &**route), ("release", &**release)];
        let mut total = 0;
        let count = of
            .iter()
            .flat_map(|series| &series.buckets)
            .map(Counter::get)
            .sum::<u64>();
        if count == 0 {
            continue;
        }
        for (index, bound) in BUCKETS.iter().enumerate() {
            total += sum(of, |series| &series.buckets[index]);
            let bound = seconds(*bound).to_string();
            text.line(
                &format!("{name}_bucket"),
                &[labels[0], labels[1], ("le", &bound)],
                total,
            );
        }
        // The count is read once, so that the last bucket and the count agree even while requests come.
        text.line(
            &format!("{name}_bucket"),
            &[labels[0], labels[1], ("le", "+Inf")],
            count.max(total),
        );
        text.line(
            &format!("{name}_sum"),
            &labels,
            seconds(sum(of, |series| &series.micros)),
        );
        text.line(&format!("{name}_count"), &labels, count.max(total));
    }
    text.head(
        "seaworthy_edge_held_total",
        "counter",
        "Requests that waited because no target was ready.",
    );
    for ((route, release), of) in series {
        let value = sum(of, |series| &series.held);
        if value > 0 {
            text.line(
                "seaworthy_edge_held_total",
                &[("route", route), ("release", release)],
                value,
            );
        }
    }
}

fn attempts(text: &mut Text, series: &BTreeMap<Labels, Vec<Arc<Series>>>) {
    text.head(
        "seaworthy_edge_retries_total",
        "counter",
        "Attempts repeated because nothing had been sent.",
    );
    for ((route, release), of) in series {
        let value = sum(of, |series| &series.retries);
        if value > 0 {
            text.line(
                "seaworthy_edge_retries_total",
                &[("route", route), ("release", release)],
                value,
            );
        }
    }
    text.head(
        "seaworthy_edge_attempts_failed_total",
        "counter",
        "Attempts at a target that failed, by the side attempted.",
    );
    for ((route, release), of) in series {
        for failure in Failure::ALL {
            let value = sum(of, |series| &series.failures[failure as usize]);
            if value > 0 {
                let labels = [("route", &**route), ("release", &**release), ("kind", failure.label())];
                text.line("seaworthy_edge_attempts_failed_total", &labels, value);
            }
        }
    }
}

fn process(text: &mut Text, workers: &[Arc<WorkerMetrics>], table: &Table) {
    let total = |pick: fn(&WorkerMetrics) -> &Counter| workers.iter().map(|worker| pick(worker).get()).sum::<u64>();
    text.head(
        "seaworthy_edge_config_version",
        "gauge",
        "Version of the live configuration; 0 without one.",
    );
    text.line("seaworthy_edge_config_version", &[], table.version);
    text.head(
        "seaworthy_edge_connections_total",
        "counter",
        "Connections of clients accepted.",
    );
    // Read in this order, the difference below is never negative.
    let ended = total(|worker| &worker.ended);
    let accepted = total(|worker| &worker.accepted);
    text.line("seaworthy_edge_connections_total", &[], accepted);
    text.head(
        "seaworthy_edge_connections",
        "gauge",
        "Connections of clients open now.",
    );
    text.line("seaworthy_edge_connections", &[], accepted.saturating_sub(ended));
    text.head(
        "seaworthy_edge_accept_errors_total",
        "counter",
        "Failures to accept a connection, mostly for want of descriptors.",
    );
    text.line(
        "seaworthy_edge_accept_errors_total",
        &[],
        total(|worker| &worker.accept_errors),
    );
    text.head(
        "seaworthy_edge_rejected_total",
        "counter",
        "Requests not forwarded because they were not sound.",
    );
    text.line("seaworthy_edge_rejected_total", &[], total(|worker| &worker.rejected));
}

fn upstreams(text: &mut Text, table: &Table, registry: &Registry) {
    text.head(
        "seaworthy_edge_ejections_total",
        "counter",
        "Targets taken out because they failed, by side.",
    );
    for ((upstream, release), count) in registry.ejections() {
        let labels = [("upstream", &**upstream), ("release", &**release)];
        text.line("seaworthy_edge_ejections_total", &labels, count.load(Ordering::Relaxed));
    }
    text.head("seaworthy_edge_held", "gauge", "Requests waiting for a target now.");
    for upstream in &table.upstreams {
        text.line(
            "seaworthy_edge_held",
            &[("upstream", &upstream.id)],
            u64::from(upstream.state.held()),
        );
    }
    text.head(
        "seaworthy_edge_in_flight",
        "gauge",
        "Requests at a target whose answer has not ended.",
    );
    for upstream in &table.upstreams {
        for (release, entry) in table.targets_of(upstream) {
            let labels = [
                ("upstream", &*upstream.id),
                ("release", &**release),
                ("target", &*entry.state.key.id),
            ];
            text.line("seaworthy_edge_in_flight", &labels, entry.state.in_flight());
        }
    }
    text.head(
        "seaworthy_edge_target_routable",
        "gauge",
        "1 if the target gets requests.",
    );
    for upstream in &table.upstreams {
        for (release, entry) in table.targets_of(upstream) {
            let labels = [
                ("upstream", &*upstream.id),
                ("release", &**release),
                ("target", &*entry.state.key.id),
            ];
            text.line(
                "seaworthy_edge_target_routable",
                &labels,
                u64::from(entry.state.routable() && !entry.draining),
            );
        }
    }
}

fn sum(of: &[Arc<Series>], pick: impl Fn(&Series) -> &Counter) -> u64 {
    of.iter().map(|series| pick(series).get()).sum()
}

/// Microseconds as seconds. Exact up to 2⁵³ µs, which is 285 years.
fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (index, (label, value)) in labels.iter().enumerate() {
            let value = value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.0, "{}{label}=\"{value}\"", if index == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn workers_are_summed_and_buckets_cumulate() {
        let workers = [Arc::new(WorkerMetrics::default()), Arc::new(WorkerMetrics::default())];
        let labels = [(Arc::from("shop/\"x\""), Arc::from("r1"))];
        for worker in &workers {
            let series = &worker.series(&labels, Instant::now())[0];
            series.answered(http::StatusCode::OK, Duration::from_millis(4));
            series.answered(http::StatusCode::OK, Duration::from_secs(100));
        }
        let text = render(&workers, &Table::empty(), &Registry::default());
        for line in [
            r#"seaworthy_edge_requests_total{route="shop/\"x\"",release="r1",class="2xx"} 4"#,
            r#"seaworthy_edge_request_duration_seconds_bucket{route="shop/\"x\"",release="r1",le="0.003"} 0"#,
            r#"seaworthy_edge_request_duration_seconds_bucket{route="shop/\"x\"",release="r1",le="0.005"} 2"#,
            r#"seaworthy_edge_request_duration_seconds_bucket{route="shop/\"x\"",release="r1",le="+Inf"} 4"#,
            r#"seaworthy_edge_request_duration_seconds_sum{route="shop/\"x\"",release="r1"} 200.008"#,
            "seaworthy_edge_config_version 0",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} is missing in\n{text}");
        }
    }
}
