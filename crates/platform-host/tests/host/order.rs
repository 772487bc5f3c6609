//! What the edge is told, and when, against what happens to processes.

use std::collections::BTreeMap;
use std::fs;

use seaworthy_platform::{External, InstanceState, Platform, PlatformError};
use seaworthy_spec::units::Span;

use crate::world::{Told, World, all_ready, get, key, kill, next, routing, runs, scope, side_id};

fn targets(list: &[(&str, u32, bool)]) -> Told {
    let list = list
        .iter()
        .map(|(id, life, draining)| ((*id).to_owned(), (*life, *draining)));
    Told::Targets(list.collect::<BTreeMap<_, _>>())
}

#[tokio::test]
async fn an_instance_leaves_the_routes_is_drained_and_only_then_stopped() {
    let world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 2).await.unwrap();
    assert_eq!(world.edge.told(), [], "a side that is not routed is nobody's business");
    world.route_to(&side.id).await.unwrap();
    let (old, young) = ("web-aaaaaa-1", "web-aaaaaa-2");
    assert_eq!(world.edge.told(), [targets(&[(old, 1, false), (young, 1, false)])]);
    world.edge.forget();

    world.edge.hold_drains();
    let lowering = world.ensure(&side, 1);
    let watching = async {
        let asked = Told::Drain(vec![old.to_owned()]);
        world.edge.until("the drain", |told| told.contains(&asked)).await;
        assert_eq!(
            world.edge.told(),
            [targets(&[(old, 1, true), (young, 1, false)]), asked]
        );
        assert_eq!(world.instances().await[0].state, InstanceState::Draining);
        let port = seen.instances[0].port.unwrap();
        assert!(get(port, "/").await["uid"].is_u64(), "it serves while it drains");
        world.edge.let_drains_end();
    };
    let (lowered, ()) = tokio::join!(lowering, watching);
    assert_eq!(lowered.unwrap().instances.len(), 1);
    assert!(!runs(seen.instances[0].pid.unwrap()));
    assert_eq!(world.edge.told().last().unwrap(), &targets(&[(young, 1, false)]));
}

#[tokio::test]
async fn nothing_is_stopped_while_the_edge_does_not_agree() {
    let world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 1).await.unwrap();
    world.route_to(&side.id).await.unwrap();
    world.edge.refuse(true);
    let error = world.platform().remove(&side.id).await.unwrap_err();
    assert!(matches!(error, PlatformError::Edge { .. }), "{error}");
    assert!(runs(seen.instances[0].pid.unwrap()));
    world.edge.refuse(false);
    world.platform().remove(&side.id).await.unwrap();
    assert!(!runs(seen.instances[0].pid.unwrap()));
}

#[tokio::test]
async fn a_refused_routing_changes_nothing() {
    let world = World::new().await;
    let side = world.side("good");
    world.ensure(&side, 1).await.unwrap();
    world.route_to(&side.id).await.unwrap();
    let before = world.edge.last_view();
    world.edge.refuse(true);
    let elsewhere = side_id("bbbbbbbbbbbb");
    world.route_to(&elsewhere).await.unwrap_err();
    world.edge.refuse(false);
    world.platform().republish().await.unwrap();
    assert_eq!(world.edge.last_view(), before);
}

#[tokio::test]
async fn a_killed_instance_is_withdrawn_started_again_and_verified_again() {
    let world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 1).await.unwrap();
    world.route_to(&side.id).await.unwrap();
    world.edge.forget();
    kill(seen.instances[0].pid.unwrap());
    let id = seen.instances[0].id.as_str();
    let back = targets(&[(id, 2, false)]);
    world
        .edge
        .until("the second life", |told| told.last() == Some(&back))
        .await;
    assert_eq!(world.edge.told(), [targets(&[]), back]);
    assert!(
        get(seen.instances[0].port.unwrap(), "/").await["pid"].is_u64(),
        "it serves when it is routed"
    );
    let now = world.until("readiness", all_ready).await;
    assert_eq!((now[0].restarts, &now[0].trouble), (1, &None));
    assert_ne!(now[0].pid, seen.instances[0].pid);
}

#[tokio::test]
async fn an_instance_that_no_longer_lives_is_started_again() {
    let world = World::new().await;
    let mut side = world.side("good");
    side.health.live = Some("/live".to_owned());
    let seen = world.ensure(&side, 1).await.unwrap();
    world.route_to(&side.id).await.unwrap();
    let mut notices = world.platform().notices();
    get(seen.instances[0].port.unwrap(), "/sick").await;
    world
        .until("unreadiness", |now| now[0].state != InstanceState::Ready)
        .await;
    let now = world
        .until("the next life", |now| now[0].restarts == 1 && all_ready(now))
        .await;
    assert_ne!(now[0].pid, seen.instances[0].pid);
    assert_eq!(
        next(&mut notices).await,
        "started again: GET /live is answered with 503, 3 times in a row"
    );
}

#[tokio::test]
async fn a_side_that_lost_its_weight_stays_known_until_it_is_gone() {
    let world = World::new().await;
    let (old, mut new) = (world.side("good"), world.side("good"));
    new.id = side_id("bbbbbbbbbbbb");
    new.release = "r2".into();
    world.ensure(&old, 1).await.unwrap();
    world.route_to(&old.id).await.unwrap();
    world.ensure(&new, 1).await.unwrap();
    world
        .platform()
        .route(&key(1), &scope(), &routing(&[(&old.id, 50), (&new.id, 50)]))
        .await
        .unwrap();
    world.route_to(&new.id).await.unwrap();
    let sides = |world: &World| {
        let view = world.edge.last_view();
        let sides = &view.upstreams["default/shop/test/web"].sides;
        sides
            .iter()
            .map(|side| (side.release.clone(), side.weight))
            .collect::<Vec<_>>()
    };
    assert_eq!(sides(&world), [("r1".to_owned(), 0), ("r2".to_owned(), 100)]);
    world.platform().remove(&old.id).await.unwrap();
    world
        .edge
        .until("the old side is forgotten", |_| {
            sides(&world) == [("r2".to_owned(), 100)]
        })
        .await;
}

#[tokio::test]
async fn a_process_that_ignores_sigterm_is_killed() {
    let world = World::new().await;
    let mut side = world.side("ignores SIGTERM");
    side.stop = Span::millis(300);
    let seen = world.ensure(&side, 1).await.unwrap();
    world.platform().remove(&side.id).await.unwrap();
    assert!(!runs(seen.instances[0].pid.unwrap()));
    assert_eq!(fs::read_dir(world.state().join("instances")).unwrap().count(), 0);
}

#[tokio::test]
async fn an_edge_that_did_not_listen_is_told_as_soon_as_it_does() {
    let world = World::new().await;
    let side = world.side("good");
    let seen = world.ensure(&side, 1).await.unwrap();
    world.route_to(&side.id).await.unwrap();
    let mut notices = world.platform().notices();
    world.edge.refuse(true);
    kill(seen.instances[0].pid.unwrap());
    let text = next(&mut notices).await;
    assert!(
        text.starts_with("the edge does not know the latest state yet: "),
        "{text}"
    );
    world
        .until("the second life", |now| now[0].restarts == 1 && all_ready(now))
        .await;
    world.edge.refuse(false);
    let latest = targets(&[(seen.instances[0].id.as_str(), 2, false)]);
    world
        .edge
        .until("the latest state", |told| told.last() == Some(&latest))
        .await;
}

#[tokio::test]
async fn a_service_that_runs_elsewhere_is_looked_up_and_routed() {
    let world = World::new().await;
    let side = world.side("good");
    let mut routing = routing(&[]);
    let elsewhere = |address: &str| External {
        addresses: vec![address.to_owned()],
        health: side.health.clone(),
    };
    routing
        .external
        .insert("web".to_owned(), elsewhere("http://localhost:9000"));
    world.platform().route(&key(1), &scope(), &routing).await.unwrap();
    let view = world.edge.last_view();
    let target = &view.upstreams["default/shop/test/web"].sides[0].targets[0];
    assert_eq!(
        (target.address.to_string().as_str(), target.verified),
        ("127.0.0.1:9000", false)
    );

    routing
        .external
        .insert("web".to_owned(), elsewhere("https://localhost"));
    let error = world.platform().route(&key(2), &scope(), &routing).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "services.web.external: https://localhost: only http:// can be reached through the edge"
    );
}
