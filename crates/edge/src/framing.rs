//! Where messages begin and end on a client's connection, read more strictly than hyper reads them.
//!
//! Request smuggling lives from two parsers that find different boundaries in one stream of bytes. hyper follows RFC 9112
//! but is lenient where the RFC lets it be: it takes a bare LF for a line end, and of Content-Length beside
//! Transfer-Encoding it silently drops the former. This scanner runs before hyper and stops at everything that
//! could be read in two ways, so whatever reaches hyper has one reading only.
//! It looks at line ends and at the two framing headers; what a target, a name or a value may consist of, hyper checks itself.
//! Bodies of known length are skipped without being looked at.

/// Longest line of a head or a chunk header, bytes. hyper's own bound (64 KiB per head) is met first in a head.
const MAX_LINE: usize = 128 * 1024;

/// Longest line that announces a chunk, with its extensions.
const MAX_CHUNK_LINE: usize = 4096;

/// Why the stream is not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Violation {
    /// How many bytes of the scanned slice precede the line at fault.
    pub(crate) at: usize,
    /// Whether it is in a head, so that a 400 can still be the answer, or in a body.
    pub(crate) in_head: bool,
    /// What is wrong.
    pub(crate) what: &'static str,
}

/// Where in a message the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a request line; how many empty lines came first.
    Between(u8),
    Head,
    /// In a body with this many bytes to come.
    Length(u64),
    ChunkLine,
    /// In a chunk with this many bytes to come, its final CRLF not counted.
    Chunk(u64),
    ChunkEnd,
    Trailers,
}

/// What the head read so far says about its body.
#[derive(Debug, Default, Clone, Copy)]
struct Framed {
    length: Option<u64>,
    chunked: bool,
}

/// Follows the bytes of one connection.
#[derive(Debug)]
pub(crate) struct Framing {
    place: Place,
    framed: Framed,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
}

impl Framing {
    /// At the beginning of a connection.
    pub(crate) fn new() -> Self {
        Self {
            place: Place::Between(0),
            framed: Framed::default(),
            partial: Vec::new(),
        }
    }

    /// Whether a head has begun and not ended.
    pub(crate) fn in_head(&self) -> bool {
        self.place == Place::Head || (matches!(self.place, Place::Between(_)) && !self.partial.is_empty())
    }

    /// Takes up the next bytes of the stream.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            match self.place {
                Place::Length(left) => {
                    let skipped = skip(left, rest);
                    at += skipped;
                    let left = left - skipped as u64;
                    self.place = if left == 0 {
                        Place::Between(0)
                    } else {
                        Place::Length(left)
                    };
                }
                Place::Chunk(left) => {
                    let skipped = skip(left, rest);
                    at += skipped;
                    let left = left - skipped as u64;
                    self.place = if left == 0 { Place::ChunkEnd } else { Place::Chunk(left) };
                }
                Place::Between(_) | Place::Head | Place::ChunkLine | Place::ChunkEnd | Place::Trailers => {
                    let in_head = matches!(self.place, Place::Between(_) | Place::Head);
                    let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                        if self.partial.len() + rest.len() > MAX_LINE {
                            return Err(Violation {
                                at,
                                in_head,
                                what: "a line is too long",
                            });
                        }
                        self.partial.extend_from_slice(rest);
                        return Ok(());
                    };
                    let taken = if self.partial.is_empty() {
                        self.line(&rest[..end])
                    } else {
                        let mut line = std::mem::take(&mut self.partial);
                        line.extend_from_slice(&rest[..end]);
                        self.line(&line)
                    };
                    taken.map_err(|what| Violation { at, in_head, what })?;
                    at += end + 1;
                }
            }
        }
        Ok(())
    }

    /// Takes up a line without its LF.
    fn line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let Some(line) = line.strip_suffix(b"\r") else {
            return Err("a line ends with a bare LF");
        };
        if line.contains(&b'\r') {
            return Err("a CR stands without its LF");
        }
        match self.place {
            Place::Between(empty) if line.is_empty() => {
                // RFC 9112 §2.2 asks for tolerance of one; more are a flood or an attempt to get out of step.
                if empty >= 2 {
                    return Err("empty lines before a request");
                }
                self.place = Place::Between(empty + 1);
            }
            Place::Between(_) => {
                self.framed = Framed::default();
                self.place = Place::Head;
            }
            Place::Head if line.is_empty() => self.place = self.framed.body()?,
            Place::Head => self.framed.header(line)?,
            Place::ChunkLine => {
                self.place = match chunk_size(line)? {
                    0 => Place::Trailers,
                    size => Place::Chunk(size),
                };
            }
            Place::ChunkEnd if line.is_empty() => self.place = Place::ChunkLine,
            Place::ChunkEnd => return Err("a chunk is longer than it said"),
            Place::Trailers if line.is_empty() => self.place = Place::Between(0),
            Place::Trailers => no_folding(line)?,
            // Lines are looked for in none of these.
            Place::Length(_) | Place::Chunk(_) => {}
        }
        Ok(())
    }
}

impl Framed {
    /// Takes up a header line.
    fn header(&mut self, line: &[u8]) -> Result<(), &'static str> {
        no_folding(line)?;
        // The two names of interest begin with c and t, which few others do.
        if !matches!(line[0] | 0x20, b'c' | b't') {
            return Ok(());
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':') else {
            return Err("a header has no colon");
        };
        // Space before the colon is caught here for the two and by hyper for the rest.
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        let plain = name.trim_ascii();
        if plain.eq_ignore_ascii_case(b"content-length") {
            let length = decimal(value).ok_or("Content-Length is not a number")?;
            if self.length.is_some_and(|before| before != length) {
                return Err("Content-Length is given twice with different values");
            }
            self.length = Some(length);
        } else if plain.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err("Transfer-Encoding is something other than chunked");
            }
            self.chunked = true;
        } else {
            return Ok(());
        }
        if plain.len() != name.len() {
            return Err("space stands before the colon of a header");
        }
        Ok(())
    }

    /// What follows the head.
    fn body(self) -> Result<Place, &'static str> {
        match (self.chunked, self.length) {
            (true, Some(_)) => Err("both Content-Length and Transfer-Encoding are given"),
            (true, None) => Ok(Place::ChunkLine),
            (false, None | Some(0)) => Ok(Place::Between(0)),
            (false, Some(length)) => Ok(Place::Length(length)),
        }
    }
}

/// A header continued on the next line (obsolete folding) is read differently by different servers.
fn no_folding(line: &[u8]) -> Result<(), &'static str> {
    match line.first() {
        Some(b' ' | b'\t') => Err("a header is folded"),
        _ => Ok(()),
    }
}

/// How many bytes of `rest` belong to the next `left` ones.
fn skip(left: u64, rest: &[u8]) -> usize {
    usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()))
}

/// A number of digits only: no sign, no list, no space.
fn decimal(value: &[u8]) -> Option<u64> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The size in the line before a chunk. Extensions are allowed as visible text and dropped by hyper.
fn chunk_size(line: &[u8]) -> Result<u64, &'static str> {
    if line.len() > MAX_CHUNK_LINE {
        return Err("the line before a chunk is too long");
    }
    let end = line
        .iter()
        .position(|byte| matches!(byte, b';' | b' ' | b'\t'))
        .unwrap_or(line.len());
    let (digits, extension) = line.split_at(end);
    if digits.is_empty() || digits.len() > 15 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err("the size of a chunk is not a number");
    }
    if extension.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return Err("a chunk extension has control characters");
    }
    let text = std::str::from_utf8(digits).map_err(|_| "the size of a chunk is not a number")?;
    u64::from_str_radix(text, 16).map_err(|_| "the size of a chunk is not a number")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn scan(text: &str) -> Result<Framing, Violation> {
        let mut whole = Framing::new();
        let result = whole.scan(text.as_bytes());
        // However the bytes are cut, the verdict is the same.
        let mut bytewise = Framing::new();
        let pieces = text.as_bytes().iter().try_for_each(|byte| bytewise.scan(&[*byte]));
        assert_eq!(result.is_ok(), pieces.is_ok(), "{text:?}");
        result.map(|()| {
            assert_eq!(whole.place, bytewise.place, "{text:?}");
            whole
        })
    }

    fn fault(text: &str) -> &'static str {
        scan(text).err().map_or("nothing", |violation| violation.what)
    }

    #[test]
    fn well_formed_streams_end_between_messages() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhe\nlo",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\nX-Sum: 1\r\n\r\n",
        ] {
            let framing = scan(text).unwrap();
            assert_eq!(framing.place, Place::Between(0), "{text:?}");
            assert!(!framing.in_head());
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_stopped() {
        let post = "POST / HTTP/1.1\r\n";
        assert_eq!(fault("GET / HTTP/1.1\nHost: a\r\n\r\n"), "a line ends with a bare LF");
        assert_eq!(fault("GET / HTTP/1.1\r\nHost: a\n\r\n"), "a line ends with a bare LF");
        assert_eq!(fault("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"), "a CR stands without its LF");
        assert_eq!(fault("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), "a header is folded");
        assert_eq!(
            fault(&format!(
                "{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            )),
            "both Content-Length and Transfer-Encoding are given"
        );
        assert_eq!(
            fault(&format!(
                "{post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
            )),
            "both Content-Length and Transfer-Encoding are given"
        );
        assert_eq!(
            fault(&format!("{post}Content-Length: 4\r\nContent-Length: 5\r\n\r\n")),
            "Content-Length is given twice with different values"
        );
        for bad in ["+5", "5, 5", "", "0x5", "-1", "5 5", "99999999999999999999"] {
            assert_eq!(
                fault(&format!("{post}Content-Length: {bad}\r\n\r\n")),
                "Content-Length is not a number"
            );
        }
        for bad in [
            "gzip, chunked",
            "chunked, chunked",
            "xchunked",
            "identity",
            "",
            "\u{b}chunked",
        ] {
            assert_eq!(
                fault(&format!("{post}Transfer-Encoding: {bad}\r\n\r\n")),
                "Transfer-Encoding is something other than chunked"
            );
        }
        assert_eq!(
            fault(&format!("{post}Content-Length : 5\r\n\r\n")),
            "space stands before the colon of a header"
        );
    }

    #[test]
    fn chunks_are_read_to_the_letter() {
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (body, what) in [
            ("5\nhello\r\n", "a line ends with a bare LF"),
            ("4\r\nhello\r\n", "a chunk is longer than it said"),
            ("x\r\n", "the size of a chunk is not a number"),
            ("\r\n", "the size of a chunk is not a number"),
            ("-1\r\n", "the size of a chunk is not a number"),
            ("0x5\r\nhello\r\n", "the size of a chunk is not a number"),
            ("1000000000000000\r\n", "the size of a chunk is not a number"),
            ("5;a=\u{0}\r\nhello\r\n", "a chunk extension has control characters"),
            ("0\r\nA: b\n\r\n", "a line ends with a bare LF"),
            ("0\r\n A: b\r\n\r\n", "a header is folded"),
        ] {
            let violation = scan(&format!("{head}{body}")).unwrap_err();
            assert_eq!(violation.what, what, "{body:?}");
            assert!(!violation.in_head);
        }
    }

    #[test]
    fn the_bytes_before_the_line_at_fault_are_counted() {
        let first = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let violation = scan(&format!("{first}GET / HTTP/1.1\r\nA: b\n\r\n")).unwrap_err();
        assert_eq!(violation.at, first.len() + "GET / HTTP/1.1\r\n".len());
        assert!(violation.in_head);
    }
}
