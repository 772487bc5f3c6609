//! Names of things. Each is a type of its own, so that one cannot be given where another is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

id! {
    /// One release, `r1`, `r2`, … within a state directory.
    ReleaseId
}
id! {
    /// The digest of everything that decides an application's behaviour (lower-case hex).
    Revision
}
id! {
    /// The digest of everything that decides one service's behaviour (lower-case hex, 12 characters).
    ServiceRevision
}
id! {
    /// Names an artifact by what it was built from (lower-case hex, 32 characters); its manifest holds the digest of its content.
    ArtifactId
}
id! {
    /// One instance: service, service revision and a number, `web-3f2a9c-1`.
    InstanceId
}

/// Whose: organisation (one, `default`, until identity arrives), application and environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The organisation.
    pub organisation: String,
    /// The application.
    pub app: String,
    /// The environment.
    pub environment: String,
}

impl Scope {
    /// The scope of an application's environment in the organisation `default`.
    pub fn new(app: &str, environment: &str) -> Self {
        Self {
            organisation: "default".to_owned(),
            app: app.to_owned(),
            environment: environment.to_owned(),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.organisation, self.app, self.environment)
    }
}

/// All instances of one revision of one service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SideId {
    /// Whose.
    pub scope: Scope,
    /// Which service.
    pub service: String,
    /// Which revision of it.
    pub revision: ServiceRevision,
}

impl fmt::Display for SideId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.service, self.revision)
    }
}

/// Identifies one run of one effect: the same key asks for the same thing again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// The release that wants it.
    pub release: ReleaseId,
    /// The step within the release.
    pub step: u32,
    /// Which try.
    pub attempt: u32,
}

/// Wall-clock time, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub u64);
