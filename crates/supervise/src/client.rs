//! Starts keepers and asks them.

use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::keep::{ENDED, Mode, READY, fifo, record, server};
use crate::protocol::{Ask, KeepSpec, Refusal, Status};

/// How long a keeper may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A keeper could not be started or asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No process could be started, or it could not be given its specification.
    #[error("{}: the keeper of {instance} cannot be started: {source}", binary.display())]
    NotStarted {
        /// What was executed.
        binary: PathBuf,
        /// For which instance.
        instance: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A keeper was started and gave up.
    #[error("{}: the keeper of {instance} gave up: {reason}", dir.display())]
    GaveUp {
        /// The instance's directory.
        dir: PathBuf,
        /// The instance.
        instance: String,
        /// What it said.
        reason: String,
    },
    /// There is no keeper in this directory.
    #[error("{}: no keeper answers: {source}", dir.display())]
    NoKeeper {
        /// The instance's directory.
        dir: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A keeper went away while it was asked.
    #[error("{}: the keeper is gone: {reason}", dir.display())]
    Gone {
        /// The instance's directory.
        dir: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// A keeper does not do what it was asked.
    #[error("{}: the keeper refuses: {reason}", dir.display())]
    Refused {
        /// The instance's directory.
        dir: PathBuf,
        /// Its reason.
        reason: String,
    },
}

impl ClientError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotStarted { .. } => {
                "check that the binary can be executed and that the machine has processes and memory left"
            }
            Self::GaveUp { .. } => "see `keeper.err` and the log in that directory",
            Self::NoKeeper { .. } | Self::Gone { .. } => "start a keeper that adopts the instance",
            Self::Refused { .. } => "wait until what is under way is over, and ask again",
        }
    }
}

/// What came of starting a keeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spawned {
    /// It listens on its socket, in this process.
    Keeping {
        /// The keeper's process.
        pid: u32,
    },
    /// There is nothing to keep: the instance had ended for good.
    Ended,
}

/// Starts a keeper with `binary keep`, which starts the instance. Answers when the keeper listens on its socket.
///
/// The keeper lives on when this process ends. Call it within a tokio runtime, which takes the keeper's exit status when
/// it ends one day.
///
/// # Errors
/// [`ClientError::NotStarted`], or [`ClientError::GaveUp`] where the directory has a keeper already or cannot be used.
pub async fn spawn(binary: &Path, spec: &KeepSpec) -> Result<Spawned, ClientError> {
    begin(binary, spec, Mode::Start).await
}

/// Starts a keeper for an instance that another one had kept. It goes on with the process where that still runs, and with
/// what the restart policy wants where it does not.
///
/// # Errors
/// As [`spawn`].
pub async fn adopt(binary: &Path, spec: &KeepSpec) -> Result<Spawned, ClientError> {
    begin(binary, spec, Mode::Adopt).await
}

async fn begin(binary: &Path, spec: &KeepSpec, mode: Mode) -> Result<Spawned, ClientError> {
    let gave_up = |reason: String| ClientError::GaveUp {
        dir: spec.dir.clone(),
        instance: spec.instance.clone(),
        reason,
    };
    let started = tokio::time::timeout(PATIENCE, start(binary, spec, mode)).await;
    let (pid, said) = match started {
        Ok(Ok(started)) => started,
        Ok(Err(source)) => {
            let (binary, instance) = (binary.to_owned(), spec.instance.clone());
            return Err(ClientError::NotStarted {
                binary,
                instance,
                source,
            });
        }
        Err(_) => return Err(gave_up(format!("it did not listen within {} s", PATIENCE.as_secs()))),
    };
    match said.trim_end() {
        READY => Ok(Spawned::Keeping { pid }),
        ENDED => Ok(Spawned::Ended),
        "" => Err(gave_up("it ended without a word".to_owned())),
        reason => Err(gave_up(reason.to_owned())),
    }
}

async fn start(binary: &Path, spec: &KeepSpec, mode: Mode) -> io::Result<(u32, String)> {
    let text = Zeroizing::new(serde_json::to_vec(spec)?);
    let mut command = Command::new(binary);
    command.arg("keep");
    if mode == Mode::Adopt {
        command.arg("adopt");
    }
    // Where it fails before it has a place of its own to write to, it says so on its standard output.
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    let pid = child.id().ok_or(io::ErrorKind::NotFound)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    tokio::spawn(async move { child.wait().await });
    if let Some(mut stdin) = stdin {
        match stdin.write_all(&text).await {
            // It gave up before it had read everything, and says why.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            other => other?,
        }
        stdin.shutdown().await?;
    }
    let mut said = String::new();
    if let Some(mut stdout) = stdout {
        stdout.read_to_string(&mut said).await?;
    }
    Ok((pid, said))
}

/// What the last keeper in this directory has written down; none if there never was one.
///
/// # Errors
/// When the file cannot be read.
pub fn read_last_status(dir: &Path) -> io::Result<Option<Status>> {
    record::load(dir)
}

/// An instance's FIFOs, held open. What was written and not read yet is lost when the last who holds them is gone: with
/// this, also keeper and instance may be killed at the same time, and the next keeper finds the instance's last lines.
#[derive(Debug)]
pub struct HeldOutput {
    _fifos: [std::fs::File; 2],
}

impl HeldOutput {
    /// Holds the FIFOs in an instance's directory. A keeper that was spawned has made them.
    ///
    /// # Errors
    /// When there are none, or they may not be opened.
    pub fn of(dir: &Path) -> io::Result<Self> {
        let hold = |name| fifo::for_instance(&dir.join(name));
        Ok(Self {
            _fifos: [hold("out")?, hold("err")?],
        })
    }
}

/// A connection to a keeper.
#[derive(Debug)]
pub struct Keeper {
    dir: PathBuf,
    asks: OwnedWriteHalf,
    answers: Lines<BufReader<OwnedReadHalf>>,
}

impl Keeper {
    /// Connects to the keeper in an instance's directory.
    ///
    /// # Errors
    /// [`ClientError::NoKeeper`].
    pub async fn connect(dir: &Path) -> Result<Self, ClientError> {
        let stream = connect(dir).await.map_err(|source| ClientError::NoKeeper {
            dir: dir.to_owned(),
            source,
        })?;
        let (answers, asks) = stream.into_split();
        Ok(Self {
            dir: dir.to_owned(),
            asks,
            answers: BufReader::new(answers).lines(),
        })
    }

    /// The status now and at every change.
    ///
    /// # Errors
    /// [`ClientError::Gone`].
    pub async fn watch(mut self) -> Result<Watch, ClientError> {
        self.ask(&Ask::Watch).await?;
        Ok(Watch(self))
    }

    /// Stops the instance, and the keeper with it. Answers with the last status when both are over.
    ///
    /// # Errors
    /// [`ClientError::Gone`].
    pub async fn stop(mut self) -> Result<Status, ClientError> {
        self.ask(&Ask::Stop).await?;
        self.answer().await
    }

    /// Starts the instance anew, which does not count as an exit. Answers as soon as its process has been told to end.
    ///
    /// # Errors
    /// [`ClientError::Refused`] where it is being stopped, or [`ClientError::Gone`].
    pub async fn restart(mut self, reason: &str) -> Result<Status, ClientError> {
        self.ask(&Ask::Restart {
            reason: reason.to_owned(),
        })
        .await?;
        self.answer().await
    }

    async fn ask(&mut self, ask: &Ask) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(ask).map_err(|error| self.gone(&error))?;
        line.push(b'\n');
        self.asks.write_all(&line).await.map_err(|error| self.gone(&error))
    }

    async fn answer(&mut self) -> Result<Status, ClientError> {
        self.next().await?.ok_or_else(|| self.gone(&"it closed the connection"))
    }

    async fn next(&mut self) -> Result<Option<Status>, ClientError> {
        let Some(line) = self.answers.next_line().await.map_err(|error| self.gone(&error))? else {
            return Ok(None);
        };
        match serde_json::from_str(&line) {
            Ok(status) => Ok(Some(status)),
            Err(error) => Err(match serde_json::from_str(&line) {
                Ok(Refusal { refused }) => ClientError::Refused {
                    dir: self.dir.clone(),
                    reason: refused,
                },
                Err(_) => self.gone(&format!("it says what cannot be understood: {error}")),
            }),
        }
    }

    fn gone(&self, reason: &dyn std::fmt::Display) -> ClientError {
        ClientError::Gone {
            dir: self.dir.clone(),
            reason: reason.to_string(),
        }
    }
}

/// The changes of one instance.
#[derive(Debug)]
pub struct Watch(Keeper);

impl Watch {
    /// The next status; none when the keeper has ended or was killed (its last status then is in [`read_last_status`]).
    /// Nothing is lost when it is cancelled.
    ///
    /// # Errors
    /// [`ClientError::Gone`].
    pub async fn next(&mut self) -> Result<Option<Status>, ClientError> {
        self.0.next().await
    }
}

/// Connects through the directory's descriptor: the path of a socket may have 107 bytes, and that of a directory 4095.
async fn connect(dir: &Path) -> io::Result<UnixStream> {
    let directory = std::fs::File::open(dir)?;
    UnixStream::connect(format!("/proc/self/fd/{}/{}", directory.as_raw_fd(), server::SOCKET)).await
}
