//! The one place of the control process where time enters.

use std::sync::OnceLock;

use rustix::time::{ClockId, clock_gettime};
use seaworthy_platform::Timestamp;
use seaworthy_release::Moment;

/// The wall clock now.
pub fn timestamp() -> Timestamp {
    Timestamp(millis(ClockId::Realtime))
}

/// Now, in the terms in which releases are timed.
pub fn moment() -> Moment {
    Moment {
        boot: boot_id().to_owned(),
        boot_ms: millis(ClockId::Boottime),
        wall: timestamp(),
    }
}

fn millis(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}

/// The id of this boot. A kernel without `/proc` has none; every daemon then counts as of the same boot.
fn boot_id() -> &'static str {
    static BOOT: OnceLock<String> = OnceLock::new();
    BOOT.get_or_init(|| {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map(|id| id.trim().to_owned())
            .unwrap_or_default()
    })
}
