//! The edge as its users meet it: a daemon over the control socket, clients and targets over TCP.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod balance;
mod control;
mod crash;
mod fallback;
mod harness;
mod http;
mod proxy;
mod shadow;
mod smuggling;
mod steer;
mod toy;
mod upgrade;
mod websocket;
