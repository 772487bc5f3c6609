//! What the machine wants done, and what was seen when it was.

use seaworthy_platform::{ArtifactId, SideId, SideWeight};
use serde::{Deserialize, Serialize};

/// Something to do. Each is idempotent: doing it again finds it done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Gather facts and compare them with the plan.
    Check,
    /// Make a service's artifact.
    Build {
        /// The service.
        service: String,
    },
    /// Run a service's migration.
    Migrate {
        /// The service.
        service: String,
    },
    /// Bring a side to so many verified instances, or drain and stop the surplus.
    Ensure {
        /// The side.
        side: SideId,
        /// How many.
        replicas: u32,
    },
    /// Replace every instance of a side by a new one, one at a time.
    Restart {
        /// The side.
        side: SideId,
    },
    /// Give the edge these routes and weights.
    Route {
        /// Whose routes.
        table: Table,
        /// The weights of all sides.
        weights: Vec<SideWeight>,
    },
    /// Take a side away, with all that belongs to it.
    Remove {
        /// The side.
        side: SideId,
    },
}

/// Whose routes are in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Those of the stable revision.
    Old,
    /// Those of the new one.
    New,
}

/// What was seen when an effect was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Observation {
    /// One line for people: `ready after 214 ms`, `version 7 live on every worker`.
    pub detail: String,
    /// What a build made.
    pub artifact: Option<ArtifactId>,
}

impl Effect {
    /// One line that says what it does.
    pub fn describe(&self) -> String {
        match self {
            Self::Check => "check the machine".to_owned(),
            Self::Build { service } => format!("build {service}"),
            Self::Migrate { service } => format!("migrate {service}"),
            Self::Ensure { side, replicas: 0 } => format!("drain and stop {side}"),
            Self::Ensure { side, replicas } => format!("bring {side} to {replicas}"),
            Self::Restart { side } => format!("restart {side}, one at a time"),
            Self::Route { weights, .. } => format!("route {}", shares(weights)),
            Self::Remove { side } => format!("remove {side}"),
        }
    }
}

/// Weights as people read them: the sides of a service that share its traffic.
fn shares(weights: &[SideWeight]) -> String {
    let shown: Vec<String> = weights
        .iter()
        .filter(|weight| weight.weight > 0)
        .map(|weight| {
            let whole: u32 = weights
                .iter()
                .filter(|other| other.side.service == weight.side.service)
                .map(|other| other.weight)
                .sum();
            format!("{} {} %", weight.side, weight.weight * 100 / whole.max(1))
        })
        .collect();
    if shown.is_empty() {
        "nothing".to_owned()
    } else {
        shown.join(", ")
    }
}
