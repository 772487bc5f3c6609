//! Sides as people read them: `web@3f2a9c`.

/// How much of a side's digest is shown.
const SHOWN: usize = 6;

/// Shortens the digest of every `service@digest` in a line.
pub(super) fn short(line: &str) -> String {
    let mut parts = line.split('@');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
        let (digest, rest) = part.split_at(digits);
        text.push('@');
        text.push_str(digest.get(..SHOWN).unwrap_or(digest));
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn only_digests_are_shortened() {
        assert_eq!(
            short("route api@05bb2042edfe 10 %, api@08659ab8312b 90 %"),
            "route api@05bb20 10 %, api@08659a 90 %"
        );
        assert_eq!(
            short("start 2 × web@3f2a9c · a@b.example"),
            "start 2 × web@3f2a9c · a@b.example"
        );
        assert_eq!(short("build web"), "build web");
    }
}
