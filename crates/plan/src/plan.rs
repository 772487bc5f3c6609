//! The plan of a release: a value that is stored, shown and carried out.

use std::collections::{BTreeMap, BTreeSet};

use seaworthy_platform::{Revision, Scope, SideId};
use seaworthy_spec::OldCode;
use serde::{Deserialize, Serialize};

use crate::change::compare;
use crate::{Action, Change, Settings, Snapshot, needs_order};

/// Why a release happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `up`.
    Release,
    /// `rollback`: no build, no migration, no live gates.
    Rollback,
    /// `restart`: new instances of the same sides.
    Restart,
    /// `scale`: another number of instances.
    Scale,
}

/// How traffic moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// There is no stable side: start, verify, route.
    First,
    /// Instances replaced a few at a time.
    Rolling,
    /// The whole new side is started and verified, then all traffic moves in one step.
    BlueGreen,
    /// Traffic moves in steps, each held and judged.
    Canary,
}

/// What a release will do. Everything that decides it is in here; the release engine asks nobody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of this stored format; this code writes 1.
    pub format: u32,
    /// Whose.
    pub scope: Scope,
    /// Why it happens.
    pub kind: Kind,
    /// How traffic moves.
    pub strategy: Strategy,
    /// The stable revision, if there is one.
    pub from: Option<Snapshot>,
    /// The revision it goes to.
    pub to: Snapshot,
    /// What happens to each service, in needs-order; services that go come last.
    pub changes: Vec<Change>,
    /// The settings in force.
    pub settings: Settings,
}

/// What is asked of [`plan`].
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Why.
    pub kind: Kind,
    /// The stable revision, if there is one.
    pub from: Option<&'a Snapshot>,
    /// The revision wanted.
    pub to: &'a Snapshot,
    /// How many instances of each side are up.
    pub running: &'a BTreeMap<SideId, u32>,
    /// The settings in force.
    pub settings: Settings,
    /// For a restart: which services. Others are kept.
    pub restart: &'a BTreeSet<String>,
}

/// Why there can be no such plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// A gap that nobody consented to.
    #[error("services.{service}: {why}: it does not serve in between")]
    Downtime {
        /// The service with the gap.
        service: String,
        /// What makes the gap.
        why: String,
    },
    /// Old code that must not run with the schema that is there.
    #[error("services.{service}: a migration after that revision is not readable by its code (old_code = \"breaks\")")]
    BrokenSchema {
        /// The service.
        service: String,
    },
}

impl Refusal {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Downtime { .. } => {
                "consent with --allow-downtime or release.downtime = \"allow\", or let instances overlap"
            }
            Self::BrokenSchema { .. } => {
                "release a version whose code knows the present schema, or restore the data from before the migration"
            }
        }
    }

    /// The key it speaks of.
    pub fn key(&self) -> String {
        match self {
            Self::Downtime { service, .. } => format!("services.{service}.overlap"),
            Self::BrokenSchema { service } => format!("services.{service}.migrate"),
        }
    }
}

impl Plan {
    /// The stable revision's digest.
    pub fn from_revision(&self) -> Option<Revision> {
        self.from.as_ref().map(Snapshot::revision)
    }

    /// The wanted revision's digest.
    pub fn to_revision(&self) -> Revision {
        self.to.revision()
    }

    /// Whether both revisions are reached by the same routes on the same addresses.
    pub fn same_routes(&self) -> bool {
        self.from.as_ref().is_some_and(|from| {
            (&from.routes, &from.http, &from.external) == (&self.to.routes, &self.to.http, &self.to.external)
        })
    }

    /// Whether both sides stand beside each other until the new one has proven itself.
    pub fn beside(&self) -> bool {
        matches!(self.strategy, Strategy::BlueGreen | Strategy::Canary)
    }

    /// Whether there is nothing to do: no instance starts or stops and no route changes.
    pub fn unchanged(&self) -> bool {
        self.same_routes() && self.changes.iter().all(|change| !change.action.changes_anything())
    }

    /// Whether the service's sides are started from an artifact that this release may have to build.
    pub fn builds(&self, service: &str) -> bool {
        self.kind == Kind::Release
            && self.changes.iter().any(|change| {
                change.service == service && matches!(change.action, Action::Add { .. } | Action::Replace { .. })
            })
    }

    /// Whether this release runs the service's migration.
    pub fn migrates(&self, service: &str) -> bool {
        self.builds(service)
            && self
                .to
                .services
                .get(service)
                .is_some_and(|found| found.migrate.is_some())
    }
}

/// Makes the plan from the stable revision to the wanted one.
///
/// # Errors
/// [`Refusal`] where the release would have a gap that nobody consented to, or would run code that cannot read the
/// schema that is there.
pub fn plan(request: &Request<'_>) -> Result<Plan, Refusal> {
    let Request {
        kind,
        from,
        to,
        running,
        settings,
        restart,
    } = request;
    let mut names = needs_order(&to.services);
    if let Some(from) = from {
        let gone = needs_order(&from.services)
            .into_iter()
            .rev()
            .filter(|name| !to.services.contains_key(name));
        names.extend(gone);
    }
    let changes: Vec<Change> = names
        .iter()
        .filter_map(|name| compare(name, *from, to, running, restart.contains(name)))
        .collect();
    if !settings.downtime_allowed
        && let Some((service, why)) = changes
            .iter()
            .find_map(|change| Some((change.service.clone(), gap(change, settings)?)))
    {
        return Err(Refusal::Downtime { service, why });
    }
    if *kind == Kind::Rollback
        && let Some(from) = from
        && let Some(service) = crossed_breaking_migration(from, to)
    {
        return Err(Refusal::BrokenSchema { service });
    }
    Ok(Plan {
        format: 1,
        scope: to.scope.clone(),
        kind: *kind,
        strategy: strategy(*kind, *from, settings),
        from: from.cloned(),
        to: (*to).clone(),
        changes,
        settings: settings.clone(),
    })
}

/// How traffic moves: as the file says, and for what needs no judging a few at a time.
fn strategy(kind: Kind, from: Option<&Snapshot>, settings: &Settings) -> Strategy {
    match (from, kind, settings.strategy) {
        (None, _, _) => Strategy::First,
        (_, Kind::Restart | Kind::Scale, _) | (_, _, seaworthy_spec::Strategy::Rolling) => Strategy::Rolling,
        (_, _, seaworthy_spec::Strategy::BlueGreen) => Strategy::BlueGreen,
        (_, _, seaworthy_spec::Strategy::Canary) => Strategy::Canary,
    }
}

/// Why a change leaves a time in which nobody serves, if it does.
fn gap(change: &Change, settings: &Settings) -> Option<String> {
    match &change.action {
        Action::Replace { overlap: false, .. } => Some("overlap = false means stop, then start".to_owned()),
        Action::Replace {
            old_replicas, replicas, ..
        } if settings.max_surge == 0
            && *old_replicas.min(replicas) <= settings.max_unavailable
            && *old_replicas > 0 =>
        {
            let least = old_replicas.min(replicas);
            Some(format!(
                "max_surge = 0 and max_unavailable = {} of {least} means stop, then start",
                settings.max_unavailable
            ))
        }
        _ => None,
    }
}

/// Why code of `to` must not run after the migrations of `after`, if so.
pub fn broken_schema(after: &Snapshot, to: &Snapshot) -> Option<Refusal> {
    crossed_breaking_migration(after, to).map(|service| Refusal::BrokenSchema { service })
}

/// The first service whose migration in `from` breaks the code of `to`.
fn crossed_breaking_migration(from: &Snapshot, to: &Snapshot) -> Option<String> {
    from.services.iter().find_map(|(name, service)| {
        let migration = service.migrate.as_ref()?;
        let same = to.services.get(name).is_some_and(|old| old.input == service.input);
        (migration.old_code == OldCode::Breaks && !same).then(|| name.clone())
    })
}
