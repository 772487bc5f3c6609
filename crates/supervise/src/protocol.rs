//! What is said to a keeper (on its standard input, once) and over its Unix socket (`keeper.sock` in the instance's directory).
//!
//! One JSON document per line. The protocol is versioned: [`PROTOCOL`] is this code's, and a keeper that is one older is understood.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Version of this protocol.
pub const PROTOCOL: u32 = 1;

/// Everything a keeper needs. Arrives on its standard input, because the environment holds secrets.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeepSpec {
    /// Version of this protocol.
    pub protocol: u32,
    /// The instance's id.
    pub instance: String,
    /// The instance's own directory: FIFO, socket, `keeper.json`, log files, temporary directory.
    pub dir: PathBuf,
    /// What is executed (already split; a shell command is `["/bin/sh", "-c", …]`).
    pub command: Vec<String>,
    /// Where it is executed.
    pub cwd: PathBuf,
    /// Its whole environment.
    pub env: Vec<(String, String)>,
    /// The unprivileged user it runs as; none: the keeper's own.
    pub user: Option<User>,
    /// Its resource limits.
    pub limits: Limits,
    /// Bounds of its log.
    pub log: LogBounds,
    /// When it is started again.
    pub restart: RestartPolicy,
    /// How long after SIGTERM comes SIGKILL, milliseconds.
    pub stop_ms: u64,
}

/// An unprivileged user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// Resource limits (setrlimit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Open files.
    pub open_files: u64,
    /// Processes of this user (applied only to an unprivileged user).
    pub processes: u64,
    /// Size of a core file, bytes.
    pub core: u64,
}

/// Bounds of an instance's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogBounds {
    /// A file is rotated at this size, bytes.
    pub file_bytes: u64,
    /// How many files are kept, the current one included.
    pub files: u32,
    /// A line is cut at this length, bytes.
    pub line_bytes: u32,
    /// Bytes per second that are kept; what is over is dropped and counted in a line of its own. 0: no bound.
    pub bytes_per_second: u64,
}

/// When an instance is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartPolicy {
    /// `false`: a task, kept to its end and never started again.
    pub again: bool,
    /// First wait, milliseconds; doubles with every exit.
    pub first_ms: u64,
    /// Longest wait, milliseconds.
    pub most_ms: u64,
    /// An instance that stayed up this long starts counting anew, milliseconds.
    pub stable_ms: u64,
    /// So many exits in a row without staying up are a crash loop: it goes on at the longest wait, and says so.
    pub crash_loop: u32,
}

/// What can be asked of a keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// The status now, and again at every change, until this connection is closed.
    Watch,
    /// SIGTERM to the process group, SIGKILL after `stop_ms`, then the keeper ends too. Answered when it is over.
    Stop,
    /// Start the process again now, as after an exit that does not count (a liveness probe failed).
    /// Answered with the status as soon as the process has been told to end.
    Restart {
        /// Why, for the log.
        reason: String,
    },
}

/// What a keeper says. Also written to `keeper.json` at every change, for whoever comes when it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of this protocol.
    pub protocol: u32,
    /// The instance's id.
    pub instance: String,
    /// The keeper's own process.
    pub keeper_pid: u32,
    /// The boot in which all this was written (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: String,
    /// What is going on.
    pub state: State,
    /// How many lives the instance has had: 1 for the first process.
    pub life: u32,
    /// How the previous life ended.
    pub last_exit: Option<Exit>,
    /// Lines dropped because the log was flooded or could not be written.
    pub dropped_lines: u64,
    /// Exits in a row without staying up; what the wait before the next start is computed from.
    #[serde(default)]
    pub exits_in_row: u32,
    /// The process of the current life, while there is one. What a new keeper recognises it by.
    #[serde(default)]
    pub process: Option<Process>,
    /// Why the log cannot be written at the moment (a full disk), in the system's words.
    #[serde(default)]
    pub log_error: Option<String>,
}

/// A process, named for good within a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id, which is also the id of its session and of its group.
    pub pid: u32,
    /// Its start time in clock ticks since boot (`/proc/PID/stat`, field 22).
    pub start_ticks: u64,
    /// When it was started, milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// What a keeper answers to an [`Ask`] it cannot follow, in place of a [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Why.
    pub refused: String,
}

/// What is going on with an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum State {
    /// Its process runs.
    Running {
        /// The process, leader of its own session and group.
        pid: u32,
        /// Its start time in clock ticks since boot (`/proc/PID/stat`, field 22): with the boot id it names the process for good.
        start_ticks: u64,
        /// When it was started, milliseconds since the Unix epoch.
        since_ms: u64,
    },
    /// It ended and will be started again.
    BackingOff {
        /// When, milliseconds since the Unix epoch.
        until_ms: u64,
        /// Whether this has become a crash loop.
        crash_loop: bool,
    },
    /// It was asked to stop and has not ended yet.
    Stopping {
        /// Its process.
        pid: u32,
    },
    /// It ended and will not be started again.
    Ended,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum Exit {
    /// It exited.
    Code {
        /// Its status.
        code: i32,
    },
    /// A signal killed it.
    Signal {
        /// Which.
        signal: i32,
    },
    /// Nobody who could know saw it end: its keeper had been killed, and the kernel does not say.
    Unknown,
    /// It could not be executed.
    NotExecuted {
        /// The system's reason.
        reason: String,
    },
    /// It exited with 0 and left processes behind: it put itself into the background.
    ForkedAway {
        /// What it left, now killed: `pid command`.
        left: Vec<String>,
    },
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code { code } => write!(f, "exited with {code}"),
            Self::Signal { signal } => match signal_name(*signal) {
                Some(name) => write!(f, "killed by {name}"),
                None => write!(f, "killed by signal {signal}"),
            },
            Self::Unknown => f.write_str("ended unseen"),
            Self::NotExecuted { reason } => f.write_str(reason),
            Self::ForkedAway { left } => write!(f, "put itself into the background ({})", left.join(", ")),
        }
    }
}

/// The names of the signals that end processes in practice (x86 and ARM numbers, signal(7)).
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return None,
    })
}
