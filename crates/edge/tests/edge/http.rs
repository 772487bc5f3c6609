//! A client that sees every byte: what an HTTP library would hide is what these tests are about.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::soon;

/// A connection to the edge.
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether the body came to its announced end.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (have, value) = line.split_once(':')?;
            have.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = soon("a connection to the edge", TcpStream::connect(address))
            .await
            .unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            read: Vec::new(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n\r\n"))
            .await;
        self.answer().await
    }

    /// With further headers, each with its line end.
    pub(crate) async fn get_with(&mut self, path: &str, headers: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\n{headers}\r\n"))
            .await;
        self.answer().await
    }

    /// Reads more; false at the end of the stream.
    async fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        // A reset is an end as well.
        let count = soon("bytes from the edge", self.stream.read(&mut buffer))
            .await
            .unwrap_or(0);
        self.read.extend_from_slice(&buffer[..count]);
        count > 0
    }

    /// Reads until `mark` has come, and gives everything up to its end.
    pub(crate) async fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.read.windows(mark.len()).position(|window| window == mark) {
                return Some(self.read.drain(..at + mark.len()).collect());
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Exactly this many bytes.
    pub(crate) async fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            if !self.more().await {
                return None;
            }
        }
        Some(self.read.drain(..count).collect())
    }

    /// Whether the edge has closed the connection with nothing more to read.
    pub(crate) async fn ended(&mut self) -> bool {
        self.read.is_empty() && !self.more().await
    }

    /// The head of the next answer.
    pub(crate) async fn head(&mut self) -> Option<Answer> {
        let head = String::from_utf8(self.until(b"\r\n\r\n").await?).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Some(Answer {
            status,
            head,
            body: Vec::new(),
            whole: false,
        })
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        self.try_answer()
            .await
            .expect("the edge closed the connection without an answer")
    }

    /// The next answer (to anything but HEAD), or `None` if the connection ended before its head.
    pub(crate) async fn try_answer(&mut self) -> Option<Answer> {
        let mut answer = self.head().await?;
        if let Some(length) = answer.header("content-length") {
            let length = length.parse().unwrap();
            match self.exactly(length).await {
                Some(body) => (answer.body, answer.whole) = (body, true),
                None => answer.body = std::mem::take(&mut self.read),
            }
        } else if answer.header("transfer-encoding").is_some() {
            answer.whole = self.chunks(&mut answer.body).await.is_some();
        } else if answer.status != 204 && answer.status != 304 {
            while self.more().await {}
            (answer.body, answer.whole) = (std::mem::take(&mut self.read), true);
        }
        Some(answer)
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        while let Some(chunk) = self.chunk().await? {
            body.extend(chunk);
        }
        Some(())
    }

    /// The next chunk of a chunked body; the inner `None` is its proper end, the outer one an improper one.
    pub(crate) async fn chunk(&mut self) -> Option<Option<Vec<u8>>> {
        let line = self.until(b"\r\n").await?;
        let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
        let mut chunk = self.exactly(size + 2).await?;
        chunk.truncate(size);
        Some((size > 0).then_some(chunk))
    }
}
