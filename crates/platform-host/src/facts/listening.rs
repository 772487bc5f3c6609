//! Whether the edge's addresses can be bound, and who has them.

mod holder;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with, sockopt};
use seaworthy_checks::Fact;
use seaworthy_checks::facts::{ListenState, Listening};
use seaworthy_checks::listen::wanted;
use seaworthy_spec::Edge;

/// The addresses of the file that can be understood, by key; the others are the checks' own finding.
pub(super) fn of_edge(edge: &Edge, state: &Path) -> BTreeMap<String, Fact<Listening>> {
    wanted(edge)
        .into_iter()
        .filter_map(|wanted| {
            let address = wanted.address.ok()?;
            let mut first = listening(address, state);
            if first.state == ListenState::NotPermitted {
                first.fallback = wanted.fallback.map(|second| Box::new(listening(second, state)));
            }
            Some((wanted.key.to_owned(), Fact::Known(first)))
        })
        .collect()
}

fn listening(address: SocketAddr, own_state: &Path) -> Listening {
    let state = match try_to_bind(address) {
        Ok(()) => ListenState::Free,
        Err(Errno::ADDRINUSE) => match holder::of(address, own_state) {
            holder::Found::Ours => ListenState::Ours,
            holder::Found::Another(holder) => ListenState::Taken { holder },
        },
        Err(Errno::ACCESS | Errno::PERM) => ListenState::NotPermitted,
        Err(Errno::ADDRNOTAVAIL) => ListenState::NotHere,
        Err(error) => ListenState::Failed(std::io::Error::from(error).to_string()),
    };
    Listening {
        address: address.to_string(),
        state,
        fallback: None,
    }
}

/// Binds without listening, so that nobody who connects meanwhile is accepted and cut off. Connections of a server that has
/// just ended do not count (`SO_REUSEADDR`), a server that listens does.
fn try_to_bind(address: SocketAddr) -> rustix::io::Result<()> {
    let family = if address.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)
}
