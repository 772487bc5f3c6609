//! The top of the file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::environment::read_environment;
use super::{Alerts, Backups, Database, Edge, Environment, Notify, Release, Route, Service, Volume};
use crate::form::{Map, Text};
use crate::table::{keys, table};
use crate::text::{AppName, Name, TimeZone};

table! {
    /// The whole file, overlays merged and defaults filled in.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct Spec with Environments {
        /// The application's name: lower-case letters, digits and `-`, at most 40 characters.
        pub app: String = required(Text<AppName>),
        /// The time zone in which schedules are read (an IANA name).
        pub timezone: String = default(Text<TimeZone>, "UTC".to_owned()),
        /// What runs.
        pub services: BTreeMap<String, Service> = several(Map<Name, Service>),
        /// What it remembers: databases and caches.
        pub databases: BTreeMap<String, Database> = several(Map<Name, Database>),
        /// Directories that outlive releases.
        pub volumes: BTreeMap<String, Volume> = several(Map<Name, Volume>),
        /// How the world reaches it.
        pub edge: Edge = nested(Edge),
        /// Which paths go to which service. A lone service needs none: it receives `/`.
        pub routes: BTreeMap<String, Route> = several(Map<Name, Route>),
        /// How it changes.
        pub release: Release = nested(Release),
        /// How it is watched.
        pub alerts: Alerts = nested(Alerts),
        /// Who is told.
        pub notify: BTreeMap<String, Notify> = several(Map<Name, Notify>),
        /// How it is recovered.
        pub backups: Option<Backups> = optional(Backups),
        /// The environment this spec was merged for.
        pub environment: Environment = given(read_environment),
    }
}

impl Spec {
    /// The routes of the file; where it has none, a lone service receives `/` under its own name.
    pub fn routes_in_force(&self) -> BTreeMap<String, Route> {
        let mut served = self.services.iter().filter(|(_, service)| service.schedule.is_none());
        match (self.routes.is_empty(), served.next(), served.next()) {
            (true, Some((name, _)), None) => BTreeMap::from([(name.clone(), Route::everything(name))]),
            _ => self.routes.clone(),
        }
    }
}

keys! {
    /// What the file says about its environments.
    pub(crate) struct Environments {
        /// Where the application runs, and what is different there. `production`, `development` and `staging` exist
        /// even where they are not written.
        "environments" = several(Map<Name, Environment>),
    }
}
