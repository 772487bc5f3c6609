//! Addresses of all kinds.

use std::net::{IpAddr, SocketAddr};

super::texts! {
    /// A host name that requests are routed by; `*.` in front stands for any one label.
    Host is "host name" like "routes.example.com":
        "^([*][.])?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?[.])*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$",
        "write the name alone, without scheme, port or path: \"routes.example.com\"";
    /// A listening address.
    Listen is "listening address" like ":80":
        "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\])?:[0-9]{1,5}$",
        "write \":PORT\" or \"ADDRESS:PORT\", for example \":80\" or \"127.0.0.1:8080\"", and listens;
    /// A network.
    Network is "network" like "10.0.0.0/8":
        "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$", "write an address or a network, for example \"10.0.0.0/8\"", and is_network;
    /// What a service may reach outside.
    Egress is "host and port" like "maps.example.com:443":
        "^([*][.])?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:([1-9][0-9]{0,4})$",
        "write \"HOST:PORT\", for example \"maps.example.com:443\"", and ends_in_port;
    /// The address of a service that runs elsewhere. It may carry a password, which is refused and not repeated.
    External is "HTTP address" like "http://127.0.0.1:9000":
        "^https?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?$",
        "write scheme, host and port alone, for example \"http://127.0.0.1:9000\"", confidential true, and ends_in_port;
    /// An origin in the sense of CORS.
    WebOrigin is "origin" like "https://routes.example.com": "^([*]|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)$",
        "write scheme and host without a path, for example \"https://routes.example.com\"";
    /// A container image.
    Image is "image" like "registry.example.com/app:1.2": "^[A-Za-z0-9][A-Za-z0-9._/:@-]*$",
        "write for example \"registry.example.com/app:1.2\"";
    /// Another machine.
    Remote is "remote machine" like "ssh://deploy@server": "^ssh://([A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+(:[0-9]{1,5})?$",
        "write for example \"ssh://deploy@server\"", confidential true;
    /// A container registry.
    Registry is "registry" like "ghcr.io/example": "^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*$",
        "write host and path without a scheme, for example \"ghcr.io/example\"", confidential true;
    /// Where backups go.
    Repository is "backup repository" like "file:///var/backups/app": "^(file:///|s3://|gs://|azure://)[^\\s@?]+$",
        "write file:///PATH, s3://BUCKET/PATH, gs://BUCKET/PATH or azure://CONTAINER/PATH", confidential true;
}

fn listens(text: &str) -> bool {
    let any = text.strip_prefix(':').map(|port| format!("0.0.0.0:{port}"));
    any.as_deref().unwrap_or(text).parse::<SocketAddr>().is_ok()
}

fn is_network(text: &str) -> bool {
    let (address, length) = text
        .split_once('/')
        .map_or((text, None), |(address, length)| (address, Some(length)));
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= most))
}

/// Whether the port is one, where there is a port: what follows a colon after the last bracket of an IPv6 address.
fn ends_in_port(text: &str) -> bool {
    let host = text.trim_end_matches('/').rsplit(['/', ']']).next().unwrap_or(text);
    host.rsplit_once(':')
        .is_none_or(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::form::TextForm;

    #[test]
    fn ports_and_networks_are_real() {
        for good in [":80", "127.0.0.1:8080", "[::1]:443"] {
            assert!(Listen::check(good).is_ok(), "{good}");
        }
        for bad in ["80", ":65536", "300.0.0.1:80", "[:1", "localhost:80"] {
            assert!(Listen::check(bad).is_err(), "{bad}");
        }
        assert!(
            Network::check("10.0.0.0/8").is_ok()
                && Network::check("::1/128").is_ok()
                && Network::check("10.1.2.3").is_ok()
        );
        assert!(Network::check("10.0.0.0/33").is_err() && Network::check("10.0.0/8").is_err());
        assert!(External::check("http://[::1]:9000/").is_ok() && External::check("https://a.example").is_ok());
        assert!(External::check("http://a:0").is_err() && External::check("http://a:70000").is_err());
        assert!(Egress::check("*.example.com:443").is_ok() && Egress::check("a.example:65536").is_err());
    }
}
