//! Where the application runs.

use serde::{Deserialize, Serialize};

use crate::form::{Form, Map, Text};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::table::{choices, keys, table};
use crate::text::{KeyPath, Name, Plain, Registry, Remote};
use crate::tree::{Node, Table};

table! {
    /// Settings of one environment.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Environment with Overlay {
        /// Its name.
        pub name: String = given(read_name),
        /// Another machine, `"ssh://user@server"`. None: this one.
        pub host: Option<String> = optional(Text<Remote>),
        /// Where it runs.
        pub platform: Platform = default(Platform, Platform::Host),
        /// The Kubernetes context and namespace.
        pub kubernetes: Option<Kubernetes> = optional(Kubernetes),
        /// The container registry.
        pub registry: Option<String> = optional(Text<Registry>),
    }
}

keys! {
    /// What an environment changes in the rest of the file. It is laid over the file before anything is read.
    pub(crate) struct Overlay {
        /// Values that are different here, written as in the rest of the file: `edge.tls = "off"`. Lists are replaced
        /// whole.
        "set" = optional(Changes),
        /// Keys that are not set here: `["release.approve"]`.
        "unset" = several(Vec<Text<KeyPath>>),
    }
}

choices! {
    /// Where an environment runs.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    pub enum Platform {
        /// Native processes.
        Host = "host",
        /// A Docker engine.
        Docker = "docker",
        /// Kubernetes.
        Kubernetes = "kubernetes",
    }
}

table! {
    /// A Kubernetes context and namespace.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Kubernetes {
        /// The kubeconfig context.
        pub context: String = required(Text<Plain>),
        /// The namespace.
        pub namespace: Option<String> = optional(Text<Name>),
    }
}

/// The form of `set`: the file itself, every key optional.
pub(crate) struct Changes;

impl Form for Changes {
    type Value = ();

    /// The overlay has been laid over the tree already, and is read as a part of it.
    fn read(_: &Node, _: &mut Reader<'_>) -> Option<()> {
        Some(())
    }

    fn shape() -> Shape {
        Shape::Changes
    }
}

fn read_name(_: &Node, reader: &mut Reader<'_>) -> Option<String> {
    Some(reader.name())
}

/// The environment that is read for. All that the file lists are read, so that all their mistakes are told.
pub(super) fn read_environment(root: &Node, reader: &mut Reader<'_>) -> Option<Environment> {
    let nothing = Table::new();
    let mut listed = reader
        .optional::<Map<Name, Environment>>(root.table().unwrap_or(&nothing), KEY)
        .unwrap_or_default();
    let name = reader.environment.to_owned();
    let unlisted = |reader: &mut Reader<'_>| Environment::read(&Node::empty_table(root.at.clone()), reader);
    listed
        .remove(&name)
        .or_else(|| reader.at_key(KEY, |reader| reader.at_key(&name, unlisted)))
}

/// Where environments stand in the file.
pub(crate) const KEY: &str = "environments";
