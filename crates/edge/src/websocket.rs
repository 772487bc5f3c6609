//! WebSocket (RFC 6455), as far as a bystander has to know it: where a target's frames end, and how to say goodbye between them.

use http::HeaderMap;
use http::header::UPGRADE;

/// A close frame of a server with status 1001, "going away" (RFC 6455 §5.5.1, §7.4.1).
pub(crate) const GOING_AWAY: [u8; 4] = [0x88, 0x02, 0x03, 0xe9];

/// Opcode of a close frame.
const CLOSE: u8 = 0x8;

/// Longest head of a frame: two bytes, a length of eight, a mask of four.
const MAX_HEAD: usize = 14;

/// Whether an answer of 101 switches to WebSocket.
pub(crate) fn switches(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// How far one direction has come in its frames. Looks at heads only and judges nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Frames {
    head: [u8; MAX_HEAD],
    /// Bytes of `head` that have come.
    have: usize,
    /// Bytes still to come of the payload.
    payload: u64,
    closed: bool,
}

impl Frames {
    /// Whether another frame may begin here.
    pub(crate) fn at_boundary(&self) -> bool {
        self.have == 0 && self.payload == 0
    }

    /// Whether a close frame has passed; none may follow it.
    pub(crate) fn closed(&self) -> bool {
        self.closed
    }

    /// Takes note of bytes that pass.
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = &bytes[self.step(bytes)..];
        }
    }

    /// How many of `bytes` belong to the frame that has begun.
    pub(crate) fn until_boundary(&self, bytes: &[u8]) -> usize {
        let (mut ahead, mut count) = (*self, 0);
        while count < bytes.len() && !ahead.at_boundary() {
            count += ahead.step(&bytes[count..]);
        }
        count
    }

    /// Takes the first byte of `bytes`, or all that is payload of one frame. Answers how many.
    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.payload > 0 {
            let here = usize::try_from(self.payload).map_or(bytes.len(), |left| left.min(bytes.len()));
            self.payload -= here as u64;
            return here;
        }
        self.head[self.have] = bytes[0];
        self.have += 1;
        if self.have == self.head_length() {
            self.payload = self.payload_length();
            self.closed |= self.head[0] & 0x0f == CLOSE;
            self.have = 0;
        }
        1
    }

    /// How long the head is, by what of it has come: at least 2, at most [`MAX_HEAD`].
    fn head_length(&self) -> usize {
        if self.have < 2 {
            return 2;
        }
        let extended = match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.head[1] & 0x80 == 0 { 0 } else { 4 };
        2 + extended + mask
    }

    fn payload_length(&self) -> u64 {
        let bytes = match self.head[1] & 0x7f {
            126 => &self.head[2..4],
            127 => &self.head[2..10],
            short => return u64::from(short),
        };
        bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(first: u8, length: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut frame = match length {
            0..=125 => vec![first, mask | length as u8],
            126..=0xffff => vec![first, mask | 126, (length >> 8) as u8, length as u8],
            _ => [&[first, mask | 127][..], &(length as u64).to_be_bytes()].concat(),
        };
        // Payload that would read as a close frame, were it taken for a head.
        frame.resize(frame.len() + length + if masked { 4 } else { 0 }, 0x88);
        frame
    }

    #[test]
    fn boundaries_are_where_frames_end_however_their_bytes_are_cut() {
        let lengths = [0, 1, 125, 126, 0xffff, 0x1_0000];
        for cut in [1, 2, 3, 7, 1000, 1 << 20] {
            for masked in [false, true] {
                let mut frames = Frames::default();
                for length in lengths {
                    let frame = frame(0x82, length, masked);
                    let (last, before) = frame.split_last().unwrap_or((&0, &[]));
                    for piece in before.chunks(cut) {
                        frames.pass(piece);
                        assert!(!frames.at_boundary(), "{length} in pieces of {cut}");
                    }
                    // What follows belongs to the next frame.
                    assert_eq!(frames.until_boundary(&[*last, 0x81, 0]), 1);
                    frames.pass(&[*last]);
                    assert!(frames.at_boundary() && !frames.closed(), "{length} in pieces of {cut}");
                }
            }
        }
    }

    #[test]
    fn a_close_frame_is_noticed() {
        let mut frames = Frames::default();
        frames.pass(&[&frame(0x81, 3, false)[..], &GOING_AWAY].concat());
        assert!(frames.closed() && frames.at_boundary());
    }

    #[test]
    fn no_bytes_are_too_strange() {
        let mut frames = Frames::default();
        frames.pass(&[0xff; 10_000]);
        assert!(!frames.at_boundary());
    }
}
