//! What runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::variable::Variable;
use super::{EnvVar, Health};
use crate::form::{Form, Map, OneOrMore, Port, Text};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::{Shape, TextShape};
use crate::table::{choices, table};
use crate::text::{Cron, Egress, EnvName, External, Image, Name, Plain, UrlPath};
use crate::tree::{Node, Value};
use crate::units::{Cores, Pace, Percent, Range, Ranged, Size, Span};

table! {
    /// A process (or several of the same kind) that the application is made of.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Service {
        /// The directory that holds the source, relative to the file.
        pub source: Option<String> = optional(Text<Plain>),
        /// A container image instead of a source (Docker and Kubernetes).
        pub image: Option<String> = optional(Text<Image>),
        /// Addresses of a service that runs elsewhere: routed, probed and measured, not started or released.
        pub external: Vec<String> = several(OneOrMore<Text<External>>),
        /// The shell command that builds the source. Detected where absent; `""` builds nothing.
        pub build: Option<String> = optional(String),
        /// The command of each instance: a list is executed as it is, a text is given to a shell. Detected where
        /// absent.
        pub command: Option<CommandLine> = optional(CommandLine),
        /// The port the application listens on in a container; natively it must listen on `$PORT`.
        pub port: Option<u16> = optional(Port),
        /// Services and databases that must be ready first. `NAME_URL` is not given to instances yet.
        pub needs: Vec<String> = several(Vec<Text<Name>>),
        /// How many instances: a number, or a range that is autoscaled.
        pub replicas: Range<u32> = default(Ranged<u32>, Range::exactly(1)),
        /// Processor time in cores, request..limit.
        pub cpu: Option<Range<Cores>> = optional(Ranged<Cores>),
        /// Memory, request..limit.
        pub memory: Option<Range<Size>> = optional(Range<Size>),
        /// How an instance shows that it is alive and ready.
        pub health: Health = nested(Health),
        /// A task that changes the database schema, run once in a release. A command alone means `old_code = "works"`.
        pub migrate: Option<Migrate> = optional(MigrateForm),
        /// How long existing requests may take to finish when an instance leaves.
        pub drain: Span = default(Span, Span::secs(30)),
        /// How long an instance may take after SIGTERM before SIGKILL.
        pub stop: Span = default(Span, Span::secs(10)),
        /// The path of the application's own Prometheus metrics.
        pub metrics: Option<String> = optional(Text<UrlPath>),
        /// What it may reach outside, `host:port`.
        pub egress: Option<Vec<String>> = optional(Vec<Text<Egress>>),
        /// How it follows its load, when `replicas` is a range.
        pub autoscale: Option<Autoscale> = optional(Autoscale),
        /// Environment variables.
        pub env: BTreeMap<String, EnvVar> = several(Map<EnvName, Variable>),
        /// A cron expression: this is a job, not a service.
        pub schedule: Option<String> = optional(Text<Cron>),
        /// `false`: never two instances at once, so a release stops the old one first (a gap).
        pub overlap: bool = default(bool, true),
    }
}

/// A command: an array is executed as it is, a string is given to `sh -c`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CommandLine {
    /// Executed as it is.
    Exec(Vec<String>),
    /// Given to `/bin/sh -c`.
    Shell(String),
}

impl Form for CommandLine {
    type Value = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.value {
            Value::List(items) => {
                let words = Vec::<String>::read(node, reader)?;
                let refusal = || {
                    Complaint::new(
                        "spec.empty",
                        "this command is empty",
                        "write [\"PROGRAM\", \"ARGUMENT\"]",
                    )
                };
                reader.accept(
                    node,
                    (!items.is_empty() && !words[0].is_empty())
                        .then_some(Self::Exec(words))
                        .ok_or_else(refusal),
                )
            }
            Value::Text(_) => Text::<Plain>::read(node, reader).map(Self::Shell),
            _ => {
                reader.wrong_type(
                    node,
                    "a command",
                    "write [\"PROGRAM\", \"ARGUMENT\"], or a text for a shell",
                );
                None
            }
        }
    }

    fn shape() -> Shape {
        let words = TextShape {
            name: "word",
            pattern: "",
            example: "server",
        };
        let shell = TextShape {
            name: "shell command",
            pattern: "",
            example: "exec ./server",
        };
        Shape::Any(vec![Shape::List(Box::new(Shape::Text(words))), Shape::Text(shell)])
    }

    fn stand_in() -> Option<Self> {
        Some(Self::Shell(String::new()))
    }
}

table! {
    /// A schema migration.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Migrate plain "run" {
        /// The command, in the new artifact with the new environment.
        pub run: CommandLine = required(CommandLine),
        /// Whether the old code works with the new schema.
        pub old_code: OldCode = default(OldCode, OldCode::Works),
    }
}

/// A migration as a table or as its command alone.
struct MigrateForm;

impl Form for MigrateForm {
    type Value = Migrate;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Migrate> {
        match node.value {
            Value::Table(_) => Migrate::read(node, reader),
            _ => Some(Migrate {
                run: CommandLine::read(node, reader)?,
                old_code: OldCode::Works,
            }),
        }
    }

    fn shape() -> Shape {
        Shape::Any(vec![CommandLine::shape(), Migrate::shape()])
    }
}

choices! {
    /// Whether old code works with the schema after a migration.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum OldCode {
        /// Expand/contract: both versions may run.
        Works = "works",
        /// The old version must not run any more.
        Breaks = "breaks",
    }
}

table! {
    /// Bounds and targets of autoscaling.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Autoscale {
        /// Target processor use, percent of the request.
        pub cpu: Option<u32> = optional(Percent),
        /// Target memory use, percent of the request.
        pub memory: Option<u32> = optional(Percent),
        /// Largest growth, `"50% / 30s"`.
        pub up: Option<String> = optional(Text<Pace>),
        /// Largest shrinkage, `"10% / 60s"`.
        pub down: Option<String> = optional(Text<Pace>),
    }
}
