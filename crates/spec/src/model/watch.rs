//! How the application is watched, and who is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::EnvSource;
use crate::form::{Form, Print, Text};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::table::{choices, keys, table};
use crate::text::Plain;
use crate::tree::{Node, Table};
use crate::units::Span;

table! {
    /// How the application is watched.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Alerts {
        /// The shipped rules. None: not said.
        pub defaults: Option<bool> = optional(bool),
        /// Prometheus rule files.
        pub rules: Vec<String> = several(Vec<Text<Plain>>),
    }
}

table! {
    /// Where notifications of some severities go.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Notify with Channels {
        /// Channel name (`slack`, `teams`, `pagerduty`, `email`, `sms`, `webhook`) to its address.
        pub channels: BTreeMap<String, EnvSource> = given(read_channels),
        /// Which severities, `P0`–`P3`.
        pub severity: Vec<String> = default(Vec<SeverityWord>, Severity::all()),
        /// How often an open alert is told again.
        pub repeat: Option<Span> = optional(Span),
    }
}

keys! {
    /// The channels.
    pub(crate) struct Channels {
        /// A Slack webhook.
        "slack" = optional(EnvSource),
        /// A Microsoft Teams webhook.
        "teams" = optional(EnvSource),
        /// A PagerDuty integration key.
        "pagerduty" = optional(EnvSource),
        /// A mail address.
        "email" = optional(EnvSource),
        /// A telephone number.
        "sms" = optional(EnvSource),
        /// Any other webhook.
        "webhook" = optional(EnvSource),
    }
}

fn read_channels(node: &Node, reader: &mut Reader<'_>) -> Option<BTreeMap<String, EnvSource>> {
    let nothing = Table::new();
    let table = node.table().unwrap_or(&nothing);
    let written: Vec<&str> = (Channels::table_shape().keys)()
        .iter()
        .map(|key| key.name)
        .filter(|key| table.contains_key(*key))
        .collect();
    if written.is_empty() {
        let remedy = "write for example slack = { secret = \"slack-webhook\" }";
        reader.complain(
            &node.at,
            Complaint::new("spec.no_channel", "nobody is told: there is no channel", remedy),
        );
    }
    let read = |channel| Some((String::from(channel), reader.optional::<EnvSource>(table, channel)?));
    Some(written.into_iter().filter_map(read).collect())
}

choices! {
    /// How bad something is.
    #[derive(Debug, Clone, Copy)]
    pub(crate) enum Severity {
        /// Everything is down.
        P0 = "P0",
        /// Something important is down.
        P1 = "P1",
        /// Something is wrong.
        P2 = "P2",
        /// Something should be looked at.
        P3 = "P3",
    }
}

impl Severity {
    fn all() -> Vec<String> {
        Self::WORDS.iter().map(|word| word.word.to_owned()).collect()
    }
}

/// A severity, kept as its word.
struct SeverityWord;

impl Form for SeverityWord {
    type Value = String;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<String> {
        Severity::read(node, reader).map(|severity| severity.word().to_owned())
    }

    fn shape() -> Shape {
        Severity::shape()
    }
}

impl Print for SeverityWord {
    fn print(value: &String) -> String {
        String::print(value)
    }
}
