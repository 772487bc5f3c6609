//! Headers on their way through: those meant for one hop are taken off, those that tell the target of the client are set.

use std::cell::RefCell;
use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// By which a tester chooses a side.
const X_SEAWORTHY_SIDE: HeaderName = HeaderName::from_static("x-seaworthy-side");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Headers that mean something to the next hop only, whether Connection lists them or not.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    UPGRADE,
];

/// What a target is told of one client. The values are made once per connection and shared by its requests.
#[derive(Debug)]
pub(crate) struct Forwarding {
    address: HeaderValue,
    /// The client in the syntax of RFC 7239 §6.
    node: String,
    /// The last Host seen with the `Forwarded` made for it: on one connection it seldom changes.
    made: RefCell<Option<(HeaderValue, HeaderValue)>>,
}

impl Forwarding {
    /// For the client at `address`.
    pub(crate) fn new(address: IpAddr) -> Self {
        // An IPv4 client of a dual-stack socket is shown as the IPv4 client it is.
        let address = address.to_canonical();
        let node = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        };
        // An address in text form consists of visible ASCII; the fallback is never taken.
        let address =
            HeaderValue::from_str(&address.to_string()).unwrap_or_else(|_| HeaderValue::from_static("unknown"));
        Self {
            address,
            node,
            made: RefCell::new(None),
        }
    }

    /// Sets the headers. Whatever the client claimed itself is replaced, since nobody in front of us is trusted.
    fn set(&self, headers: &mut HeaderMap) {
        let host = headers.get(HOST).cloned();
        headers.insert(X_FORWARDED_FOR, self.address.clone());
        headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static("http"));
        headers.insert(FORWARDED, self.forwarded(host.as_ref()));
        match host {
            Some(host) => headers.insert(X_FORWARDED_HOST, host),
            None => headers.remove(X_FORWARDED_HOST),
        };
    }

    fn forwarded(&self, host: Option<&HeaderValue>) -> HeaderValue {
        let none = HeaderValue::from_static("");
        let host = host.unwrap_or(&none);
        let mut made = self.made.borrow_mut();
        match &*made {
            Some((of, value)) if of == host => value.clone(),
            _ => {
                let mut text = format!("for={}", self.node);
                // A host consists of characters that need no escape within quotes.
                if let Ok(host) = host.to_str()
                    && !host.is_empty()
                {
                    text.push_str(";host=\"");
                    text.push_str(host);
                    text.push('"');
                }
                text.push_str(";proto=http");
                let value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("for=unknown"));
                *made = Some((host.clone(), value.clone()));
                value
            }
        }
    }
}

/// A look at a name that is cheaper than eight look-ups in the map.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(name.as_str().as_bytes().first(), Some(b'c' | b'k' | b'p' | b't' | b'u')) && HOP_BY_HOP.contains(name)
}

fn remove_hop_by_hop(headers: &mut HeaderMap, listed: &[HeaderName]) {
    for name in HOP_BY_HOP.iter().chain(listed) {
        headers.remove(name);
    }
}

/// Headers about the client that only a proxy may set, also in the spelling with underscores, which CGI and WSGI
/// cannot tell from the one with hyphens.
fn is_claim(name: &str) -> bool {
    let bytes = name.as_bytes();
    if !matches!(bytes.first(), Some(b'x' | b'f' | b'c' | b't')) {
        return false;
    }
    let is = |known: &str| {
        bytes.len() == known.len()
            && bytes
                .iter()
                .zip(known.bytes())
                .all(|(have, want)| *have == want || (*have == b'_' && want == b'-'))
    };
    is("x-forwarded-port")
        || is("x-forwarded-prefix")
        || is("x-forwarded-server")
        || is("x-forwarded-ssl")
        || is("x-real-ip")
        // Meant for this edge.
        || is("x-seaworthy-side")
        // These four are set by us; only their look-alikes are taken off.
        || (bytes.contains(&b'_')
            && (is("x-forwarded-for")
                || is("x-forwarded-proto")
                || is("x-forwarded-host")
                || is("content-length")
                || is("transfer-encoding")))
}

/// Headers that Connection cannot take off: without them the message would be another one.
fn is_essential(name: &HeaderName) -> bool {
    matches!(name.as_str(), "host" | "content-length" | "transfer-encoding")
}

/// What a Connection header asks for.
#[derive(Debug, Default)]
struct Options {
    upgrade: bool,
    /// Further headers to take off.
    listed: Vec<HeaderName>,
}

fn options(headers: &HeaderMap) -> Options {
    let mut options = Options::default();
    for token in headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
    {
        let token = token.trim_ascii();
        if token.eq_ignore_ascii_case(b"upgrade") {
            options.upgrade = true;
        } else if !token.eq_ignore_ascii_case(b"close")
            && !token.eq_ignore_ascii_case(b"keep-alive")
            && let Ok(name) = HeaderName::from_bytes(token)
            && !is_essential(&name)
        {
            options.listed.push(name);
        }
    }
    options
}

/// What a request asks of this edge rather than of a target.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// To switch to another protocol. `h2c` is not passed on: its requests would bypass this edge.
    pub(crate) upgrade: bool,
    /// To be answered by this side.
    pub(crate) side: Option<HeaderValue>,
}

/// Readies the headers of a request for a target. `may_upgrade`: the client speaks HTTP/1.1.
pub(crate) fn to_target(headers: &mut HeaderMap, forwarding: &Forwarding, may_upgrade: bool) -> Asked {
    let (mut hop, mut claims) = (false, false);
    for name in headers.keys() {
        hop |= is_hop_by_hop(name);
        claims |= is_claim(name.as_str());
    }
    let mut upgrade = None;
    if hop {
        let options = options(headers);
        if options.upgrade && may_upgrade {
            let protocol = headers.get(UPGRADE).filter(|value| !names_h2c(value));
            upgrade = protocol.cloned();
        }
        remove_hop_by_hop(headers, &options.listed);
    }
    let mut side = None;
    if claims {
        side = headers.get(X_SEAWORTHY_SIDE).cloned();
        let names: Vec<HeaderName> = headers.keys().filter(|name| is_claim(name.as_str())).cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }
    // We have taken over the expectation: hyper answers 100 as soon as the target's connection takes the body.
    headers.remove(EXPECT);
    forwarding.set(headers);
    let asked = Asked {
        upgrade: upgrade.is_some(),
        side,
    };
    if let Some(protocol) = upgrade {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    asked
}

fn names_h2c(value: &HeaderValue) -> bool {
    value
        .as_bytes()
        .split(|byte| *byte == b',')
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"h2c"))
}

/// Readies the headers of an answer for the client. Answers after how many seconds of idleness the target will close
/// its connection, if it said so.
pub(crate) fn to_client(headers: &mut HeaderMap, status: StatusCode) -> Option<u32> {
    let (mut hop, mut encoded) = (false, false);
    for name in headers.keys() {
        hop |= is_hop_by_hop(name);
        encoded |= name == TRANSFER_ENCODING;
    }
    if encoded {
        // hyper has read the body by it and writes its own; a length beside it is not to be believed.
        headers.remove(TRANSFER_ENCODING);
        headers.remove(CONTENT_LENGTH);
    }
    if !hop {
        return None;
    }
    let patience = headers.get(KEEP_ALIVE).and_then(timeout);
    let options = options(headers);
    // Of the answers, 101 says to what it switches and 426 to what it would.
    let kept = matches!(status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::UPGRADE_REQUIRED);
    let protocol = headers.get(UPGRADE).filter(|_| kept).cloned();
    remove_hop_by_hop(headers, &options.listed);
    if let Some(protocol) = protocol {
        headers.insert(UPGRADE, protocol);
        if status == StatusCode::SWITCHING_PROTOCOLS {
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
    }
    patience
}

/// The seconds in `Keep-Alive: timeout=5, max=100`.
fn timeout(value: &HeaderValue) -> Option<u32> {
    let text = value.to_str().ok()?;
    text.split(',')
        .find_map(|part| part.trim().strip_prefix("timeout=")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn map(headers: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    fn forwarding() -> Forwarding {
        Forwarding::new("192.0.2.7".parse().unwrap())
    }

    #[test]
    fn a_target_learns_of_the_client_and_nothing_the_client_made_up() {
        let mut headers = map(&[
            ("host", "a.example:8080"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("X_Forwarded_For", "3.3.3.3"),
            ("x-real-ip", "4.4.4.4"),
            ("forwarded", "for=5.5.5.5"),
            ("x-forwarded-proto", "https"),
            ("x_custom", "kept"),
        ]);
        assert!(!to_target(&mut headers, &forwarding(), true).upgrade);
        let all: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        assert_eq!(all, ["192.0.2.7"]);
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-host"], "a.example:8080");
        assert_eq!(headers["forwarded"], "for=192.0.2.7;host=\"a.example:8080\";proto=http");
        assert_eq!(headers["x_custom"], "kept");
        assert!(!headers.contains_key("x_forwarded_for") && !headers.contains_key("x-real-ip"));
    }

    #[test]
    fn what_concerns_one_hop_stays_there() {
        let mut headers = map(&[
            ("host", "a"),
            ("connection", "close, X-Secret-Hop"),
            ("connection", "Host"),
            ("x-secret-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("proxy-authorization", "x"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("accept", "*/*"),
        ]);
        assert!(
            !to_target(&mut headers, &forwarding(), true).upgrade,
            "upgrade without Connection: upgrade is none"
        );
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "accept",
                "forwarded",
                "host",
                "x-forwarded-for",
                "x-forwarded-host",
                "x-forwarded-proto"
            ]
        );
    }

    #[test]
    fn upgrades_are_passed_on_except_to_h2c() {
        let ask = |protocol, version_11| {
            let mut headers = map(&[
                ("host", "a"),
                ("connection", "keep-alive, Upgrade"),
                ("upgrade", protocol),
            ]);
            (
                to_target(&mut headers, &forwarding(), version_11).upgrade,
                headers.contains_key("upgrade"),
            )
        };
        assert_eq!(ask("websocket", true), (true, true));
        assert_eq!(ask("websocket", false), (false, false));
        assert_eq!(ask("h2c", true), (false, false));
        assert_eq!(ask("websocket, h2c", true), (false, false));
    }

    #[test]
    fn the_side_a_tester_asks_for_is_told_to_nobody_else() {
        let mut headers = map(&[("host", "a"), ("x-seaworthy-side", "new"), ("x_seaworthy_side", "new")]);
        let asked = to_target(&mut headers, &forwarding(), true);
        assert_eq!(asked.side.unwrap(), "new");
        assert!(headers.keys().all(|name| !name.as_str().contains("seaworthy")));
    }

    #[test]
    fn an_answer_loses_its_hop_headers_and_a_length_that_is_not_to_be_believed() {
        let mut headers = map(&[
            ("connection", "keep-alive, x-inner"),
            ("keep-alive", "timeout=5, max=10"),
            ("transfer-encoding", "chunked"),
            ("content-length", "3"),
            ("x-inner", "1"),
            ("etag", "e"),
        ]);
        assert_eq!(to_client(&mut headers, StatusCode::OK), Some(5));
        let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["etag"]);
    }

    #[test]
    fn ipv6_clients_are_quoted_and_mapped_ones_are_ipv4() {
        let of = |address: &str| Forwarding::new(address.parse().unwrap()).forwarded(None);
        assert_eq!(of("2001:db8::1"), "for=\"[2001:db8::1]\";proto=http");
        assert_eq!(of("::ffff:192.0.2.1"), "for=192.0.2.1;proto=http");
    }
}
