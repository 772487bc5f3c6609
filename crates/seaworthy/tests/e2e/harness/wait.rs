//! Waiting for something that shows only by looking again.

use std::time::{Duration, Instant};

/// Looks until it is so, for this long at most. Answers whether it became so.
pub(crate) fn until(most: Duration, mut so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if so() {
            return true;
        }
        if began.elapsed() >= most {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Looks until there is something to see, for 30 s at most.
#[track_caller]
pub(crate) fn for_some<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut seen = None;
    until(Duration::from_secs(30), || {
        seen = look();
        seen.is_some()
    });
    seen.unwrap_or_else(|| panic!("waited 30 s for {what}"))
}
