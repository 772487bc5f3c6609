//! The query of a URL.

/// `?name=value&…` of the values that are there, encoded; empty without any.
pub(crate) fn query(pairs: &[(&str, Option<String>)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            encode(value, &mut text);
        }
    }
    text
}

/// Everything but the unreserved characters of RFC 3986, section 2.3, is percent-encoded.
fn encode(value: &str, text: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_asked_for_and_nothing_leaks_out_of_its_value() {
        let pairs = [
            ("service", None),
            ("grep", Some("a&b=c d+é".to_owned())),
            ("last", Some("5".to_owned())),
        ];
        assert_eq!(query(&pairs), "?grep=a%26b%3Dc%20d%2B%C3%A9&last=5");
        assert_eq!(query(&[("service", None)]), "");
    }
}
