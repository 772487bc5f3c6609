//! Listening addresses as they are written in the file.

use std::net::SocketAddr;

use seaworthy_spec::Edge;

/// The key of the HTTP address.
pub const HTTP_KEY: &str = "edge.http";

/// An address that the edge will bind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its key in the file.
    pub key: &'static str,
    /// The address, or why what was written is none.
    pub address: Result<SocketAddr, String>,
    /// What is bound instead when the first may not be: port 8080 for port 80.
    pub fallback: Option<SocketAddr>,
}

/// The addresses that the edge will bind: what the file says, else port 80.
pub fn wanted(edge: &Edge) -> Vec<Wanted> {
    let address = parse(edge.http.as_deref().unwrap_or(":80"));
    let fallback = address.as_ref().ok().filter(|address| address.port() == 80);
    vec![Wanted {
        key: HTTP_KEY,
        fallback: fallback.map(|address| SocketAddr::new(address.ip(), 8080)),
        address,
    }]
}

/// Reads `":80"` (every IPv4 address of this machine), `"127.0.0.1:8080"` or `"[::1]:8080"`.
///
/// # Errors
/// Says what is wrong with the text.
pub fn parse(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') {
        format!("0.0.0.0{text}")
    } else {
        text.to_owned()
    };
    full.parse()
        .map_err(|_| format!("`{text}` is not an address; write \":80\" or \"127.0.0.1:8080\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(parse(":80").unwrap().to_string(), "0.0.0.0:80");
        assert_eq!(parse("127.0.0.1:8080").unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(parse("[::1]:8080").unwrap().to_string(), "[::1]:8080");
        assert!(parse("80").is_err());
        assert!(parse(":70000").is_err());
        assert!(parse("localhost:80").is_err());
    }
}
