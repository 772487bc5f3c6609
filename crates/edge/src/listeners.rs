//! Listening sockets: bound by the daemon, held by daemon and edge both.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use thiserror::Error;

use crate::holder;

/// Connections that the kernel keeps for us until they are accepted, per socket. The kernel caps it by
/// `net.core.somaxconn`, 4096 since Linux 5.4.
const BACKLOG: i32 = 4096;

/// How long unacknowledged data may wait for a client that is gone or does not read, before the connection is dropped.
const UNREAD: Duration = Duration::from_secs(75);

/// Why an address cannot be listened on.
#[derive(Debug, Error)]
pub enum BindError {
    /// Something else listens there.
    #[error("{address} is taken by {holder}")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// Who it is, as far as this user may see.
        holder: String,
    },
    /// A port below 1024 without the right to it.
    #[error("{address}: this user may not listen on ports below {first}")]
    Privileged {
        /// The address.
        address: SocketAddr,
        /// The first port that everybody may listen on.
        first: u16,
    },
    /// The address is not one of this machine's, or the socket could not be made.
    #[error("{address}: {source}")]
    Other {
        /// The address.
        address: SocketAddr,
        /// Why it failed.
        source: io::Error,
    },
}

impl BindError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "stop that process, or choose another address under [edge]",
            Self::Privileged { .. } => {
                "choose a higher port under [edge], or run the daemon as root or with CAP_NET_BIND_SERVICE"
            }
            Self::Other { .. } => "choose an address that this machine has (`ip address`)",
        }
    }
}

/// Binds `workers` sockets to `address` that share its connections (`SO_REUSEPORT`), one for each worker of the edge.
///
/// With port 0 all get the same free port; [`address`] tells which. An IPv6 socket takes no IPv4 connections.
/// What a socket is set to here (no delay, keep-alive) its accepted connections inherit.
pub fn bind(address: SocketAddr, workers: usize) -> Result<Vec<OwnedFd>, BindError> {
    let fail = |error: Errno| refusal(address, error);
    // With SO_REUSEPORT alone the kernel would let us share the port with any other process of this user that set it
    // too, say the edge of another state directory. One socket without it finds that out.
    let trial = socket(address).map_err(fail)?;
    rustix::net::bind(&trial, &address).map_err(fail)?;
    drop(trial);
    let mut sockets: Vec<OwnedFd> = Vec::with_capacity(workers);
    for _ in 0..workers {
        let address = match sockets.first() {
            Some(first) => self::address(first).map_err(|source| BindError::Other { address, source })?,
            None => address,
        };
        let socket = socket(address).map_err(fail)?;
        sockopt::set_socket_reuseport(&socket, true).map_err(fail)?;
        rustix::net::bind(&socket, &address).map_err(fail)?;
        sockets.push(socket);
    }
    for socket in &sockets {
        rustix::net::listen(socket, BACKLOG).map_err(fail)?;
    }
    Ok(sockets)
}

/// The address that a socket is bound to.
pub fn address(socket: impl AsFd) -> io::Result<SocketAddr> {
    let any = rustix::net::getsockname(socket)?;
    SocketAddr::try_from(any).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "the socket is not an IP socket"))
}

fn socket(address: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if address.is_ipv6() {
        AddressFamily::INET6
    } else {
        AddressFamily::INET
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, Some(rustix::net::ipproto::TCP))?;
    // Connections of a previous edge in TIME_WAIT are no reason not to listen.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        // What `[::]:80` means does not depend on a setting of the machine, and `0.0.0.0:80` can stand beside it.
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    sockopt::set_tcp_nodelay(&socket, true)?;
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, UNREAD)?;
    sockopt::set_tcp_user_timeout(&socket, u32::try_from(UNREAD.as_millis()).unwrap_or(u32::MAX))?;
    Ok(socket)
}

fn refusal(address: SocketAddr, error: Errno) -> BindError {
    match error {
        Errno::ADDRINUSE => BindError::Taken {
            address,
            holder: holder::of(address),
        },
        Errno::ACCESS => BindError::Privileged {
            address,
            first: holder::first_free_port(),
        },
        error => BindError::Other {
            address,
            source: error.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn sockets_of_one_address_share_its_port_and_its_connections() {
        let sockets = bind("127.0.0.1:0".parse().unwrap(), 3).unwrap();
        let addresses: Vec<_> = sockets.iter().map(|socket| address(socket).unwrap()).collect();
        assert!(addresses.iter().all(|address| *address == addresses[0]) && addresses[0].port() != 0);
        TcpStream::connect(addresses[0]).unwrap();
    }

    #[test]
    fn the_holder_of_a_taken_port_is_named_even_if_it_would_share() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = bind(taken.local_addr().unwrap(), 1).unwrap_err();
        assert!(
            error.to_string().contains(&format!("process {}", std::process::id())),
            "{error}"
        );

        let shared = bind("127.0.0.1:0".parse().unwrap(), 1).unwrap();
        let error = bind(address(&shared[0]).unwrap(), 1).unwrap_err();
        assert!(matches!(error, BindError::Taken { .. }), "{error}");
    }
}
