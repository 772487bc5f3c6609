//! Probes.

use serde::{Deserialize, Serialize};

use crate::form::{Count, Text};
use crate::table::table;
use crate::text::UrlPath;
use crate::units::Span;

table! {
    /// How an instance shows that it is alive and ready.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Health {
        /// Path of the liveness probe: failing it restarts the instance. None: the process being there is enough.
        pub live: Option<String> = optional(Text<UrlPath>),
        /// Path of the readiness probe. None: accepting a connection is enough.
        pub ready: Option<String> = optional(Text<UrlPath>),
        /// Time between two probes.
        pub interval: Span = default(Span, Span::secs(2)),
        /// Time one probe may take.
        pub timeout: Span = default(Span, Span::secs(1)),
        /// Consecutive good probes before an instance gets traffic.
        pub passes: u32 = default(Count<1, 100>, 2),
        /// Consecutive bad probes before it loses it.
        pub fails: u32 = default(Count<1, 100>, 3),
        /// How long a new instance may take until it is ready.
        pub start: Span = default(Span, Span::secs(60)),
    }
}
