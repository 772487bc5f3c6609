//! The least WebSocket client: text frames, both ways.

use std::io::{Read, Result, Write};
use std::net::TcpStream;

use super::http;

/// An open WebSocket.
pub(crate) struct WebSocket {
    stream: TcpStream,
}

/// A frame that arrived: its kind and what it carries.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    /// A close frame with its code.
    Close(u16),
}

impl WebSocket {
    /// Opens one on a path of an address.
    pub(crate) fn open(address: &str, path: &str) -> Self {
        let mut stream = http::open(address).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        // The answer to the key above, from RFC 6455, section 1.3.
        assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
        Self { stream }
    }

    /// Sends a text of at most 125 bytes, masked as a client must; a mask of zeros leaves it readable.
    pub(crate) fn send(&mut self, text: &str) {
        assert!(text.len() <= 125);
        let mut frame = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(text.as_bytes());
        self.stream.write_all(&frame).unwrap();
    }

    /// The next text or close frame.
    pub(crate) fn receive(&mut self) -> Result<Frame> {
        loop {
            let mut head = [0; 2];
            self.stream.read_exact(&mut head)?;
            let mut payload = vec![0; usize::from(head[1] & 0x7f)];
            self.stream.read_exact(&mut payload)?;
            match head[0] & 0x0f {
                1 => return Ok(Frame::Text(String::from_utf8(payload).unwrap())),
                8 => {
                    return Ok(Frame::Close(
                        payload
                            .get(..2)
                            .map_or(1005, |code| u16::from_be_bytes([code[0], code[1]])),
                    ));
                }
                // Pings are not answered: no test waits long enough to be missed.
                _ => {}
            }
        }
    }
}
