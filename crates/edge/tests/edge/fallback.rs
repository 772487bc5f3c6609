//! Assets that one side has and the other has not.

use crate::harness::{Edge, WithSides, upstream};
use crate::toy::{self, Toy};

/// Everything that is drawn goes to the old side.
async fn sides() -> (Toy, Toy, Edge) {
    let (old, new) = (Toy::start("old").await, Toy::start("new").await);
    let upstream = upstream().side("r1", 100, &[old.address]).side("r2", 0, &[new.address]);
    let edge = Edge::serving(upstream).await;
    (old, new, edge)
}

async fn answered(edge: &Edge, release: &str, class: &str) -> f64 {
    let labels = format!("{{route=\"shop/test/u\",release=\"{release}\",class=\"{class}\"}}");
    edge.metric(&format!("seaworthy_edge_requests_total{labels}")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_asset_of_the_other_side_is_found_there() {
    let (old, new, edge) = sides().await;
    let mut client = edge.connect().await;
    for _ in 0..5 {
        let answer = client.get("/assets/new.js?v=1").await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "new"));
    }
    assert_eq!((old.requests(), new.requests()), (5, 5));
    assert_eq!(answered(&edge, "r1", "4xx").await, 5.0);
    assert_eq!(answered(&edge, "r2", "2xx").await, 5.0);
    assert_eq!(edge.metric("seaworthy_edge_attempts_failed_total").await, 0.0);
    // Nothing is left behind: neither requests in flight nor a connection for each.
    assert_eq!(edge.in_flight("r1-0").await + edge.in_flight("r2-0").await, 0);
    let connections = old.shared.connections.load(std::sync::atomic::Ordering::SeqCst);
    assert!(connections < 5, "{connections} connections for 5 requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_nowhere_is_answered_by_the_first_side_and_asked_once_each() {
    let (old, new, edge) = sides().await;
    let mut client = edge.connect().await;
    let answer = client.get("/assets/none.css").await;
    assert_eq!((answer.status, answer.text().as_str()), (404, "not here"));
    assert_eq!((old.requests(), new.requests()), (1, 1));
    assert_eq!(answered(&edge, "r1", "4xx").await, 1.0);
    assert_eq!(answered(&edge, "r2", "4xx").await, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_get_of_an_asset_is_asked_again() {
    let (_old, new, edge) = sides().await;
    let mut client = edge.connect().await;
    assert_eq!(client.get("/assets/new").await.status, 404, "no extension");
    assert_eq!(client.get("/assets/new.html").await.status, 404, "a page");
    client
        .send("POST /assets/new.js HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        .await;
    assert_eq!(client.answer().await.status, 404);
    client
        .send("GET /assets/new.js HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx")
        .await;
    assert_eq!(client.answer().await.status, 404, "with a body");
    assert_eq!(client.get("/status/500").await.status, 500);
    assert_eq!(new.requests(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_side_that_fails_leaves_the_answer_of_the_first() {
    let old = Toy::start("old").await;
    let rude = toy::raw(|mut stream, _| async move { drop(toy::read_head(&mut stream).await) }).await;
    let upstream = upstream()
        .side("r1", 100, &[old.address])
        .side("r2", 0, &[rude])
        .side("r3", 0, &[toy::nobody().await])
        .change(|u| u.probe.interval_ms = 60_000);
    let edge = Edge::serving(upstream).await;
    let answer = edge.connect().await.get("/assets/new.js").await;
    assert_eq!((answer.status, answer.text().as_str()), (404, "not here"));
    let failed = |release: &str, kind: &str| {
        format!("seaworthy_edge_attempts_failed_total{{route=\"shop/test/u\",release=\"{release}\",kind=\"{kind}\"}}")
    };
    assert_eq!(edge.metric(&failed("r2", "reset")).await, 1.0);
    assert_eq!(edge.metric(&failed("r3", "refused")).await, 1.0);
    assert_eq!(answered(&edge, "r1", "4xx").await, 1.0);
}
