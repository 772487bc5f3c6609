//! Whether both sides of a release fit the machine.

use seaworthy_spec::{Engine, Service, Spec, Strategy};

use crate::catalogue::{FIT_CPU, FIT_MEMORY, FIT_MEMORY_LIMIT, FIT_PORTS, FIT_UNSTATED};
use crate::facts::{Fact, Facts, Machine};
use crate::finding::Report;
use crate::machine::unknown;

/// What all instances need together at the worst moment of a release.
#[derive(Debug, Default, PartialEq, Eq)]
struct Peak {
    instances: u64,
    memory_requested: u64,
    memory_limit: u64,
    cpu_requested: u64,
    unstated: Vec<String>,
}

pub(crate) fn check(spec: &Spec, facts: &Facts, report: &mut Report<'_>) {
    let peak = peak(spec);
    if !peak.unstated.is_empty() {
        report.add(
            &FIT_UNSTATED,
            "machine.memory",
            format!(
                "these services do not say what memory they need: {}",
                peak.unstated.join(", ")
            ),
            "set `memory = \"256MiB\"`, or a range of request and limit, to have it checked.",
        );
    }
    match &facts.machine {
        Fact::Unknown(why) => unknown("machine.memory", "what memory and processors there are", why, report),
        Fact::Known(machine) => check_machine(&peak, machine, report),
    }
    match &facts.ports {
        Fact::Unknown(why) => unknown("machine.ports", "which ports instances get", why, report),
        Fact::Known(ports) => {
            let room = u64::from(ports.high.saturating_sub(ports.low)) + 1;
            if peak.instances > room {
                report.add(
                    &FIT_PORTS,
                    "machine.ports",
                    format!(
                        "{} instances run during a release, and there are {room} ports for them",
                        peak.instances
                    ),
                    "run fewer replicas, or take a second machine for some of the services.",
                );
            }
        }
    }
}

fn check_machine(peak: &Peak, machine: &Machine, report: &mut Report<'_>) {
    let sides = format!("during a release the {} instances of both sides", peak.instances);
    let has = bytes(machine.memory_bytes);
    let remedy = "lower `memory`, `replicas` or `release.max_surge`, or take a larger machine.";
    if peak.memory_requested > machine.memory_bytes {
        let reason = format!(
            "{sides} ask for {}, and the machine has {has}",
            bytes(peak.memory_requested)
        );
        report.add(&FIT_MEMORY, "machine.memory", reason, remedy);
    } else if peak.memory_limit > machine.memory_bytes {
        let reason = format!(
            "{sides} may use up to {}, and the machine has {has}",
            bytes(peak.memory_limit)
        );
        report.add(&FIT_MEMORY_LIMIT, "machine.memory", reason, remedy);
    }
    if peak.cpu_requested > machine.cpu_millis {
        let reason = format!(
            "{sides} ask for {} cores, and the machine has {}",
            cores(peak.cpu_requested),
            cores(machine.cpu_millis)
        );
        let remedy = "lower `cpu`, `replicas` or `release.max_surge`, or take a larger machine.";
        report.add(&FIT_CPU, "machine.cpu", reason, remedy);
    }
}

fn peak(spec: &Spec) -> Peak {
    let mut peak = Peak::default();
    for (name, service) in &spec.services {
        if !service.external.is_empty() {
            continue;
        }
        let instances = instances(service, spec);
        peak.instances += instances;
        match service.memory {
            Some(memory) => {
                peak.memory_requested += instances.saturating_mul(memory.low.bytes);
                peak.memory_limit += instances.saturating_mul(memory.high.bytes);
            }
            None => peak.unstated.push(name.clone()),
        }
        if let Some(cpu) = service.cpu {
            peak.cpu_requested += instances.saturating_mul(cpu.low.millis);
        }
    }
    for database in spec
        .databases
        .values()
        .filter(|database| database.engine != Engine::External)
    {
        let memory = database.memory.map_or(0, |memory| memory.bytes);
        peak.memory_requested += memory;
        peak.memory_limit += memory;
    }
    peak
}

/// The most instances of a service that run at once: both sides, as far as the strategy lets them overlap.
fn instances(service: &Service, spec: &Spec) -> u64 {
    let replicas = u64::from(service.replicas.high);
    if service.schedule.is_some() {
        return 1;
    }
    if !service.overlap {
        return replicas;
    }
    match spec.release.strategy {
        Strategy::Rolling => replicas + u64::from(spec.release.max_surge),
        Strategy::BlueGreen | Strategy::Canary => 2 * replicas,
    }
}

/// Bytes as a person reads them, in binary units.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(amount < 10.0 && amount.fract() >= 0.05);
    format!("{amount:.digits$} {}", UNITS[unit])
}

fn cores(millis: u64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_well() {
        assert_eq!(bytes(512), "512 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(2 << 30), "2 GiB");
        assert_eq!(bytes(512 << 20), "512 MiB");
        assert_eq!(cores(250), "0.25");
        assert_eq!(cores(10_000), "10");
    }
}
