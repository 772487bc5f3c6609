//! What a platform saw. Every statement carries when it was seen.

use serde::{Deserialize, Serialize};

use crate::{InstanceId, ReleaseId, SideId, Timestamp};

/// A side as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideObserved {
    /// Which side.
    pub side: SideId,
    /// When.
    pub at: Timestamp,
    /// Its instances, oldest first.
    pub instances: Vec<InstanceObserved>,
}

impl SideObserved {
    /// How many instances are ready.
    pub fn ready(&self) -> u32 {
        self.instances
            .iter()
            .filter(|i| i.state == InstanceState::Ready)
            .count() as u32
    }

    /// The first instance that cannot become ready by itself.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.instances.iter().find_map(|i| i.trouble.as_ref())
    }
}

/// An instance as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceObserved {
    /// Which instance.
    pub id: InstanceId,
    /// The release that brought its side.
    pub release: ReleaseId,
    /// Its state.
    pub state: InstanceState,
    /// Its process, where there is one on this machine.
    pub pid: Option<u32>,
    /// Its port, where it has one.
    pub port: Option<u16>,
    /// When its process started.
    pub started: Option<Timestamp>,
    /// How often it was started again.
    pub restarts: u32,
    /// What is wrong, with the remedy and the last lines it wrote.
    pub trouble: Option<Trouble>,
}

/// The state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceState {
    /// Started, not ready yet.
    Starting,
    /// Its probes pass.
    Ready,
    /// It was ready and its probes fail now.
    Unready,
    /// It gets no new requests and finishes those it has.
    Draining,
    /// It was told to stop.
    Stopping,
    /// It ended and waits to be started again.
    BackingOff,
    /// It ended too often in a row; it is not started again by itself.
    CrashLooping,
    /// It has ended.
    Stopped,
}

/// Why an instance is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What kind of trouble, a stable word such as `never_listened` or `crash_loop`.
    pub kind: TroubleKind,
    /// What was seen, one sentence.
    pub cause: String,
    /// What to do about it, one sentence.
    pub remedy: String,
    /// The last lines the instance wrote.
    pub last_lines: Vec<String>,
}

/// Kinds of trouble. Words that scripts may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// The command could not be executed.
    NotExecutable,
    /// It ended before it was ready.
    ExitedEarly,
    /// It ended again and again.
    CrashLoop,
    /// It put itself into the background.
    ForkedAway,
    /// It runs and listens nowhere.
    NeverListened,
    /// It listens on a port other than `$PORT`.
    WrongPort,
    /// It listens on `$PORT`, on an address that is not loopback.
    WrongAddress,
    /// It listens, and its readiness probe never passed.
    NeverReady,
    /// The platform itself failed (no free port, disk full, keeper would not start).
    Platform,
}
