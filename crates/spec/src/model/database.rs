//! What the application remembers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::EnvSource;
use crate::form::{Map, Text};
use crate::table::{choices, table};
use crate::text::{Mount, Name, Plain, Version};
use crate::units::{Range, Ranged, Size, Span};

table! {
    /// A database or cache.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Database {
        /// Which engine.
        pub engine: Engine = required(Engine),
        /// Its version.
        pub version: Option<String> = optional(Text<Version>),
        /// Disk it may use.
        pub storage: Option<Size> = optional(Size),
        /// Memory it may use.
        pub memory: Option<Size> = optional(Size),
        /// Connections kept by the pooler.
        pub pool: Option<Range<u32>> = optional(Ranged<u32>),
        /// The longest time of one query.
        pub query_timeout: Option<Span> = optional(Span),
        /// What a full cache forgets.
        pub eviction: Option<String> = optional(Text<Plain>),
        /// Where an external one is.
        pub url: Option<EnvSource> = optional(EnvSource),
    }
}

choices! {
    /// A database engine.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Engine {
        /// PostgreSQL.
        Postgres = "postgres",
        /// Redis.
        Redis = "redis",
        /// SQLite.
        Sqlite = "sqlite",
        /// One that runs elsewhere.
        External = "external",
    }
}

table! {
    /// A directory that outlives releases.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Volume {
        /// Where each service sees it.
        pub mount: BTreeMap<String, String> = required(Map<Name, Text<Mount>>),
    }
}
