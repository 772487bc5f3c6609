//! Whether a process that does not answer on `$PORT` ever will. Pure: sightings and time are passed in.

use std::net::{IpAddr, SocketAddr};

use crate::proc::Family;

/// A process that listens on its port where nobody can reach it has made up its mind.
const WRONG_ADDRESS: u64 = 1000;

/// Some programs open another port first (metrics, a debugger) and this one when they are warm.
/// So long elsewhere, and idle meanwhile, and it is not warming up.
const WRONG_PORT: u64 = 3000;

/// Processor time between two sightings that still counts as idle, clock ticks (a hundredth of a second each).
const IDLE_TICKS: u64 = 2;

/// Where a process listens instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// On `$PORT`, but not on loopback over IPv4.
    Address(SocketAddr),
    /// On other ports.
    Port(Vec<SocketAddr>),
}

/// Sums sightings up.
#[derive(Debug, Default)]
pub(crate) struct Suspicion {
    since: Option<(Elsewhere, u64)>,
    ticks: u64,
}

impl Suspicion {
    /// Takes a sighting; answers once it is certain that waiting longer is useless.
    pub(crate) fn sees(&mut self, now: u64, port: u16, family: &Family) -> Option<Elsewhere> {
        let used = family
            .ticks
            .saturating_sub(std::mem::replace(&mut self.ticks, family.ticks));
        let Some(found) = elsewhere(port, family) else {
            self.since = None;
            return None;
        };
        let since = match &self.since {
            Some((before, since)) if *before == found => *since,
            _ => now,
        };
        self.since = Some((found.clone(), since));
        let certain = match found {
            Elsewhere::Address(_) => now >= since + WRONG_ADDRESS,
            Elsewhere::Port(_) => now >= since + WRONG_PORT && used <= IDLE_TICKS,
        };
        certain.then_some(found)
    }
}

/// Where a family listens, when that is not where it should.
pub(crate) fn elsewhere(port: u16, family: &Family) -> Option<Elsewhere> {
    let on_port = || family.listening.iter().filter(|address| address.port() == port);
    if on_port().any(|address| is_reached_by_loopback(address.ip())) {
        return None;
    }
    if let Some(address) = on_port().next() {
        return Some(Elsewhere::Address(*address));
    }
    let others: Vec<_> = family.listening.iter().copied().collect();
    (!others.is_empty()).then_some(Elsewhere::Port(others))
}

/// Whether this family listens where the probes go. What cannot be seen is believed.
pub(crate) fn holds(port: u16, family: &Family) -> bool {
    let own = |address: &SocketAddr| address.port() == port && is_reached_by_loopback(address.ip());
    !family.complete || family.listening.iter().any(own)
}

/// Whether 127.0.0.1 reaches a socket bound to this address.
fn is_reached_by_loopback(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_unspecified() || v4 == std::net::Ipv4Addr::LOCALHOST,
        IpAddr::V6(v6) => v6.is_unspecified(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn family(listening: &[&str], ticks: u64) -> Family {
        let listening = listening.iter().map(|address| address.parse().unwrap()).collect();
        Family {
            listening,
            ticks,
            complete: true,
        }
    }

    #[test]
    fn another_port_is_concluded_after_three_idle_seconds() {
        let mut suspicion = Suspicion::default();
        let seen = family(&["127.0.0.1:3000"], 50);
        assert_eq!(suspicion.sees(1000, 20000, &seen), None);
        assert_eq!(suspicion.sees(3999, 20000, &seen), None);
        let found = suspicion.sees(4000, 20000, &seen).unwrap();
        assert_eq!(found, Elsewhere::Port(vec!["127.0.0.1:3000".parse().unwrap()]));
    }

    #[test]
    fn a_process_that_works_is_given_time() {
        let mut suspicion = Suspicion::default();
        for second in 0..20 {
            let busy = family(&["127.0.0.1:9229"], second * 100);
            assert_eq!(suspicion.sees(second * 1000, 20000, &busy), None);
        }
        let idle = family(&["127.0.0.1:9229"], 1901);
        assert!(suspicion.sees(20_000, 20000, &idle).is_some());
    }

    #[test]
    fn its_own_port_on_an_unreachable_address_is_concluded_sooner() {
        for address in ["192.168.1.5:20000", "[::1]:20000"] {
            let mut suspicion = Suspicion::default();
            let seen = family(&[address, "127.0.0.1:3000"], 0);
            assert_eq!(suspicion.sees(0, 20000, &seen), None);
            assert_eq!(
                suspicion.sees(1000, 20000, &seen),
                Some(Elsewhere::Address(address.parse().unwrap()))
            );
        }
    }

    #[test]
    fn any_address_that_loopback_reaches_is_right() {
        for address in [
            "127.0.0.1:20000",
            "0.0.0.0:20000",
            "[::]:20000",
            "[::ffff:127.0.0.1]:20000",
        ] {
            assert_eq!(elsewhere(20000, &family(&[address, "127.0.0.1:9000"], 0)), None);
        }
    }
}
