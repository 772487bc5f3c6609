//! Listening addresses as they are written in the file.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The addresses to try for `written`, the first that can be bound wins. Without a word in the file, or with `":80"`, a
/// process without the right to bind port 80 falls back to `:8080`.
pub(crate) fn candidates(written: Option<&str>) -> Vec<SocketAddr> {
    let text = written.unwrap_or(":80");
    let any = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
    let parsed = match text.strip_prefix(':') {
        Some(port) => port.parse().ok().map(any),
        None => text.parse().ok(),
    };
    match parsed {
        Some(address) if address.port() == 80 => vec![address, SocketAddr::new(address.ip(), 8080)],
        Some(address) => vec![address],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn port_80_falls_back_and_others_do_not() {
        let shown = |written| candidates(written).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(None), ["0.0.0.0:80", "0.0.0.0:8080"]);
        assert_eq!(shown(Some("127.0.0.1:80")), ["127.0.0.1:80", "127.0.0.1:8080"]);
        assert_eq!(shown(Some(":9000")), ["0.0.0.0:9000"]);
        assert!(shown(Some("nonsense")).is_empty());
    }
}
