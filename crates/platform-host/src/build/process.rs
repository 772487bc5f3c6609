//! Runs a build command.

use std::fs;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::Pid;
use seaworthy_platform::PlatformError;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::output::{Output, Partial};
use super::workplace::Workplace;
use super::{Builder, Job, environment, explain};
use crate::failure::disk;

/// How long a stream may stay open after the command has ended and its group was killed.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// How a build command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// By itself, with this status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
    /// It was killed at the time limit.
    TimedOut(Duration),
}

/// Runs the build command in the workplace to its end.
pub(super) async fn run(builder: &Builder, job: &Job, workplace: &mut Workplace) -> Result<(), PlatformError> {
    let logs = builder.logs(&job.request);
    let log_failed = |error| disk(&logs, "write the build's log", &error);
    let input = workplace
        .place()
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut output = Output::create(&logs, &input).map_err(log_failed)?;

    let (mut child, stream) = spawn(builder, job, workplace)?;
    let mut partial = Partial::default();
    let ended = {
        let reading = read(&mut output, stream, &mut partial);
        let deadline = sleep(builder.limit);
        tokio::pin!(reading, deadline);
        let mut read = false;
        let ended = loop {
            tokio::select! {
                // A command may close its output before it ends.
                result = &mut reading, if !read => match result {
                    Ok(()) => read = true,
                    Err(error) => break Err(log_failed(error)),
                },
                status = child.wait() => break how(status)
                    .map_err(|error| disk(&workplace.place(), "wait for the build command", &error)),
                () = &mut deadline => break Ok(Ended::TimedOut(builder.limit)),
            }
        }?;
        workplace.end_processes();
        // A process that left the group may hold the output open; the build has ended all the same.
        if !read && let Ok(result) = timeout(STRAGGLERS, &mut reading).await {
            result.map_err(log_failed)?;
        }
        ended
    };
    output.end(&mut partial).map_err(log_failed)?;
    let last_lines = output.finish().map_err(log_failed)?;
    match ended {
        Ended::Exit(0) => Ok(()),
        _ => Err(explain::failure(&job.request.service, ended, last_lines)),
    }
}

fn how(status: io::Result<ExitStatus>) -> io::Result<Ended> {
    let status = status?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exit(code),
        (None, signal) => Ended::Signal(signal.unwrap_or(0)),
    })
}

/// Starts the build command. Its standard output and error are one pipe, so that lines stay in the order in which they were written.
fn spawn(builder: &Builder, job: &Job, workplace: &mut Workplace) -> Result<(Child, Receiver), PlatformError> {
    let place = workplace.place();
    let failed = |error: io::Error| disk(&place, "start the build command with /bin/sh", &error);
    let state = builder.artifacts.state();
    let home = environment::home(state, &job.request.scope.app);
    fs::create_dir_all(&home).map_err(|error| disk(&home, "make the home directory of builds", &error))?;
    let (reader, writer) = io::pipe().map_err(failed)?;
    let mut command = std::process::Command::new("/bin/sh");
    command
        .arg("-c")
        .arg(&job.recipe.command)
        .current_dir(&place)
        .env_clear()
        .envs(builder.machine.variables(state, &job.request.scope.app))
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer)
        .process_group(0);
    // The child is reaped by the runtime even when nobody waits for it any more.
    let child = Command::from(command).kill_on_drop(true).spawn().map_err(failed)?;
    if let Some(pid) = child.id().and_then(|pid| Pid::from_raw(pid as i32)) {
        workplace.runs(pid);
    }
    // The command and with it this process's copies of the pipe's writing end are dropped by now.
    let stream = Receiver::from_owned_fd(reader.into()).map_err(failed)?;
    Ok((child, stream))
}

/// Reads the output as it comes until nobody can write to it any more.
async fn read(output: &mut Output, mut stream: Receiver, partial: &mut Partial) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => output.take(partial, &buffer[..count])?,
        }
    }
}
