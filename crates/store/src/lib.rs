//! What outlives every process: the SQLite journal and the encrypted secret store.
//!
//! The journal holds what was asked, what was intended and what was seen, as documents whose types belong to the crates
//! that write them. One writer: the daemon that holds the state directory's lock and the newest fence.
#![forbid(unsafe_code)]

mod error;
mod journal;
mod open;
mod releases;
mod stable;

pub mod secrets;

pub use error::StoreError;
pub use journal::{Appended, JournalLine};
pub use open::{FORMAT, Store};
pub use releases::{NewRelease, Progress, ReleaseRow};
pub use stable::{StableRow, Success};
