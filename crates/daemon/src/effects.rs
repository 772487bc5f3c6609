//! Carries one effect of a release out on the platform and says what was seen.

use std::sync::Arc;
use std::time::Instant;

use seaworthy_platform::{EffectKey, Platform as _, Routing, SideId, SideSpec, TaskSpec};
use seaworthy_release::{Effect, Machine, Observation, Reason, Table};

use crate::app::App;
use crate::process::log_line;
use crate::refusal::reason;
use crate::{clock, facts};

/// Everything that one effect needs, taken out of the machine so that it can run beside it.
#[derive(Clone)]
pub(crate) struct Job {
    key: EffectKey,
    machine: Machine,
    effect: Effect,
}

impl Job {
    pub(crate) fn new(machine: &Machine, step: u32, effect: &Effect) -> Self {
        let key = EffectKey {
            release: machine.release().clone(),
            step,
            attempt: 1,
        };
        Self {
            key,
            machine: machine.clone(),
            effect: effect.clone(),
        }
    }

    /// Runs it to its end.
    pub(crate) async fn run(self, app: Arc<App>) -> Result<Observation, Reason> {
        let started = Instant::now();
        let scope = &self.machine.plan().scope;
        match &self.effect {
            Effect::Check => {
                facts::check_fit(&app, self.machine.plan()).await?;
                Ok(said("memory, disk and routes are there for it"))
            }
            Effect::Build { service } => self.build(&app, service).await,
            Effect::Migrate { service } => self.migrate(&app, service).await,
            Effect::Ensure { side, replicas } => {
                let seen = app
                    .platform
                    .ensure(&self.key, &self.side(side)?, *replicas)
                    .await
                    .map_err(|e| reason(&e))?;
                let millis = started.elapsed().as_millis();
                Ok(said(match replicas {
                    0 => format!("gone after {millis} ms"),
                    _ => format!("{} ready after {millis} ms", seen.ready()),
                }))
            }
            Effect::Restart { side } => {
                app.platform
                    .restart(scope, &side.service)
                    .await
                    .map_err(|e| reason(&e))?;
                Ok(said(format!("replaced after {} ms", started.elapsed().as_millis())))
            }
            Effect::Route { table, weights } => {
                let snapshot = match table {
                    Table::New => Some(&self.machine.plan().to),
                    Table::Old => self.machine.plan().from.as_ref(),
                };
                let routing = Routing {
                    http: snapshot.and_then(|snapshot| snapshot.http.clone()),
                    routes: snapshot.map(|snapshot| snapshot.routes.clone()).unwrap_or_default(),
                    external: snapshot.map(|snapshot| snapshot.external.clone()).unwrap_or_default(),
                    weights: weights.clone(),
                };
                let routed = app
                    .platform
                    .route(&self.key, scope, &routing)
                    .await
                    .map_err(|e| reason(&e))?;
                Ok(said(format!("version {} live on every worker", routed.version)))
            }
            Effect::Remove { side } => {
                app.platform.remove(side).await.map_err(|e| reason(&e))?;
                Ok(said("removed"))
            }
        }
    }

    async fn build(&self, app: &App, service: &str) -> Result<Observation, Reason> {
        let Some(wanted) = self.machine.plan().to.services.get(service) else {
            return Err(lost(service));
        };
        let built = app.platform.build(&wanted.build).await.map_err(|e| reason(&e))?;
        let detail = if built.reused {
            "unchanged, not built again".to_owned()
        } else {
            format!("built in {} ms", built.millis)
        };
        Ok(Observation {
            detail,
            artifact: Some(built.artifact),
        })
    }

    /// Ends what goes on by itself after nobody waits for this effect any more: a migration that is no longer wanted.
    pub(crate) async fn end(self, app: Arc<App>) {
        let Effect::Migrate { service } = &self.effect else {
            return;
        };
        let Ok(task) = self.migration(service) else { return };
        if let Err(error) = app.platform.stop_task(&self.key, &task).await {
            log_line(&format!(
                "{}: the migration of {service} could not be stopped: {error}",
                self.key.release
            ));
        }
    }

    fn migration(&self, service: &str) -> Result<TaskSpec, Reason> {
        let plan = self.machine.plan();
        let wanted = plan.to.services.get(service).and_then(|found| found.migrate.as_ref());
        let side = plan.to.side_id(service).ok_or_else(|| lost(service))?;
        let side = self.side(&side)?;
        Ok(TaskSpec {
            scope: plan.scope.clone(),
            name: format!("migrate-{service}"),
            release: self.key.release.clone(),
            artifact: side.artifact,
            command: wanted.ok_or_else(|| lost(service))?.run.clone(),
            env: side.env,
        })
    }

    async fn migrate(&self, app: &App, service: &str) -> Result<Observation, Reason> {
        let task = self.migration(service)?;
        let ended = app.platform.run(&self.key, &task).await.map_err(|e| reason(&e))?;
        match ended.exit {
            Some(0) => Ok(said("exit status 0")),
            Some(status) => Err(Reason {
                kind: "migration".to_owned(),
                cause: format!("the migration of {service} ended with exit status {status}"),
                remedy: "mend it; a migration must leave the schema as it was when it fails".to_owned(),
                last_lines: ended.last_lines,
            }),
            None if ended.signal.is_some() => Err(Reason {
                kind: "migration".to_owned(),
                cause: format!("a signal ended the migration of {service}"),
                remedy: "its last lines say which; a migration must leave the schema as it was when it fails"
                    .to_owned(),
                last_lines: ended.last_lines,
            }),
            None => Err(Reason {
                kind: "unknown".to_owned(),
                cause: format!("nobody saw how the migration of {service} ended"),
                remedy: "look at the database, then answer \"ran\" or \"did not run\"".to_owned(),
                last_lines: ended.last_lines,
            }),
        }
    }

    fn side(&self, side: &SideId) -> Result<SideSpec, Reason> {
        self.machine.side_spec(side).ok_or_else(|| lost(&side.service))
    }
}

fn said(detail: impl Into<String>) -> Observation {
    Observation {
        detail: detail.into(),
        artifact: None,
    }
}

fn lost(service: &str) -> Reason {
    let at = clock::timestamp().0;
    Reason::new(
        "journal",
        format!("the plan does not say how {service} is run (at {at})"),
        "release again; if it stays so, the state directory was changed by hand",
    )
}
