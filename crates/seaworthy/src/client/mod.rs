//! Speaks to the daemon: HTTP/1.1 and JSON over its Unix socket, one connection per question.

mod lines;
mod query;

use std::path::{Path, PathBuf};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use seaworthy_api::ApiError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::failure::Failure;
pub(crate) use lines::Lines;
pub(crate) use query::query;

/// A daemon, by its socket.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    socket: PathBuf,
}

impl Client {
    /// The daemon of a state directory, which may or may not be there.
    pub(crate) fn of(state: &Path) -> Self {
        Self {
            socket: state.join("daemon.sock"),
        }
    }

    /// Whether something accepts connections on the socket.
    pub(crate) async fn reachable(&self) -> bool {
        UnixStream::connect(&self.socket).await.is_ok()
    }

    /// Asks for a document.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.document(Method::GET, path, Bytes::new()).await
    }

    /// Asks for something to be done, and for the document that says what was.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        self.document(Method::POST, path, encoded(path, body)?).await
    }

    /// Asks for a stream of documents, one per line.
    pub(crate) async fn stream(&self, path: &str) -> Result<Lines, Failure> {
        Ok(Lines::new(
            path,
            self.ask(Method::GET, path, Bytes::new()).await?.into_body(),
        ))
    }

    /// Asks for something to be done that answers with a stream of documents.
    pub(crate) async fn post_stream(&self, path: &str, body: &impl Serialize) -> Result<Lines, Failure> {
        let answer = self.ask(Method::POST, path, encoded(path, body)?).await?;
        Ok(Lines::new(path, answer.into_body()))
    }

    /// Asks for text.
    pub(crate) async fn text(&self, path: &str) -> Result<String, Failure> {
        let answer = self.ask(Method::GET, path, Bytes::new()).await?;
        Ok(String::from_utf8_lossy(&whole(path, answer.into_body()).await?).into_owned())
    }

    async fn document<T: DeserializeOwned>(&self, method: Method, path: &str, body: Bytes) -> Result<T, Failure> {
        let answer = self.ask(method, path, body).await?;
        let bytes = whole(path, answer.into_body()).await?;
        serde_json::from_slice(&bytes).map_err(|error| not_understood(path, &error))
    }

    /// One question; a refusal becomes [`Failure::Refused`].
    async fn ask(&self, method: Method, path: &str, body: Bytes) -> Result<Response<Incoming>, Failure> {
        let unreachable = |cause: &std::io::Error| Failure::Unreachable {
            socket: self.socket.clone(),
            cause: match cause.kind() {
                std::io::ErrorKind::NotFound => "there is no such socket".to_owned(),
                std::io::ErrorKind::ConnectionRefused => "nobody listens on it".to_owned(),
                _ => cause.to_string(),
            },
        };
        let stream = UnixStream::connect(&self.socket)
            .await
            .map_err(|error| unreachable(&error))?;
        let interrupted = |error: hyper::Error| Failure::Answer {
            what: path.to_owned(),
            cause: error.to_string(),
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(interrupted)?;
        // Ends with the answer; how it failed is told by the answer's own error.
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "seaworthy")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| Failure::Answer {
                what: path.to_owned(),
                cause: error.to_string(),
            })?;
        let answer = sender.send_request(request).await.map_err(interrupted)?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => Err(refused(path, answer).await),
        }
    }
}

async fn refused(path: &str, answer: Response<Incoming>) -> Failure {
    let status = answer.status();
    let bytes = match whole(path, answer.into_body()).await {
        Ok(bytes) => bytes,
        Err(failure) => return failure,
    };
    match serde_json::from_slice::<ApiError>(&bytes) {
        Ok(error) => Failure::Refused(Box::new(error)),
        Err(_) if status == StatusCode::NOT_FOUND => Failure::Answer {
            what: path.to_owned(),
            cause: "the daemon does not know this request; it may be of another version".to_owned(),
        },
        Err(_) => Failure::Answer {
            what: path.to_owned(),
            cause: format!("the daemon answered {status}"),
        },
    }
}

async fn whole(path: &str, body: Incoming) -> Result<Bytes, Failure> {
    let collected = body.collect().await;
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| Failure::Answer {
            what: path.to_owned(),
            cause: error.to_string(),
        })
}

fn encoded(path: &str, body: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| not_understood(path, &error))
}

fn not_understood(path: &str, error: &serde_json::Error) -> Failure {
    Failure::Answer {
        what: path.to_owned(),
        cause: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    use super::*;
    use crate::failure::Exit;

    /// Answers one question with these bytes and hangs up.
    async fn daemon_that_says(answer: &'static str) -> (tempfile::TempDir, Client) {
        let dir = tempfile::tempdir().unwrap();
        let client = Client::of(dir.path());
        let listener = UnixListener::bind(&client.socket).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        (dir, client)
    }

    #[tokio::test]
    async fn no_daemon_is_exit_7() {
        let dir = tempfile::tempdir().unwrap();
        let failure = Client::of(dir.path())
            .get::<seaworthy_api::DaemonStatus>("/v1/daemon")
            .await
            .unwrap_err();
        assert_eq!(failure.exit(), Exit::Unreachable);
        assert!(failure.to_string().contains("daemon.sock"), "{failure}");
    }

    #[tokio::test]
    async fn a_refusal_brings_its_own_exit_code() {
        let answer = concat!(
            "HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n",
            r#"{"version":1,"kind":"busy","place":null,"cause":"r1 is under way","remedy":"wait","exit":6}"#
        );
        let (_dir, client) = daemon_that_says(answer).await;
        let failure = client.get::<serde_json::Value>("/v1/daemon").await.unwrap_err();
        assert_eq!(failure.exit(), Exit::Busy);
        assert_eq!(failure.to_string(), "r1 is under way");
    }

    #[tokio::test]
    async fn lines_come_one_by_one_and_a_cut_stream_is_an_error() {
        let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n6\r\n[1]\n[2\r\n3\r\n]\n[\r\n";
        let (_dir, client) = daemon_that_says(answer).await;
        let mut lines = client.stream("/v1/x").await.unwrap();
        assert_eq!(lines.next::<[u32; 1]>().await.unwrap(), Some([1]));
        assert_eq!(lines.next::<[u32; 1]>().await.unwrap(), Some([2]));
        assert!(lines.next::<[u32; 1]>().await.is_err());
    }
}
