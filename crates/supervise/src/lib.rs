//! Keepers: one small process that keeps one instance, its output and its exit status.
//!
//! A mechanism: it knows a command, a log and a restart policy, and nothing of releases.

pub mod protocol;
