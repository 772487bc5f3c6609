//! Host names as they stand in requests.

use std::borrow::Cow;

/// The name in the value of a Host header or an authority: without port and trailing dot, in lower case.
///
/// `None` if the value is not a host at all, in which case it must not be forwarded: two parsers could read it differently.
/// An empty value is an empty name (RFC 9112 §3.2 allows it); it matches only routes for any host.
pub(crate) fn name(value: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(value).ok()?;
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']')?;
        let inside = &text[1..end];
        if inside.is_empty() || !inside.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.') {
            return None;
        }
        (&text[..=end], &text[end + 1..])
    } else {
        let end = text.find(':').unwrap_or(text.len());
        if !text[..end].bytes().all(is_name_byte) {
            return None;
        }
        (&text[..end], &text[end..])
    };
    let port_is_sound = match port.strip_prefix(':') {
        Some(digits) => digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()),
        None => port.is_empty(),
    };
    if !port_is_sound {
        return None;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    Some(if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    })
}

/// RFC 3986's `reg-name`: unreserved, percent and sub-delims.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Option<String> {
        name(value.as_bytes()).map(Cow::into_owned)
    }

    #[test]
    fn port_case_and_trailing_dot_do_not_matter() {
        assert_eq!(read("Example.COM:8080").as_deref(), Some("example.com"));
        assert_eq!(read("example.com.").as_deref(), Some("example.com"));
        assert_eq!(read("[::1]:80").as_deref(), Some("[::1]"));
        assert_eq!(read("").as_deref(), Some(""));
    }

    #[test]
    fn what_is_not_a_host_is_refused() {
        for bad in [
            "a b",
            "a/b",
            "user@host",
            "a:b",
            "a:80:90",
            "[::1",
            "[::1]x",
            "[]",
            "a\tb",
            "ä",
            "a:123456",
            "a?b",
            "a#b",
        ] {
            assert_eq!(read(bad), None, "{bad:?} was taken for a host");
        }
    }
}
