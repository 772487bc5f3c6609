//! The platform with real keepers and real processes (`python3`, `/bin/sh`). Only the edge is a fake: what is asserted of
//! it is what it is told, and in which order.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

mod lifecycle;
mod order;
mod recovery;
mod tasks;
mod trouble;
mod world;
