//! A stream of JSON documents, one per line.

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use crate::failure::Failure;

/// Reads documents as their lines become complete.
#[derive(Debug)]
pub(crate) struct Lines {
    what: String,
    body: Incoming,
    pending: Vec<u8>,
    /// How much of `pending` has been searched for the end of a line.
    searched: usize,
}

impl Lines {
    /// The documents in this body, the answer to `what`.
    pub(crate) fn new(what: &str, body: Incoming) -> Self {
        Self {
            what: what.to_owned(),
            body,
            pending: Vec::new(),
            searched: 0,
        }
    }

    /// The next document; none when the stream has ended as it should. Nothing is lost when this is dropped while it waits.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Failure> {
        loop {
            if let Some(line) = self.line() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return serde_json::from_slice(&line)
                    .map(Some)
                    .map_err(|error| self.failure(error.to_string()));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.pending.extend_from_slice(data);
                    }
                }
                Some(Err(error)) => return Err(self.failure(error.to_string())),
                None if self.pending.is_empty() => return Ok(None),
                None => return Err(self.failure("the answer ended in the middle of a line".to_owned())),
            }
        }
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        match self.pending[self.searched..].iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let line = self.pending.drain(..=self.searched + end).collect();
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.pending.len();
                None
            }
        }
    }

    fn failure(&self, cause: String) -> Failure {
        Failure::Answer {
            what: self.what.clone(),
            cause,
        }
    }
}
