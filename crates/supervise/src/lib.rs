//! Keepers: one small process that keeps one instance, its output and its exit status.
//!
//! A mechanism: it knows a command, a log and a restart policy, and nothing of releases.
//!
//! | process | entry | what it does |
//! |---|---|---|
//! | keeper | [`keep::run`] | reads a [`protocol::KeepSpec`] from its standard input, starts the instance, keeps its log, starts it again, answers on `keeper.sock` |
//! | launcher | [`launch::run`] | becomes the instance: takes its secrets from a socket, gives up privileges, executes the command |
//! | whoever wants an instance | [`client`], [`log`] | starts and asks keepers, reads logs |
//!
//! The keeper is one thread around one `poll`: there is one of it per instance, so its memory counts. What it decides is
//! decided in modules without a clock or a file: `life` (what follows an exit), `restart` (how long to wait), `flood`
//! (what is dropped), `lines` (where a line ends), `rotate` (when a file is full).
//!
//! An instance's directory holds:
//!
//! | name | what |
//! |---|---|
//! | `keeper.lock` | locked by its keeper for as long as that lives |
//! | `keeper.sock` | where the keeper is asked |
//! | `keeper.json` | the last [`protocol::Status`]; what a new keeper recognises the running process by |
//! | `keeper.err` | what the keeper itself had to say when it failed |
//! | `out`, `err` | the FIFOs that the instance writes to, and holds open for reading too |
//! | `log/` | `current`, the rotated files, and `cursor` (how much of the log is known to be taken from the FIFOs) |
//!
//! The kernel is called past a safe interface in three places: `signals`, `inherited` and `keep::seen`.
#![deny(unsafe_code)]

pub mod client;
mod flood;
mod inherited;
pub mod keep;
pub mod launch;
mod life;
mod lines;
pub mod log;
pub mod protocol;
mod restart;
mod rotate;
mod signals;
