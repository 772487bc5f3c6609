//! One probe of an instance: a connection, or a GET that must answer 2xx or 3xx.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The connection was accepted, or the answer was 2xx or 3xx.
    Good,
    /// It answered with another status.
    Status(u16),
    /// Nobody listens.
    Refused,
    /// It did not answer in time.
    TimedOut,
    /// It closed the connection without an answer, or answered something that is not HTTP.
    NotHttp,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("is good"),
            Self::Status(status) => write!(f, "is answered with {status}"),
            Self::Refused => f.write_str("finds nobody listening"),
            Self::TimedOut => f.write_str("gets no answer in time"),
            Self::NotHttp => f.write_str("is not answered in HTTP"),
        }
    }
}

/// The most of a body that is read so that the application can finish writing it.
const BODY: usize = 64 * 1024;

/// How long the rest of a body is waited for after its status is known.
const REST: Duration = Duration::from_millis(50);

/// Probes 127.0.0.1:`port`; a connection is enough without a path. `within` bounds the whole probe.
pub(crate) async fn probe(port: u16, path: Option<&str>, within: Duration) -> Outcome {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match timeout(within, answer(address, path)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::TimedOut,
    }
}

async fn answer(address: SocketAddr, path: Option<&str>) -> Outcome {
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return Outcome::Refused;
    };
    let Some(path) = path else {
        return Outcome::Good;
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: seaworthy-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    if stream.write_all(request.as_bytes()).await.is_err() {
        return Outcome::NotHttp;
    }
    let mut head = Vec::with_capacity(512);
    let status = loop {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return Outcome::NotHttp,
            Ok(_) => {}
        }
        if head.len() >= 12 {
            break status(&head);
        }
    };
    read_out(&mut stream, &mut head).await;
    match status {
        Some(200..=399) => Outcome::Good,
        Some(status) => Outcome::Status(status),
        None => Outcome::NotHttp,
    }
}

/// Closing early would reset the connection under an application that is still writing, and fill its log with broken pipes.
async fn read_out(stream: &mut TcpStream, seen: &mut Vec<u8>) {
    let until = Instant::now() + REST;
    while seen.len() < BODY {
        match timeout_at(until, stream.read_buf(seen)).await {
            Ok(Ok(n)) if n > 0 => {}
            _ => return,
        }
    }
}

/// The status of `HTTP/1.x NNN`.
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.")?;
    let digits = rest.get(2..5).filter(|_| rest.get(1) == Some(&b' '))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tokio::net::TcpListener;

    use super::*;

    async fn outcome_of(answer: &'static [u8], path: Option<&str>) -> Outcome {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer).await;
            if answer.is_empty() {
                std::future::pending::<()>().await;
            }
        });
        probe(port, path, Duration::from_millis(200)).await
    }

    #[tokio::test]
    async fn the_status_decides() {
        assert_eq!(
            outcome_of(b"HTTP/1.1 204 No Content\r\n\r\n", Some("/")).await,
            Outcome::Good
        );
        assert_eq!(
            outcome_of(b"HTTP/1.0 302 Found\r\n\r\n", Some("/")).await,
            Outcome::Good
        );
        assert_eq!(
            outcome_of(b"HTTP/1.1 503 No\r\n\r\n", Some("/")).await,
            Outcome::Status(503)
        );
        assert_eq!(
            outcome_of(b"SSH-2.0-OpenSSH_9.6\r\n", Some("/")).await,
            Outcome::NotHttp
        );
    }

    #[tokio::test]
    async fn silence_is_a_time_out_with_a_path_and_good_without() {
        assert_eq!(outcome_of(b"", Some("/")).await, Outcome::TimedOut);
        assert_eq!(outcome_of(b"", None).await, Outcome::Good);
    }

    #[tokio::test]
    async fn nobody_there_is_refused() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(probe(port, None, Duration::from_secs(1)).await, Outcome::Refused);
    }
}
