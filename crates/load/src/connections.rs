//! A bounded pool of kept-alive connections to one server.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::plan::Answer;
use crate::tally::Failure;

type Sender = SendRequest<Empty<Bytes>>;

/// Connections to one server. As many requests are under way as there are permits; the others wait.
pub(crate) struct Connections {
    address: SocketAddr,
    permits: Semaphore,
    idle: Mutex<Vec<Sender>>,
}

/// A request that was answered, or was not, and whether it had to go out on a second connection.
pub(crate) struct Exchange {
    pub(crate) answer: Result<Answer, Failure>,
    pub(crate) reopened: bool,
}

impl Connections {
    pub(crate) fn new(address: SocketAddr, most: usize) -> Self {
        Self {
            address,
            permits: Semaphore::new(most),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Sends a request and reads its answer.
    ///
    /// A server may close a kept-alive connection at any time between requests. When hyper hands the request back
    /// because not a byte of it was sent, it goes out once more on a new connection, as every client does, and this is
    /// counted. Nothing else is ever sent again.
    pub(crate) async fn exchange(&self, request: Request<Empty<Bytes>>) -> Exchange {
        // The semaphore is never closed; without a permit the request goes out all the same.
        let _permit = self.permits.acquire().await;
        let mut reopened = false;
        let answer = match self.take_idle().await {
            None => self.on_new(request).await,
            Some(mut sender) => match sender.try_send_request(request).await {
                Ok(response) => self.receive(sender, response).await,
                Err(mut refused) => match refused.take_message() {
                    Some(request) => {
                        reopened = true;
                        self.on_new(request).await
                    }
                    None => Err(Failure::Reset),
                },
            },
        };
        Exchange { answer, reopened }
    }

    /// The connection that was used last, if it is still open.
    async fn take_idle(&self) -> Option<Sender> {
        loop {
            let mut sender = self.idle().pop()?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    async fn on_new(&self, request: Request<Empty<Bytes>>) -> Result<Answer, Failure> {
        let stream = TcpStream::connect(self.address).await.map_err(|_| Failure::Connect)?;
        // Not having it would only make the latency worse.
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|_| Failure::Connect)?;
        // Its errors reach the request it carries.
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(|_| Failure::Reset)?;
        self.receive(sender, response).await
    }

    async fn receive(&self, sender: Sender, response: Response<Incoming>) -> Result<Answer, Failure> {
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|_| Failure::Reset)?.to_bytes();
        if !sender.is_closed() {
            self.idle().push(sender);
        }
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Sender>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
