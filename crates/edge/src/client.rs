//! The daemon's side of the edge's control socket.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use tokio::net::UnixStream;
use tokio::sync::Mutex;

use crate::config::Config;
use crate::protocol::{Answer, Ask, PROTOCOL, TargetReport};
use crate::wire::Wire;

/// Why an ask had no answer.
#[derive(Debug, Error)]
pub enum ClientError {
    /// No edge runs there, or it cannot be reached.
    #[error("the edge at {} cannot be reached: {source}", path.display())]
    Connect {
        /// Its socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke. The ask may or may not have been heard.
    #[error("the connection to the edge at {} broke: {source}", path.display())]
    Broken {
        /// Its socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The edge refused something other than a configuration.
    #[error("the edge refused: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// The edge speaks another protocol.
    #[error("the edge answered {ask} with something else: {answer}")]
    Unexpected {
        /// What was asked.
        ask: &'static str,
        /// What came.
        answer: String,
    },
}

impl ClientError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "start the edge (the daemon does so by itself)",
            Self::Broken { .. } => "ask again; every ask can be repeated",
            Self::Refused { .. } => "correct what the reason names and ask again",
            Self::Unexpected { .. } => "run daemon and edge of versions that differ by one release at most",
        }
    }
}

/// Who the edge is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Its protocol version.
    pub protocol: u32,
    /// Its process.
    pub pid: u32,
    /// How many workers it has: that many sockets per address.
    pub workers: usize,
    /// The live configuration's version; 0 without one.
    pub version: u64,
    /// What should be known of its start, as sentences.
    pub notes: Vec<String>,
}

/// What became of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uptake {
    /// Every worker has taken it up.
    Configured {
        /// Its version.
        version: u64,
        /// How many workers said so.
        workers: u32,
    },
    /// The edge goes on with what it had.
    Refused {
        /// The live version.
        version: u64,
        /// Why.
        reason: String,
    },
}

/// A connection to the edge of a directory. Asks made at the same time through one client wait for each other; make a
/// client of its own for [`drain`](Self::drain), which takes its time. Reconnects when the connection broke.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    /// `None` while an ask is under way, so that one that is dropped half-way leaves no connection that is out of step.
    wire: Mutex<Option<Wire>>,
}

impl Client {
    /// Connects to the edge of `dir` (`dir/edge.sock`).
    pub async fn connect(dir: impl AsRef<Path>) -> Result<Self, ClientError> {
        let path = dir.as_ref().join("edge.sock");
        let wire = open(&path).await?;
        Ok(Self {
            path,
            wire: Mutex::new(Some(wire)),
        })
    }

    /// Who are you?
    pub async fn hello(&self) -> Result<Hello, ClientError> {
        match self.ask(&Ask::Hello { protocol: PROTOCOL }).await? {
            Answer::Hello {
                protocol,
                pid,
                workers,
                version,
                notes,
            } => Ok(Hello {
                protocol,
                pid,
                workers: workers as usize,
                version,
                notes,
            }),
            answer => Err(unexpected("hello", answer)),
        }
    }

    /// Gives the edge duplicates of listening sockets (of [`crate::listeners::bind`]); the caller keeps its own.
    /// Serving begins when a configuration names the address. Sockets that the edge has already may be given again.
    pub async fn listen(&self, sockets: &[(SocketAddr, OwnedFd)]) -> Result<(), ClientError> {
        // All sockets of one address go together: what is one set must not look like two.
        let mut by_address: BTreeMap<SocketAddr, Vec<BorrowedFd<'_>>> = BTreeMap::new();
        for (address, socket) in sockets {
            by_address.entry(*address).or_default().push(socket.as_fd());
        }
        for (address, fds) in by_address {
            let addresses = vec![address; fds.len()];
            match self.converse(&Ask::Listen { addresses }, &fds).await? {
                (Answer::Listening { .. }, _) => {}
                (answer, _) => return Err(unexpected("listen", answer)),
            }
        }
        Ok(())
    }

    /// Duplicates of all sockets that the edge holds, for a daemon that has lost its own.
    pub async fn listeners(&self) -> Result<Vec<(SocketAddr, OwnedFd)>, ClientError> {
        match self.converse(&Ask::Listeners, &[]).await? {
            (Answer::Listening { addresses }, fds) if addresses.len() == fds.len() => {
                Ok(addresses.into_iter().zip(fds).collect())
            }
            (Answer::Listening { addresses }, fds) => Err(ClientError::Unexpected {
                ask: "listeners",
                answer: format!("{} addresses with {} sockets", addresses.len(), fds.len()),
            }),
            (answer, _) => Err(unexpected("listeners", answer)),
        }
    }

    /// Makes a configuration live: answered when every worker has taken it up, or why the edge refuses it.
    pub async fn configure(&self, config: Config) -> Result<Uptake, ClientError> {
        match self
            .ask(&Ask::Configure {
                config: Box::new(config),
            })
            .await?
        {
            Answer::Configured { version, workers } => Ok(Uptake::Configured { version, workers }),
            Answer::Refused { version, reason } => Ok(Uptake::Refused { version, reason }),
            answer => Err(unexpected("configure", answer)),
        }
    }

    /// Waits until these targets have nothing in flight, `within` at most. What they still have then, by id; empty: all
    /// have finished. Take them out of the configuration (or set `draining`) first, or new requests keep coming.
    pub async fn drain(&self, targets: Vec<String>, within: Duration) -> Result<Vec<(String, u64)>, ClientError> {
        match self
            .ask(&Ask::Drain {
                targets,
                within_ms: millis(within),
            })
            .await?
        {
            Answer::Drained { left } => Ok(left),
            answer => Err(unexpected("drain", answer)),
        }
    }

    /// What the edge knows of its targets.
    pub async fn targets(&self) -> Result<Vec<TargetReport>, ClientError> {
        match self.ask(&Ask::Targets).await? {
            Answer::Targets { targets } => Ok(targets),
            answer => Err(unexpected("targets", answer)),
        }
    }

    /// The edge's metrics in Prometheus' text format.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        match self.ask(&Ask::Metrics).await? {
            Answer::Metrics { text } => Ok(text),
            answer => Err(unexpected("metrics", answer)),
        }
    }

    /// Tells the edge to stop accepting, finish what is in flight within this time, and exit. When this returns, another
    /// edge can be started in the directory while this one finishes.
    pub async fn stop(&self, within: Duration) -> Result<(), ClientError> {
        match self
            .ask(&Ask::Stop {
                within_ms: millis(within),
            })
            .await?
        {
            Answer::Stopping => Ok(()),
            answer => Err(unexpected("stop", answer)),
        }
    }

    async fn ask(&self, ask: &Ask) -> Result<Answer, ClientError> {
        Ok(self.converse(ask, &[]).await?.0)
    }

    async fn converse(&self, ask: &Ask, fds: &[BorrowedFd<'_>]) -> Result<(Answer, Vec<OwnedFd>), ClientError> {
        let mut place = self.wire.lock().await;
        let mut wire = match place.take() {
            Some(wire) => wire,
            None => open(&self.path).await?,
        };
        let broken = |source| ClientError::Broken {
            path: self.path.clone(),
            source,
        };
        wire.send(ask, fds).await.map_err(broken)?;
        let answer = wire.receive::<Answer>().await.map_err(broken)?;
        let answer = answer.ok_or_else(|| broken(io::ErrorKind::UnexpectedEof.into()))?;
        *place = Some(wire);
        Ok(answer)
    }
}

async fn open(path: &Path) -> Result<Wire, ClientError> {
    let stream = UnixStream::connect(path).await;
    let stream = stream.map_err(|source| ClientError::Connect {
        path: path.to_owned(),
        source,
    })?;
    Ok(Wire::new(stream))
}

fn unexpected(ask: &'static str, answer: Answer) -> ClientError {
    match answer {
        Answer::Refused { reason, .. } => ClientError::Refused { reason },
        answer => ClientError::Unexpected {
            ask,
            answer: format!("{answer:?}"),
        },
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
