//! Loopback ports for instances.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use seaworthy_platform::PlatformError;

use crate::failure::machine;

/// Below Linux' default range of ephemeral ports (32768–60999), so that no outgoing connection takes one.
pub(crate) const RANGE: RangeInclusive<u16> = 20000..=29999;

/// Which ports of the range are given away. Rebuilt from the records of the instances when a daemon starts.
#[derive(Debug)]
pub(crate) struct Ports {
    range: RangeInclusive<u16>,
    given: Mutex<Given>,
}

#[derive(Debug)]
struct Given {
    taken: BTreeSet<u16>,
    /// Where the next search begins: a port that was just given back is not given away again at once,
    /// because somebody may still be connecting to it.
    next: u16,
}

impl Ports {
    /// Begins anywhere in the range: daemons of several state directories on one machine then rarely try the same port
    /// at the same moment, which neither could see.
    pub(crate) fn new(range: RangeInclusive<u16>) -> Self {
        let size = u64::from(range.end() - range.start()) + 1;
        let anywhere = RandomState::new().build_hasher().finish() % size;
        let next = range.start() + u16::try_from(anywhere).unwrap_or(0);
        let taken = BTreeSet::new();
        Self {
            range,
            given: Mutex::new(Given { taken, next }),
        }
    }

    /// A port nobody listens on.
    pub(crate) fn take(&self) -> Result<u16, PlatformError> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in self.range.clone() {
            let port = given.next;
            given.next = if port == *self.range.end() {
                *self.range.start()
            } else {
                port + 1
            };
            if !given.taken.contains(&port) && is_free(port) {
                given.taken.insert(port);
                return Ok(port);
            }
        }
        Err(machine(
            "ports",
            format_args!("none of the ports {}–{} is free", self.range.start(), self.range.end()),
            "stop what listens there, or remove sides that are not needed any more",
        ))
    }

    /// Marks the port of an instance that was there before.
    pub(crate) fn keep(&self, port: u16) {
        self.given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .taken
            .insert(port);
    }

    /// Gives a port back.
    pub(crate) fn give_back(&self, port: u16) {
        self.given
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .taken
            .remove(&port);
    }
}

/// Binding to loopback fails as well when somebody listens on every address.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_port_somebody_listens_on_is_not_given_away() {
        let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let ports = Ports::new(port..=port);
        let error = ports.take().unwrap_err();
        assert!(error.to_string().contains("is free"), "{error}");
        drop(taken);
        assert_eq!(ports.take().unwrap(), port);
    }

    #[test]
    fn a_port_is_given_once_until_it_is_given_back() {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let ports = Ports::new(port..=port);
        assert_eq!(ports.take().unwrap(), port);
        assert!(ports.take().is_err());
        ports.give_back(port);
        ports.keep(port);
        assert!(ports.take().is_err());
    }
}
