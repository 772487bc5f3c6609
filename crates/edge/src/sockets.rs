//! The listening sockets that this process holds, and which worker accepts from which.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::sockopt;

use crate::listeners;

/// Sockets by address.
#[derive(Debug, Default)]
pub(crate) struct Sockets {
    held: BTreeMap<SocketAddr, Vec<OwnedFd>>,
}

impl Sockets {
    /// The addresses there are sockets for.
    pub(crate) fn addresses(&self) -> BTreeSet<SocketAddr> {
        self.held.keys().copied().collect()
    }

    /// Takes sockets over, all or none. The same ones again are fine: a daemon that is not sure sends them again.
    pub(crate) fn add(&mut self, addresses: &[SocketAddr], sockets: Vec<OwnedFd>) -> Result<(), String> {
        if addresses.len() != sockets.len() {
            return Err(format!(
                "{} addresses came with {} sockets",
                addresses.len(),
                sockets.len()
            ));
        }
        let mut fresh: BTreeMap<SocketAddr, Vec<OwnedFd>> = BTreeMap::new();
        for (address, socket) in addresses.iter().zip(sockets) {
            listening_on(*address, &socket)?;
            fresh.entry(*address).or_default().push(socket);
        }
        for (address, sockets) in &fresh {
            if let Some(held) = self.held.get(address)
                && identities(held)? != identities(sockets)?
            {
                return Err(format!(
                    "{address} has other sockets here already; ask for them with `listeners`"
                ));
            }
        }
        for (address, sockets) in fresh {
            self.held.entry(address).or_insert(sockets);
        }
        Ok(())
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (SocketAddr, BorrowedFd<'_>)> {
        self.held
            .iter()
            .flat_map(|(address, sockets)| sockets.iter().map(|socket| (*address, socket.as_fd())))
    }

    /// Duplicates of the sockets of `address` for each of `workers` workers.
    ///
    /// No socket is left without a worker, or connections would wait there for ever; and no worker without a socket.
    pub(crate) fn shares(&self, address: SocketAddr, workers: usize) -> io::Result<Vec<(usize, OwnedFd)>> {
        let sockets = self.held.get(&address).map_or(&[][..], Vec::as_slice);
        if sockets.is_empty() {
            return Ok(Vec::new());
        }
        let pair = |n: usize| Ok((n % workers, sockets[n % sockets.len()].try_clone()?));
        (0..workers.max(sockets.len())).map(pair).collect()
    }

    /// Closes the sockets of all other addresses.
    pub(crate) fn keep(&mut self, addresses: &[SocketAddr]) {
        self.held.retain(|address, _| addresses.contains(address));
    }
}

fn listening_on(address: SocketAddr, socket: &OwnedFd) -> Result<(), String> {
    if !sockopt::socket_acceptconn(socket).unwrap_or(false) {
        return Err(format!("what came for {address} is not a listening socket"));
    }
    match listeners::address(socket) {
        Ok(bound) if bound == address => Ok(()),
        Ok(bound) => Err(format!("the socket that came for {address} listens on {bound}")),
        Err(error) => Err(format!("the socket that came for {address}: {error}")),
    }
}

/// What tells sockets apart however often they were duplicated.
fn identities(sockets: &[OwnedFd]) -> Result<BTreeSet<u64>, String> {
    let inode = |socket: &OwnedFd| {
        rustix::fs::fstat(socket)
            .map(|stat| stat.st_ino)
            .map_err(|error| error.to_string())
    };
    sockets.iter().map(inode).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn bound(count: usize) -> (SocketAddr, Vec<OwnedFd>) {
        let sockets = listeners::bind("127.0.0.1:0".parse().unwrap(), count).unwrap();
        (listeners::address(&sockets[0]).unwrap(), sockets)
    }

    #[test]
    fn every_socket_has_a_worker_and_every_worker_a_socket() {
        for (count, workers) in [(1, 4), (4, 1), (3, 2), (2, 2)] {
            let (address, sockets) = bound(count);
            let mut held = Sockets::default();
            held.add(&vec![address; count], sockets).unwrap();
            let shares = held.shares(address, workers).unwrap();
            let served: BTreeSet<u64> = shares
                .iter()
                .map(|(_, fd)| rustix::fs::fstat(fd).unwrap().st_ino)
                .collect();
            let serving: BTreeSet<usize> = shares.iter().map(|(worker, _)| *worker).collect();
            assert_eq!((served.len(), serving.len()), (count, workers));
        }
    }

    #[test]
    fn the_same_sockets_again_are_fine_and_others_are_refused() {
        let (address, sockets) = bound(2);
        let again: Vec<OwnedFd> = sockets.iter().map(|socket| socket.try_clone().unwrap()).collect();
        let mut held = Sockets::default();
        held.add(&[address, address], sockets).unwrap();
        held.add(&[address, address], again).unwrap();
        assert_eq!(held.all().count(), 2);
        let (_, others) = bound(2);
        assert!(
            held.add(&[address, address], others)
                .unwrap_err()
                .contains("listens on")
        );
        let (other, _) = bound(1);
        assert!(held.add(&[other], vec![]).is_err());
    }
}
