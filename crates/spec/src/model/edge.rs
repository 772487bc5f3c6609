//! How the world reaches the application.

use serde::{Deserialize, Serialize};

use super::EnvSource;
use crate::form::{Form, Print, Text};
use crate::mistake::Complaint;
use crate::reader::Reader;
use crate::shape::Shape;
use crate::table::{choices, table};
use crate::text::{Email, Host, Listen, Network, Plain};
use crate::tree::{Node, Value};

table! {
    /// How the world reaches the application.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Edge {
        /// Host names. None: any host.
        pub hosts: Vec<String> = several(Vec<Text<Host>>),
        /// Listening address for HTTP, `":80"` or `"127.0.0.1:8080"`. None: `:80`, or `:8080` without the right to bind
        /// it.
        pub http: Option<String> = optional(Text<Listen>),
        /// Listening address for HTTPS. None: `:443`, or `:8443` without the right to bind it.
        pub https: Option<String> = optional(Text<Listen>),
        /// Where certificates come from.
        pub tls: Tls = default(Tls, Tls::Off),
        /// The ACME account's address.
        pub email: Option<String> = optional(Text<Email>),
        /// Who may reach Seaworthy's own pages from outside.
        pub admin: Vec<String> = several(Vec<Text<Network>>),
    }
}

/// Where certificates come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Tls {
    /// No TLS.
    Off,
    /// An ACME authority.
    Acme,
    /// A development authority of this installation.
    SelfSigned,
    /// Files of your own.
    Files {
        /// Path of the certificate chain.
        certificate: String,
        /// Name of the secret that holds the key.
        key: String,
    },
}

choices! {
    /// The ways to TLS that need no files.
    #[derive(Debug, Clone, Copy)]
    pub(crate) enum TlsMode {
        /// No TLS.
        Off = "off",
        /// An ACME authority.
        Acme = "acme",
        /// A development authority of this installation.
        SelfSigned = "self-signed",
    }
}

table! {
    /// A certificate of your own.
    #[derive(Debug)]
    pub(crate) struct TlsFiles {
        /// Path of the certificate chain.
        pub(crate) certificate: String = required(Text<Plain>),
        /// The secret that holds the key, `{ secret = "tls-key" }`.
        pub(crate) key: EnvSource = required(EnvSource),
    }
}

impl Form for Tls {
    type Value = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Table(_)) {
            return TlsMode::read(node, reader).map(|mode| match mode {
                TlsMode::Off => Self::Off,
                TlsMode::Acme => Self::Acme,
                TlsMode::SelfSigned => Self::SelfSigned,
            });
        }
        let TlsFiles { certificate, key } = TlsFiles::read(node, reader)?;
        let EnvSource::Secret(key) = key else {
            let refusal = Complaint::new(
                "spec.not_a_secret",
                "a private key must be a secret",
                "write key = { secret = \"NAME\" }",
            );
            reader.complain(&node.at, refusal);
            return None;
        };
        Some(Self::Files { certificate, key })
    }

    fn shape() -> Shape {
        Shape::Any(vec![TlsMode::shape(), TlsFiles::shape()])
    }
}

impl Print for Tls {
    fn print(value: &Self) -> String {
        match value {
            Self::Off => TlsMode::print(&TlsMode::Off),
            Self::Acme => TlsMode::print(&TlsMode::Acme),
            Self::SelfSigned => TlsMode::print(&TlsMode::SelfSigned),
            Self::Files { certificate, key } => {
                let (certificate, key) = (crate::tree::quote(certificate), crate::tree::quote(key));
                format!("{{ certificate = {certificate}, key = {{ secret = {key} }} }}")
            }
        }
    }
}
