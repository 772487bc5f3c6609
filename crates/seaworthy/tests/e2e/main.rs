//! End-to-end: the real binary ships real applications on loopback.
//!
//! One test binary, so that the harness is compiled and linked once. A module per promise of the product.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "tests"
)]
#![allow(clippy::print_stderr, reason = "a failing test shows what it saw")]

mod harness;

mod change;
mod demo;
mod first_release;
mod mistakes;
mod queue;
mod real_apps;
mod secrets;
mod state;
mod streams;
mod survival;
mod trouble;
mod unavailable;
