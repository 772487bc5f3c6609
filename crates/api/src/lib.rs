//! Wire types of the daemon's HTTP/JSON API, shared by CLI, dashboard and tests. OpenAPI is generated from them.
#![forbid(unsafe_code)]

mod app;
mod release;
mod request;

pub use app::*;
pub use release::*;
pub use request::*;

/// Version of the API and of every `--json` document.
pub const VERSION: u32 = 1;
