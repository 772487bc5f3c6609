//! Starts the instance through the launcher.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use zeroize::Zeroizing;

use super::fifo;
use crate::launch::{LaunchSpec, Word};
use crate::protocol::KeepSpec;

/// How long the launcher may take. It does a dozen system calls; what takes longer is a file system that does not answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A launcher that runs and does not know yet what to execute.
pub(crate) struct Launcher {
    /// Its process, which will be the instance's.
    pub(crate) pid: u32,
    socket: UnixStream,
}

/// Starts a launcher that writes to the instance's FIFOs, in the current directory.
pub(crate) fn launcher() -> io::Result<Launcher> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new("/proc/self/exe")
        .arg0("seaworthy")
        .arg("launch")
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(fifo::for_instance(Path::new("out"))?)
        .stderr(fifo::for_instance(Path::new("err"))?)
        .spawn()?;
    ours.set_read_timeout(Some(PATIENCE))?;
    ours.set_write_timeout(Some(PATIENCE))?;
    Ok(Launcher {
        pid: child.id(),
        socket: ours,
    })
}

impl Launcher {
    /// Tells it what to execute and waits until it has. Answers with what it noted.
    ///
    /// # Errors
    /// Why it could not.
    pub(crate) fn execute(self, spec: &KeepSpec) -> Result<Vec<String>, String> {
        let Self { mut socket, .. } = self;
        let mut notes = Vec::new();
        send(&mut socket, spec).map_err(|error| format!("the launcher does not take what to execute: {error}"))?;
        for line in BufReader::with_capacity(1024, socket).lines() {
            let line = line.map_err(|error| format!("the launcher does not say whether it succeeded: {error}"))?;
            match serde_json::from_str(&line) {
                Ok(Word::Note(note)) => notes.push(note),
                Ok(Word::Failed(reason)) => return Err(reason),
                Err(_) => return Err(format!("the launcher says what cannot be understood: {line}")),
            }
        }
        // The socket was closed by the execution of the command.
        Ok(notes)
    }
}

fn send(socket: &mut UnixStream, spec: &KeepSpec) -> io::Result<()> {
    let text = Zeroizing::new(serde_json::to_vec(&LaunchSpec::of(spec))?);
    socket.write_all(&text)?;
    socket.shutdown(std::net::Shutdown::Write)
}
