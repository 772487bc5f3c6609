//! The listing of a tree: one line per file or link, the preimage of its digest.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// One line of a listing.
///
/// `f DIGEST PATH` is a file, `x DIGEST PATH` an executable one, `l TARGET PATH` a link. In paths and targets every byte
/// that is a space, a `%` or no visible ASCII is written `%XX`, so that a line has three words whatever the names are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line(String);

impl Line {
    pub(crate) fn file(path: &Path, executable: bool, digest: &str) -> Self {
        let kind = if executable { 'x' } else { 'f' };
        Self(format!("{kind} {digest} {}", escaped(path)))
    }

    pub(crate) fn link(path: &Path, target: &Path) -> Self {
        Self(format!("l {} {}", escaped(target), escaped(path)))
    }

    /// A line that was read from a stored listing.
    pub(crate) fn stored(line: &str) -> Self {
        Self(line.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path, as it is escaped.
    pub(crate) fn path(&self) -> &str {
        self.0.rsplit_once(' ').map_or("", |(_, path)| path)
    }
}

fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_graphic() && *byte != b'%' {
            text.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
