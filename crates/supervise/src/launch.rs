//! The launcher: becomes the instance.
//!
//! Its standard input is a socket to the keeper. What to execute comes from there, secrets included, so that nothing of
//! it is ever in a command line or in the environment of a process that is not the instance itself. The keeper writes
//! down the launcher's process before it sends anything: a keeper that is killed at any moment leaves either an instance
//! that the next one will find, or a launcher that reads half a document and ends.
//!
//! The socket closes by itself when the command is executed. Before that, the launcher says through it what it could
//! not do, one JSON document per line.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use rustix::fs::Mode;
use rustix::process::{Gid, Resource, Rlimit, Uid};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::protocol::{KeepSpec, Limits, User};
use crate::{inherited, signals};

/// What the launcher is told.
#[derive(Serialize, Deserialize)]
pub(crate) struct LaunchSpec<'a> {
    #[serde(borrow)]
    command: Vec<std::borrow::Cow<'a, str>>,
    cwd: PathBuf,
    env: Vec<(std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
    user: Option<User>,
    limits: Limits,
}

impl<'a> LaunchSpec<'a> {
    /// The launcher's part of a keeper's specification.
    pub(crate) fn of(spec: &'a KeepSpec) -> Self {
        Self {
            command: spec.command.iter().map(|word| word.as_str().into()).collect(),
            cwd: spec.cwd.clone(),
            env: spec
                .env
                .iter()
                .map(|(name, value)| (name.as_str().into(), value.as_str().into()))
                .collect(),
            user: spec.user,
            limits: spec.limits,
        }
    }
}

/// What the launcher says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Word {
    /// Something to know, and it goes on.
    Note(String),
    /// It could not go on.
    Failed(String),
}

/// The subcommand `seaworthy launch`. Answers only when the command could not be executed.
pub fn run() -> ExitCode {
    let mut keeper = match keeper() {
        Ok(keeper) => keeper,
        // Nobody to tell: whoever started this was no keeper.
        Err(_) => return ExitCode::FAILURE,
    };
    let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
    if keeper.read_to_end(&mut text).is_err() {
        return ExitCode::FAILURE;
    }
    let Ok(spec) = serde_json::from_slice::<LaunchSpec>(&text) else {
        say(
            &mut keeper,
            &Word::Failed("the launcher was given half of what to execute".to_owned()),
        );
        return ExitCode::FAILURE;
    };
    let reason = become_it(&spec, &mut keeper);
    say(&mut keeper, &Word::Failed(reason));
    ExitCode::FAILURE
}

/// Moves the socket away from the standard input, to a descriptor that closes on execution.
fn keeper() -> io::Result<UnixStream> {
    let socket = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    let nothing = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(nothing)?;
    Ok(socket.into())
}

fn say(keeper: &mut UnixStream, word: &Word) {
    if let Ok(mut line) = serde_json::to_vec(word) {
        line.push(b'\n');
        // A keeper that is gone cannot be told; the exit status stays.
        let _ = keeper.write_all(&line);
    }
}

/// Executes the command; answers only with why it could not.
fn become_it(spec: &LaunchSpec, keeper: &mut UnixStream) -> String {
    let Some((program, arguments)) = spec.command.split_first() else {
        return "there is no command to execute".to_owned();
    };
    if let Err(reason) = prepare(spec, keeper) {
        return reason;
    }
    let error = Command::new(&**program)
        .args(arguments.iter().map(|argument| &**argument))
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (&**name, &**value)))
        .exec();
    format!("cannot execute {program}: {}", explain(program, &error))
}

fn prepare(spec: &LaunchSpec, keeper: &mut UnixStream) -> Result<(), String> {
    // It fails only for the leader of a group, which a fresh child is not.
    rustix::process::setsid().map_err(|e| format!("cannot start a session: {e}"))?;
    signals::reset();
    inherited::close_on_exec().map_err(|e| format!("cannot close what was inherited: {e}"))?;
    rustix::process::umask(Mode::WGRP | Mode::WOTH);
    set_limits(spec, keeper)?;
    rustix::thread::set_no_new_privs(true).map_err(|e| format!("cannot give up new privileges: {e}"))?;
    if let Some(user) = spec.user {
        become_user(user).map_err(|e| format!("cannot become user {} of group {}: {e}", user.uid, user.gid))?;
    }
    // After the change of user, because it is that user who must be allowed to be there.
    rustix::process::chdir(&spec.cwd).map_err(|e| format!("cannot enter {}: {e}", spec.cwd.display()))
}

fn set_limits(spec: &LaunchSpec, keeper: &mut UnixStream) -> Result<(), String> {
    let Limits {
        open_files,
        processes,
        core,
    } = spec.limits;
    set_limit("open files", Resource::Nofile, open_files, keeper)?;
    set_limit("core file size", Resource::Core, core, keeper)?;
    // The kernel counts processes by user. For the user of the keeper that would be those of all services together.
    if spec.user.is_some() {
        set_limit("processes", Resource::Nproc, processes, keeper)?;
    }
    Ok(())
}

fn set_limit(name: &str, resource: Resource, wanted: u64, keeper: &mut UnixStream) -> Result<(), String> {
    let set = |value| {
        rustix::process::setrlimit(
            resource,
            Rlimit {
                current: Some(value),
                maximum: Some(value),
            },
        )
    };
    let most = rustix::process::getrlimit(resource).maximum.unwrap_or(u64::MAX);
    match set(wanted) {
        // Only root may raise a limit that was inherited.
        Err(rustix::io::Errno::PERM) if wanted > most => {
            say(
                keeper,
                &Word::Note(format!(
                    "the limit of {name} stays at {most}: {wanted} is more than may be had here"
                )),
            );
            set(most)
        }
        other => other,
    }
    .map_err(|e| format!("cannot limit {name} to {wanted}: {e}"))
}

/// Groups, group and user, in the one order in which each step still is allowed. The calls are for one thread, and there is one.
fn become_user(user: User) -> rustix::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    if rustix::process::geteuid().is_root() {
        rustix::thread::set_thread_groups(&[])?;
    }
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)
}

/// The system's reason, and what it usually means where that is not what it says.
fn explain(program: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound && program.contains('/') && std::path::Path::new(program).exists() {
        return format!("{error} (the file is there: the interpreter it names is not)");
    }
    error.to_string()
}
