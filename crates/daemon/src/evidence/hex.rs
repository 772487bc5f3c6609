//! Lower-case hexadecimal, and nothing else: every text has one meaning and every meaning one text.

/// Bytes as text.
pub(super) fn text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text as exactly so many bytes; none when it is anything else.
pub(super) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * number..2 * number + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_text_for_each_value() {
        assert_eq!(text(&[0, 171, 255]), "00abff");
        assert_eq!(bytes("00abff"), Some([0, 171, 255]));
        for wrong in ["00ABff", "00abf", "00abff00", "00abfg", "+0abff", ""] {
            assert_eq!(bytes::<3>(wrong), None, "{wrong}");
        }
    }
}
