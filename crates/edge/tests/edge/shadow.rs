//! Copies of requests to a side for whose answers nobody waits.

use std::time::Duration;

use seaworthy_edge::config::{Shadow, Upstream};

use crate::harness::{Edge, WithSides, eventually, upstream};
use crate::toy::{self, Toy};

fn shadowed(old: &Toy, shadow: std::net::SocketAddr, percent: u32) -> Upstream {
    let release = "r2".to_owned();
    upstream()
        .side("r1", 100, &[old.address])
        .side("r2", 0, &[shadow])
        .change(|u| u.shadow = Some(Shadow { release, percent }))
}

fn series(name: &str, rest: &str) -> String {
    format!("seaworthy_edge_{name}{{route=\"shop/test/u\",release=\"r2\"{rest}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_is_tried_with_copies_and_counted_apart() {
    let (old, new) = (Toy::start("old").await, Toy::start("new").await);
    let edge = Edge::serving(shadowed(&old, new.address, 100)).await;
    let mut client = edge.connect().await;
    for path in ["/", "/status/500", "/page"] {
        client.get(path).await;
    }
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.head().await.unwrap().status, 200);
    eventually("all four were copied", || async { (new.requests() == 4).then_some(()) }).await;
    assert_eq!(old.requests(), 4);
    let good = series("shadow_requests_total", ",shadow=\"true\",class=\"2xx\"}");
    let bad = series("shadow_requests_total", ",shadow=\"true\",class=\"5xx\"}");
    eventually("they are counted", || async {
        (edge.metric(&good).await == 3.0 && edge.metric(&bad).await == 1.0).then_some(())
    })
    .await;
    assert_eq!(
        edge.metric(&series("requests_total", "")).await,
        0.0,
        "no client saw it"
    );
    assert_eq!(edge.metric("seaworthy_edge_requests_total").await, 4.0);
    // Their answers were read to the end, so connections served again.
    eventually("nothing is in flight", || async {
        (edge.in_flight("r2-0").await == 0).then_some(())
    })
    .await;
    // What could change something is not copied, nor what goes to that side anyway.
    client
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        .await;
    assert_eq!(client.answer().await.text(), "x");
    client.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(client.answer().await.text(), "old");
    assert_eq!(client.get_with("/", "x-seaworthy-side: new\r\n").await.text(), "new");
    client.get("/").await;
    eventually("the last one was copied", || async {
        (new.requests() >= 6).then_some(())
    })
    .await;
    assert_eq!(new.requests(), 6, "four and one copies, and the tester's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_share_is_copied() {
    let (old, new) = (Toy::start("old").await, Toy::start("new").await);
    let edge = Edge::serving(shadowed(&old, new.address, 25)).await;
    let mut client = edge.connect().await;
    for _ in 0..1000 {
        assert_eq!(client.get("/").await.text(), "old");
    }
    eventually("all copies are answered", || async {
        (edge.in_flight("r2-0").await == 0).then_some(())
    })
    .await;
    // 250 are expected; six standard deviations of the binomial are 82.
    assert!(new.requests().abs_diff(250) < 82, "{} of 1000", new.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_hangs_delays_nobody_and_is_not_drowned() {
    let old = Toy::start("old").await;
    let hanging = toy::raw(|mut stream, _| async move { while toy::read_head(&mut stream).await.is_some() {} }).await;
    let edge = Edge::with_workers(1).await;
    let upstream = shadowed(&old, hanging, 100).change(|u| (u.probe.path, u.answer_timeout_ms) = (None, 60_000));
    edge.take(edge.config(1).route("/", "u").upstream("u", upstream)).await;
    let mut client = edge.connect().await;
    for _ in 0..100 {
        assert_eq!(client.get("/").await.text(), "old");
    }
    assert_eq!(edge.in_flight("r2-0").await, 64);
    assert_eq!(
        edge.metric(&series("shadow_dropped_total", ",shadow=\"true\"}")).await,
        36.0
    );
    // Whoever waits for the side to be idle sees them.
    let left = edge.client.drain(vec!["r2-0".into()], Duration::ZERO).await.unwrap();
    assert_eq!(left, [("r2-0".to_owned(), 64)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_copy_meets_is_no_failure_of_requests() {
    let old = Toy::start("old").await;
    let rude = toy::raw(|mut stream, _| async move { drop(toy::read_head(&mut stream).await) }).await;
    let upstream = shadowed(&old, rude, 100).change(|u| (u.probe.path, u.probe.interval_ms) = (None, 60_000));
    let edge = Edge::serving(upstream).await;
    assert_eq!(edge.connect().await.get("/").await.text(), "old");
    let failed = series("shadow_failed_total", ",shadow=\"true\",kind=\"reset\"}");
    eventually("it is counted", || async {
        (edge.metric(&failed).await == 1.0).then_some(())
    })
    .await;
    assert_eq!(edge.metric("seaworthy_edge_attempts_failed_total").await, 0.0);
    assert_eq!(edge.metric("seaworthy_edge_requests_total").await, 1.0);
}
