//! What happens to one service, and why.

use std::collections::BTreeMap;

use seaworthy_platform::SideId;
use serde::{Deserialize, Serialize};

use crate::{ServiceSnapshot, Snapshot};

/// What happens to one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The service.
    pub service: String,
    /// What happens to it.
    pub action: Action,
    /// Why, in words: which inputs differ.
    pub why: String,
}

/// What happens to a service's sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is new.
    Add {
        /// Its side.
        side: SideId,
        /// How many instances.
        replicas: u32,
    },
    /// Its behaviour differs: a new side takes over from the old one.
    Replace {
        /// The side that serves now.
        old: SideId,
        /// How many instances it has by the stable revision.
        old_replicas: u32,
        /// The side that shall serve.
        new: SideId,
        /// How many instances it shall have.
        replicas: u32,
        /// `false`: stop, then start, with a gap that was consented to.
        overlap: bool,
    },
    /// The same side with another number of instances, or with fewer running than there should be.
    Scale {
        /// The side.
        side: SideId,
        /// How many instances it had.
        from: u32,
        /// How many it shall have.
        to: u32,
    },
    /// Every instance is replaced by a new one of the same side.
    Restart {
        /// The side.
        side: SideId,
        /// How many instances it has.
        replicas: u32,
    },
    /// Nothing.
    Keep {
        /// The side.
        side: SideId,
        /// How many instances it has.
        replicas: u32,
    },
    /// It is no longer in the file.
    Remove {
        /// The side that goes.
        side: SideId,
        /// How many instances it has by the stable revision.
        replicas: u32,
    },
}

impl Action {
    /// The word for it in plans, the API and the CLI.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Replace { .. } => "replace",
            Self::Scale { .. } => "scale",
            Self::Restart { .. } => "restart",
            Self::Keep { .. } => "keep",
            Self::Remove { .. } => "remove",
        }
    }

    /// Whether instances start or stop because of it.
    pub fn changes_anything(&self) -> bool {
        !matches!(self, Self::Keep { .. })
    }
}

/// Compares one service's stable and wanted form. `running` says how many instances of each side are up.
pub(crate) fn compare(
    name: &str,
    from: Option<&Snapshot>,
    to: &Snapshot,
    running: &BTreeMap<SideId, u32>,
    restart: bool,
) -> Option<Change> {
    let old = from.and_then(|snapshot| snapshot.services.get(name).map(|service| (snapshot, service)));
    let new = to.services.get(name);
    let (action, why) = match (old, new) {
        (None, None) => return None,
        (None, Some(new)) => (
            Action::Add {
                side: new.side_id(&to.scope, name),
                replicas: new.replicas,
            },
            "it is new in the file".to_owned(),
        ),
        (Some((snapshot, old)), None) => {
            let side = old.side_id(&snapshot.scope, name);
            (
                Action::Remove {
                    side,
                    replicas: old.replicas,
                },
                "it is no longer in the file".to_owned(),
            )
        }
        (Some((snapshot, old)), Some(new)) => {
            let (old_side, side) = (old.side_id(&snapshot.scope, name), new.side_id(&to.scope, name));
            let up = running.get(&side).copied().unwrap_or(0);
            if old_side != side {
                let (old_replicas, replicas, overlap) = (old.replicas, new.replicas, new.overlap && old.overlap);
                (
                    Action::Replace {
                        old: old_side,
                        old_replicas,
                        new: side,
                        replicas,
                        overlap,
                    },
                    difference(old, new),
                )
            } else if restart {
                (
                    Action::Restart {
                        side,
                        replicas: new.replicas,
                    },
                    "a restart was asked for".to_owned(),
                )
            } else if old.replicas != new.replicas {
                let why = format!("replicas {} → {}", old.replicas, new.replicas);
                (
                    Action::Scale {
                        side,
                        from: old.replicas,
                        to: new.replicas,
                    },
                    why,
                )
            } else if up != new.replicas {
                let why = format!("{up} of {} instances are up", new.replicas);
                (
                    Action::Scale {
                        side,
                        from: up,
                        to: new.replicas,
                    },
                    why,
                )
            } else {
                (
                    Action::Keep {
                        side,
                        replicas: new.replicas,
                    },
                    "nothing that decides its behaviour differs".to_owned(),
                )
            }
        }
    };
    Some(Change {
        service: name.to_owned(),
        action,
        why,
    })
}

/// Names the inputs that differ between two forms of a service.
fn difference(old: &ServiceSnapshot, new: &ServiceSnapshot) -> String {
    let mut parts = Vec::new();
    if old.input != new.input {
        parts.push("source or build".to_owned());
    }
    if old.command != new.command {
        parts.push("command".to_owned());
    }
    let names: std::collections::BTreeSet<&String> = old.env.keys().chain(new.env.keys()).collect();
    parts.extend(
        names
            .into_iter()
            .filter(|name| old.env.get(*name) != new.env.get(*name))
            .map(|name| format!("env {name}")),
    );
    if (old.listens, old.port) != (new.listens, new.port) {
        parts.push("port".to_owned());
    }
    if old.health != new.health {
        parts.push("health".to_owned());
    }
    if old.stop != new.stop {
        parts.push("stop".to_owned());
    }
    if old.drain != new.drain {
        parts.push("drain".to_owned());
    }
    if old.migrate != new.migrate {
        parts.push("migrate".to_owned());
    }
    if old.cpu != new.cpu || old.memory != new.memory {
        parts.push("resources".to_owned());
    }
    format!("{} changed", parts.join(", "))
}
