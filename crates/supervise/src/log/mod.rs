//! An instance's log: one line per line it wrote, with time and stream, in a bounded number of files of bounded size.
//!
//! The keeper writes (`writer`); anybody reads, while it writes ([`read()`], [`Follow`]).

mod follow;
pub(crate) mod line;
mod read;
pub(crate) mod writer;

pub use follow::Follow;
pub use line::{Line, Source};
pub use read::{Filter, LogError, read};

/// The directory of the log in an instance's directory.
pub(crate) const DIRECTORY: &str = "log";
