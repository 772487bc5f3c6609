//! Addresses of services that run elsewhere, `http://host:port`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use seaworthy_platform::{PlatformError, Routing};

use crate::failure::machine;

/// The host and port of an address as written in the file.
fn parse(address: &str) -> Result<(&str, u16), &'static str> {
    let rest = match address.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return Err("only http:// can be reached through the edge"),
        None => address,
    };
    let authority = match rest.split_once('/') {
        Some((authority, "")) => authority,
        Some(_) => return Err("a path cannot stand here; paths belong to routes"),
        None => rest,
    };
    // The colons of an IPv6 address stand inside brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().map_err(|_| "its port is not a number")?),
        _ => (authority, 80),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err("it names no host");
    }
    Ok((host, port))
}

/// Looks the addresses of all external services up. A name that does not resolve is an error: a route would lead nowhere.
pub(crate) async fn resolve(routing: &Routing) -> Result<BTreeMap<String, Vec<SocketAddr>>, PlatformError> {
    let mut all = BTreeMap::new();
    for (service, external) in &routing.external {
        let mut resolved = Vec::new();
        for address in &external.addresses {
            let refuse = |cause: &dyn std::fmt::Display| {
                machine(
                    format_args!("services.{service}.external: {address}"),
                    cause,
                    "write it as `http://host:port` with a host that this machine can reach",
                )
            };
            let (host, port) = parse(address).map_err(|cause| refuse(&cause))?;
            let found = tokio::net::lookup_host((host, port))
                .await
                .map_err(|error| refuse(&error))?;
            // One of them: a name with an IPv4 and an IPv6 address is still one server.
            let first = found.min_by_key(SocketAddr::is_ipv6);
            resolved.push(first.ok_or_else(|| refuse(&"the name has no address"))?);
        }
        all.insert(service.clone(), resolved);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        assert_eq!(parse("http://127.0.0.1:9000"), Ok(("127.0.0.1", 9000)));
        assert_eq!(parse("http://legacy.internal/"), Ok(("legacy.internal", 80)));
        assert_eq!(parse("[::1]:9000"), Ok(("::1", 9000)));
        assert_eq!(parse("http://[::1]"), Ok(("::1", 80)));
        assert!(parse("https://example.com").is_err());
        assert!(parse("http://host:port").is_err());
        assert!(parse("http://host/api").is_err());
        assert!(parse("http://:80").is_err());
    }
}
