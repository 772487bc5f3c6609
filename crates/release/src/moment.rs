//! Time as the machine sees it: given with every event, never asked for.

use seaworthy_platform::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment. Boot time is what timers run on; the wall clock is for people, and decides only across reboots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Which boot (`/proc/sys/kernel/random/boot_id`).
    pub boot: String,
    /// Milliseconds since that boot, suspended time included (CLOCK_BOOTTIME).
    pub boot_ms: u64,
    /// The wall clock.
    pub wall: Timestamp,
}

/// An absolute time at which something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due(Moment);

impl Moment {
    /// The moment so many milliseconds after this one.
    pub fn after(&self, millis: u64) -> Due {
        Due(Self {
            boot: self.boot.clone(),
            boot_ms: self.boot_ms.saturating_add(millis),
            wall: Timestamp(self.wall.0.saturating_add(millis)),
        })
    }
}

impl Due {
    /// Milliseconds from `now` until it is due; 0 when it is.
    pub fn in_millis(&self, now: &Moment) -> u64 {
        if self.0.boot == now.boot {
            self.0.boot_ms.saturating_sub(now.boot_ms)
        } else {
            self.0.wall.0.saturating_sub(now.wall.0)
        }
    }

    /// By the wall clock, for people.
    pub fn wall(&self) -> Timestamp {
        self.0.wall
    }

    /// Whether it is due.
    pub fn is_due(&self, now: &Moment) -> bool {
        self.in_millis(now) == 0
    }
}
