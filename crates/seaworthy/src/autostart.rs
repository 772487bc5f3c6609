//! Starts the daemon when none answers.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;
use crate::failure::Failure;
use crate::state;

/// How long a daemon may take until it answers. Recovery after a crash happens behind the socket, not before it.
const LIMIT: Duration = Duration::from_secs(15);
/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(10);
/// A log that has grown beyond this is set aside before the next daemon writes to it, bytes.
const LOG_BYTES: u64 = 4 << 20;
/// How much of the log is shown.
const LAST_LINES: usize = 20;

/// The daemon of this state, started with this binary if it does not run. Says whether it was started.
pub(crate) async fn ensure(state: &Path, binary: &Path) -> Result<(Client, bool), Failure> {
    let client = Client::of(state);
    if client.reachable().await {
        return Ok((client, false));
    }
    state::create(state)?;
    let log = state.join("log").join("daemon.log");
    let began = set_aside(&log);
    let mut child = spawn(state, binary, &log)?;
    wait(&client, &mut child, log, began).await?;
    Ok((client, true))
}

/// This executable, by a path that stays right when the working directory changes.
pub(crate) fn this_binary() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| {
        Failure::at(
            Path::new("/proc/self/exe"),
            &error,
            "start seaworthy by its path, with /proc mounted",
        )
    })
}

fn spawn(state: &Path, binary: &Path, log: &Path) -> Result<Child, Failure> {
    let failed = |path: &Path, error: &std::io::Error| Failure::Autostart {
        cause: format!("{}: {error}", path.display()),
        log: log.to_owned(),
        last_lines: Vec::new(),
    };
    let open = || OpenOptions::new().create(true).append(true).mode(0o600).open(log);
    let out = open().map_err(|error| failed(log, &error))?;
    let err = open().map_err(|error| failed(log, &error))?;
    Command::new(binary)
        // It leaves this session by itself, so that neither Ctrl-C nor closing the terminal reaches it.
        .args(["daemon", "--background", "--state"])
        .arg(state)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .map_err(|error| failed(binary, &error))
}

/// Polls the socket. A child that ends has either failed or found another daemon in place, which then answers.
async fn wait(client: &Client, child: &mut Child, log: PathBuf, began: u64) -> Result<(), Failure> {
    let deadline = Instant::now() + LIMIT;
    let mut ended = None;
    loop {
        if client.reachable().await {
            return Ok(());
        }
        let cause = match ended {
            // Somebody else's daemon was faster; it answers in a moment.
            Some(_) if Instant::now() < deadline && lost_the_race(&log, began) => None,
            Some(status) => Some(format!("it ended with {status}")),
            None if Instant::now() > deadline => Some(format!("it did not answer within {} s", LIMIT.as_secs())),
            None => None,
        };
        if let Some(cause) = cause {
            return Err(Failure::Autostart {
                cause,
                last_lines: last_lines(&log, began),
                log,
            });
        }
        ended = ended.or_else(|| child.try_wait().ok().flatten());
        tokio::time::sleep(PAUSE).await;
    }
}

fn lost_the_race(log: &Path, began: u64) -> bool {
    last_lines(log, began)
        .iter()
        .any(|line| line.contains("another daemon has it"))
}

/// Sets a large log aside; returns where the next daemon's lines begin.
fn set_aside(log: &Path) -> u64 {
    let length = log.metadata().map_or(0, |metadata| metadata.len());
    if length > LOG_BYTES && std::fs::rename(log, log.with_extension("log.1")).is_ok() {
        return 0;
    }
    length
}

fn last_lines(log: &Path, from: u64) -> Vec<String> {
    let mut text = Vec::new();
    let read = File::open(log).and_then(|mut file| {
        file.seek(SeekFrom::Start(from))?;
        file.take(LOG_BYTES).read_to_end(&mut text)
    });
    if read.is_err() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..]
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_daemon_that_ends_at_once_shows_its_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let binary = dir.path().join("seaworthy");
        std::fs::write(&binary, "#!/bin/sh\necho 'the disk is full'\nexit 3\n").unwrap();
        std::fs::set_permissions(&binary, std::fs::Permissions::from_mode(0o755)).unwrap();
        let state = dir.path().join("state");
        let Err(Failure::Autostart { cause, last_lines, log }) = ensure(&state, &binary).await else {
            panic!("it cannot have started")
        };
        assert_eq!(cause, "it ended with exit status: 3");
        assert_eq!(last_lines, ["the disk is full"]);
        assert_eq!(log, state.join("log/daemon.log"));
    }

    #[test]
    fn a_large_log_is_set_aside() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("daemon.log");
        std::fs::write(&log, "old\n").unwrap();
        assert_eq!(set_aside(&log), 4, "a small one stays");
        File::create(&log).unwrap().set_len(LOG_BYTES + 1).unwrap();
        assert_eq!(set_aside(&log), 0);
        assert!(!log.exists() && dir.path().join("daemon.log.1").exists());
    }
}
