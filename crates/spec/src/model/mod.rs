//! The types of the file. Their documentation is the reference page.

mod backups;
mod database;
mod edge;
mod environment;
mod file;
mod gate;
mod health;
mod release;
mod route;
mod service;
mod variable;
mod watch;

pub use backups::Backups;
pub use database::{Database, Engine, Volume};
pub use edge::{Edge, Tls};
pub(crate) use environment::KEY as ENVIRONMENTS;
pub use environment::{Environment, Kubernetes, Platform};
pub use file::Spec;
pub use gate::{Gate, NoData};
pub use health::Health;
pub use release::{Downtime, Release, Step, Strategy};
pub use route::{Cache, Cors, Route, Tenant};
pub use service::{Autoscale, CommandLine, Migrate, OldCode, Service};
pub use variable::{EnvKind, EnvSource, EnvVar};
pub use watch::{Alerts, Notify};
