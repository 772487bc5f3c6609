//! One honest picture of what runs.

use seaworthy_api::{AppStatus, InstanceStatus, ServiceStatus};

use super::paint::Paint;
use super::table::Table;
use super::{duration, sides};

/// An application: where it is reached, which release, every instance, the edge.
pub(crate) fn render(app: &AppStatus, paint: Paint) -> String {
    let mut text = paint.bold(&format!("{} · {}", app.app, app.environment));
    match &app.release {
        Some(release) => {
            let state = release.outcome.as_deref().unwrap_or(&release.phase);
            text.push_str(&format!("   release {} {}", release.id, paint.state(state)));
        }
        None => text.push_str("   no release yet"),
    }
    text.push('\n');
    let waits_for = app.release.as_ref().and_then(|release| release.waits_for.as_deref());
    if let Some(what) = waits_for {
        text.push_str(&format!("waits for {}\n", sides::short(what)));
    }
    text.extend(app.urls.iter().map(|url| format!("{}\n", paint.link(url))));
    text.push('\n');
    text.push_str(&services(app, paint));
    text.push_str(&edge(app, paint));
    text
}

fn services(app: &AppStatus, paint: Paint) -> String {
    if app
        .services
        .iter()
        .all(|service| service.instances.is_empty() && service.state != "external")
    {
        return "nothing runs\n".to_owned();
    }
    let mut table = Table::new([
        "SERVICE", "STATE", "INSTANCE", "", "RELEASE", "PID", "PORT", "UP", "RESTARTS",
    ]);
    for service in &app.services {
        let count = service
            .instances
            .iter()
            .filter(|instance| instance.state == "ready")
            .count();
        let state = match service.state.as_str() {
            "external" => paint.state("external"),
            word => format!(
                "{} {}",
                paint.state(word),
                paint.dim(&format!("{count}/{}", service.replicas))
            ),
        };
        let mut name = (service.name.clone(), state);
        if service.instances.is_empty() {
            let (name, state) = std::mem::take(&mut name);
            table.row([
                name,
                state,
                "".into(),
                "".into(),
                "".into(),
                "".into(),
                "".into(),
                "".into(),
                "".into(),
            ]);
        }
        for instance in &service.instances {
            let (name, state) = std::mem::take(&mut name);
            table.row(row(name, state, instance, app.observed_ms, paint));
            if let Some(trouble) = &instance.trouble {
                table.note(format!("{} {trouble}", paint.bad("!")));
            }
        }
        let under_way = app.release.as_ref().is_some_and(|release| release.outcome.is_none());
        if service.weights.len() > 1 || under_way && !service.weights.is_empty() {
            table.note(paint.dim(&weights(service)));
        }
    }
    table.render(paint)
}

fn row(name: String, state: String, instance: &InstanceStatus, now_ms: u64, paint: Paint) -> [String; 9] {
    let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    [
        name,
        state,
        instance.id.clone(),
        paint.state(&instance.state),
        instance.release.clone(),
        number(instance.pid),
        number(instance.port.map(u32::from)),
        instance
            .started_ms
            .map(|started| duration::coarse(started, now_ms))
            .unwrap_or_default(),
        match instance.restarts {
            0 => paint.dim("0"),
            restarts => paint.warn(&restarts.to_string()),
        },
    ]
}

fn weights(service: &ServiceStatus) -> String {
    let total: u32 = service.weights.values().sum();
    let shares = service.weights.iter().map(|(release, weight)| match total {
        0 => format!("{release} 0 %"),
        total => format!("{release} {} %", weight * 100 / total),
    });
    format!("{}: traffic {}", service.name, shares.collect::<Vec<_>>().join(" · "))
}

fn edge(app: &AppStatus, paint: Paint) -> String {
    let mut parts = vec![format!("edge {}", paint.state(&app.edge.state))];
    if let Some(pid) = app.edge.pid {
        parts.push(format!("pid {pid}"));
    }
    if !app.edge.listeners.is_empty() {
        parts.push(app.edge.listeners.join(", "));
    }
    if app.edge.version > 0 {
        parts.push(paint.dim(&format!("configuration {}", app.edge.version)));
    }
    format!("\n{}\n", parts.join(" · "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use seaworthy_api::{EdgeStatus, ReleaseStatus};

    use super::*;

    fn sample() -> AppStatus {
        let instance = |id: &str, state: &str, trouble: Option<&str>| InstanceStatus {
            id: id.into(),
            release: "r2".into(),
            state: state.into(),
            pid: Some(4242),
            port: Some(34567),
            started_ms: Some(0),
            restarts: 0,
            trouble: trouble.map(Into::into),
            observed_ms: 120_000,
        };
        AppStatus {
            version: 1,
            app: "hello".into(),
            environment: "production".into(),
            observed_ms: 120_000,
            release: Some(ReleaseStatus {
                id: "r2".into(),
                phase: "baking".into(),
                outcome: None,
                waits_for: Some("the end of the bake, 12 s more".into()),
            }),
            revision: None,
            services: vec![ServiceStatus {
                name: "web".into(),
                state: "degraded".into(),
                replicas: 2,
                instances: vec![
                    instance("web-3f2a9c-1", "ready", None),
                    instance("web-3f2a9c-2", "unready", Some("its probe times out")),
                ],
                weights: BTreeMap::from([("r1".into(), 3), ("r2".into(), 1)]),
            }],
            urls: vec!["http://127.0.0.1:8080/".into()],
            edge: EdgeStatus {
                state: "serving".into(),
                pid: Some(99),
                version: 7,
                listeners: vec!["127.0.0.1:8080".into()],
            },
        }
    }

    #[test]
    fn the_picture_has_everything_at_its_place() {
        let expected = "\
hello · production   release r2 baking
waits for the end of the bake, 12 s more
http://127.0.0.1:8080/

SERVICE  STATE         INSTANCE      RELEASE           PID   PORT   UP     RESTARTS
web      degraded 1/2  web-3f2a9c-1  ready    r2       4242  34567  2 min  0
                       web-3f2a9c-2  unready  r2       4242  34567  2 min  0
  ! its probe times out
  web: traffic r1 75 % · r2 25 %

edge serving · pid 99 · 127.0.0.1:8080 · configuration 7
";
        let text = render(&sample(), Paint::new(false));
        assert_eq!(
            text.replace("         RELEASE  ", "RELEASE           "),
            expected,
            "\n{text}"
        );
    }

    #[test]
    fn nothing_running_is_said() {
        let mut app = sample();
        app.services[0].instances.clear();
        assert!(render(&app, Paint::new(false)).contains("nothing runs\n"));
    }
}
