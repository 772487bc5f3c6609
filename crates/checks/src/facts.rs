//! What is known about the machine, the sources and the secrets. Plain data, gathered elsewhere; holds no secret value.

use std::collections::BTreeMap;

use seaworthy_spec::CommandLine;
use serde::{Deserialize, Serialize};

use crate::strength::Assessment;
use crate::value::Violation;

/// Something that was looked at, or why it is not known. What is not known is said, never assumed good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact<T> {
    /// It was looked at.
    Known(T),
    /// It could not be looked at, and why.
    Unknown(String),
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown("it was not looked at".to_owned())
    }
}

impl<T> Fact<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }
}

/// Everything the checks look at apart from the file itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// The source directory of each service that has one, by service.
    pub sources: BTreeMap<String, Fact<Source>>,
    /// The programs that builds need (see [`crate::programs::needed`]), by name or absolute path; known and none: not found.
    pub build_programs: BTreeMap<String, Fact<Option<Program>>>,
    /// The programs that instances need, by service and name: a service may have a search path of its own.
    pub run_programs: BTreeMap<String, BTreeMap<String, Fact<Option<Program>>>>,
    /// Each listening address, by its key in the file (`edge.http`).
    pub listeners: BTreeMap<String, Fact<Listening>>,
    /// The file system that holds the state directory.
    pub disk: Fact<Disk>,
    /// The state directory.
    pub state: Fact<StateDir>,
    /// Memory and processors.
    pub machine: Fact<Machine>,
    /// The ports from which instances get theirs.
    pub ports: Fact<Ports>,
    /// What the kernel can do.
    pub kernel: Fact<Kernel>,
    /// The secret store, without values.
    pub secrets: Fact<Secrets>,
}

/// A service's source directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its absolute path.
    pub path: String,
    /// What is there.
    pub kind: SourceKind,
    /// What its files say about building and starting it; used where the file gives no `build` or `command`.
    pub detected: Detected,
}

/// What the files of a source say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Detected {
    /// The shell command that builds it.
    pub build: Option<String>,
    /// The command of each instance.
    pub command: Option<CommandLine>,
    /// Whether its build installs programs of its own (`node_modules/.bin`, a virtual environment).
    pub installs_programs: bool,
    /// Why there is no command.
    pub unclear: Option<Problem>,
}

/// What was seen and what to do about it, in the words of whoever looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What was seen, and where.
    pub cause: String,
    /// What to do.
    pub remedy: String,
}

/// What is at the path of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A directory.
    Directory,
    /// A directory that whoever builds may not list.
    Unreadable,
    /// Something else, a file for example.
    NotADirectory,
    /// Nothing.
    Missing,
}

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its absolute path.
    pub path: String,
    /// What it says about its version; none when it was not asked.
    pub version: Option<String>,
    /// Whether the user of the instances may execute it; of a build's program, whether the daemon's may.
    pub access: Access,
}

/// Whether a user may do something with a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Yes.
    Granted,
    /// No.
    Denied {
        /// The first path on the way that refuses.
        at: String,
        /// What is missing, such as `no execute permission for uid 65534`.
        why: String,
    },
}

/// A listening address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listening {
    /// The address that was tried, `0.0.0.0:80`.
    pub address: String,
    /// What came of it.
    pub state: ListenState,
    /// Where the address may not be bound and there is a second choice: that one, and what came of it.
    pub fallback: Option<Box<Listening>>,
}

/// What came of an attempt to bind an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListenState {
    /// It can be bound.
    Free,
    /// This installation's own edge or daemon has it.
    Ours,
    /// Another program has it.
    Taken {
        /// Which one, where that can be seen.
        holder: Option<Holder>,
    },
    /// This user may not bind it.
    NotPermitted,
    /// It is not an address of this machine.
    NotHere,
    /// Anything else the kernel said.
    Failed(String),
}

/// Who has a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// The program's name, without its arguments: they may hold secrets.
    pub command: String,
}

/// The room on a file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The path that was asked about.
    pub path: String,
    /// Bytes that an ordinary user may still write.
    pub free_bytes: u64,
    /// All bytes.
    pub total_bytes: u64,
    /// Files that can still be created; none where the file system has no such bound.
    pub free_files: Option<u64>,
}

/// The state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateDir {
    /// Its path.
    pub path: String,
    /// Whether the daemon's user may write to it, or create it.
    pub writable: Access,
    /// Whether the instances' user reaches what is below it.
    pub reachable: Access,
}

/// Memory and processors that may be used here, bounds of a container included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// Processors, thousandths of a core.
    pub cpu_millis: u64,
}

/// The ports from which instances get theirs (both included).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// The first.
    pub low: u16,
    /// The last.
    pub high: u16,
}

/// What the kernel can do. Each was tried, not derived from the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// Its release, `6.1.0`.
    pub release: String,
    /// What is missing.
    pub missing: Vec<KernelFeature>,
}

/// What Seaworthy needs from the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KernelFeature {
    /// `pidfd_open`, Linux 5.3: a process is known for sure although pids are used again.
    PidFd,
    /// `SO_REUSEPORT`, Linux 3.9: each worker of the edge has its own accept queue.
    ReusePort,
    /// `memfd_create`, Linux 3.17: environments reach the launcher without touching a disk.
    MemFd,
    /// `/proc`: processes are adopted and measured through it.
    Proc,
}

/// What is in the secret store. Only an environment's own secrets are told in full.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Secrets {
    /// Why the store cannot be used; nothing else is known then.
    pub broken: Option<Problem>,
    /// The secrets of this environment that have a version which is not revoked, by name.
    pub here: BTreeMap<String, SecretFact>,
    /// Digests of the secrets of the application's other environments.
    pub elsewhere: Vec<SecretElsewhere>,
}

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretFact {
    /// The newest version that is not revoked.
    pub version: u32,
    /// A keyed digest of the value: equal for equal values, and telling nothing else.
    pub digest: String,
    /// How good the value is.
    pub assessment: Assessment,
    /// Which constraints the value breaks, by key of the file (`services.api.env.JWT_SECRET`).
    pub violations: BTreeMap<String, Vec<Violation>>,
}

/// A secret of another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretElsewhere {
    /// The environment.
    pub environment: String,
    /// The secret's name.
    pub name: String,
    /// The digest of its newest value.
    pub digest: String,
}
