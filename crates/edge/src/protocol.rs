//! What daemon and edge say to each other on the edge's Unix socket (`edge.sock`, 0600).
//!
//! One JSON document per line in both directions, one answer per request, several connections at a time.
//! File descriptors travel by SCM_RIGHTS with the line that announces them.
//! The protocol is versioned: [`PROTOCOL`] is this code's, and a side that is one older is understood.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Version of this protocol.
pub const PROTOCOL: u32 = 1;

/// What the daemon asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "ask")]
pub enum Ask {
    /// Who are you?
    Hello {
        /// The daemon's protocol version.
        protocol: u32,
    },
    /// Here are listening sockets: for each address as many as there are workers, in this order, as SCM_RIGHTS with this line.
    Listen {
        /// The addresses, one per descriptor (an address repeats once per worker).
        addresses: Vec<SocketAddr>,
    },
    /// Give me your listening sockets (for a daemon that has lost its own): answered with [`Answer::Listening`] and SCM_RIGHTS.
    Listeners,
    /// Take this configuration.
    Configure {
        /// The configuration.
        config: Box<Config>,
    },
    /// Answer when these targets have no request in flight, or at the deadline.
    Drain {
        /// Target ids.
        targets: Vec<String>,
        /// Longest wait, milliseconds.
        within_ms: u64,
    },
    /// What do you know of your targets?
    Targets,
    /// Prometheus text.
    Metrics,
    /// Stop accepting, finish what is in flight within this time, exit.
    Stop {
        /// Longest wait, milliseconds.
        within_ms: u64,
    },
}

/// What the edge answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "answer")]
pub enum Answer {
    /// Who I am.
    Hello {
        /// The edge's protocol version.
        protocol: u32,
        /// Its process.
        pid: u32,
        /// How many workers: one per core.
        workers: u32,
        /// The live configuration's version; 0 without one.
        version: u64,
        /// What the daemon should know of the edge's start, as sentences: a last good configuration that could not be used.
        #[serde(default)]
        notes: Vec<String>,
    },
    /// The sockets I listen on now (with SCM_RIGHTS when they were asked for).
    Listening {
        /// One per descriptor.
        addresses: Vec<SocketAddr>,
    },
    /// Every worker has taken the configuration up.
    Configured {
        /// Its version.
        version: u64,
        /// How many workers said so.
        workers: u32,
    },
    /// I go on with the last good configuration.
    Refused {
        /// The live version.
        version: u64,
        /// Why.
        reason: String,
    },
    /// How draining ended.
    Drained {
        /// Requests still in flight at the deadline, by target id; empty: all finished.
        left: Vec<(String, u64)>,
    },
    /// What I know of my targets.
    Targets {
        /// Each of them.
        targets: Vec<TargetReport>,
    },
    /// Prometheus text.
    Metrics {
        /// The exposition.
        text: String,
    },
    /// I stop.
    Stopping,
}

/// What the edge knows of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetReport {
    /// The instance's id.
    pub id: String,
    /// Whether it gets requests.
    pub routable: bool,
    /// Why not, or why it was ejected last.
    pub reason: Option<String>,
    /// Requests in flight.
    pub in_flight: u64,
}
