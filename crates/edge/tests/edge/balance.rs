//! Who gets a request, and what happens when nobody can take it.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::harness::{Edge, WithSides, eventually, upstream};
use crate::http::Connection;
use crate::toy::{self, Toy};

async fn statuses(connection: &mut Connection, count: usize) -> Vec<u16> {
    let mut statuses = Vec::with_capacity(count);
    for _ in 0..count {
        statuses.push(connection.get("/").await.status);
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sides_get_their_share_and_a_side_of_weight_0_nothing() {
    let (old, new, dark) = (
        Toy::start("old").await,
        Toy::start("new").await,
        Toy::start("dark").await,
    );
    let sides = upstream()
        .side("r1", 80, &[old.address])
        .side("r2", 20, &[new.address])
        .side("r3", 0, &[dark.address]);
    let edge = Edge::serving(sides).await;
    let mut connection = edge.connect().await;
    let total = 2000;
    assert!(
        statuses(&mut connection, total)
            .await
            .iter()
            .all(|status| *status == 200)
    );
    // 400 are expected; six standard deviations of the binomial are 107.
    let share = new.requests();
    assert!(share.abs_diff(400) < 107, "{share} of {total}");
    assert_eq!((old.requests() + share, dark.requests()), (total, 0));
    let counted =
        |release| format!("seaworthy_edge_requests_total{{route=\"shop/test/u\",release=\"{release}\",class=\"2xx\"}}");
    assert_eq!(edge.metric(&counted("r2")).await, share as f64);
    let observed = "seaworthy_edge_request_duration_seconds_count{route=\"shop/test/u\",release=\"r2\"}";
    assert_eq!(edge.metric(observed).await, share as f64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_target_with_the_least_to_do_gets_the_next_request() {
    let (one, two) = (Toy::start("one").await, Toy::start("two").await);
    let edge = Edge::serving(upstream().side("r1", 1, &[one.address, two.address])).await;
    let mut occupied = edge.connect().await;
    occupied.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("one is occupied", || async {
        (one.requests() + two.requests() == 1).then_some(())
    })
    .await;
    let (busy, free) = if one.requests() == 1 {
        (&one, &two)
    } else {
        (&two, &one)
    };
    // Through either worker: what is in flight is known to both.
    for _ in 0..20 {
        assert_eq!(edge.connect().await.get("/").await.status, 200);
    }
    assert_eq!((busy.requests(), free.requests()), (1, 20));
    busy.shared.go.notify_one();
    assert_eq!(occupied.answer().await.status, 200);
    // Equals take turns.
    let mut connection = edge.connect().await;
    statuses(&mut connection, 20).await;
    assert!(busy.requests() >= 8, "{} of 20", busy.requests() - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_refuses_is_left_out_at_once_and_costs_no_request() {
    let (good, gone) = (Toy::start("good").await, toy::nobody().await);
    // Probes so rare that they have no part in it.
    let quiet = upstream()
        .side("r1", 1, &[good.address, gone])
        .change(|u| u.probe.interval_ms = 60_000);
    let edge = Edge::serving(quiet).await;
    let mut connection = edge.connect().await;
    assert_eq!(statuses(&mut connection, 20).await, [200; 20]);
    assert!(!edge.routable("r1-1").await);
    let side = "{route=\"shop/test/u\",release=\"r1\"";
    assert_eq!(
        edge.metric(&format!(
            "seaworthy_edge_attempts_failed_total{side},kind=\"refused\"}}"
        ))
        .await,
        1.0
    );
    assert_eq!(edge.metric(&format!("seaworthy_edge_retries_total{side}")).await, 1.0);
    assert_eq!(edge.metric("seaworthy_edge_ejections_total").await, 1.0);
    let reports = edge.client.targets().await.unwrap();
    let reason = reports
        .iter()
        .find(|report| report.id == "r1-1")
        .unwrap()
        .reason
        .clone()
        .unwrap();
    assert!(reason.contains("nobody listen"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_was_sent_is_not_sent_again() {
    // Reads the request and ends the connection without an answer.
    let rude = toy::raw(|mut stream, _| async move { drop(toy::read_head(&mut stream).await) }).await;
    let good = Toy::start("good").await;
    let sides = upstream()
        .side("r1", 1, &[rude])
        .side("r2", 0, &[good.address])
        .change(|u| u.probe.path = None);
    let edge = Edge::serving(sides.clone()).await;
    let mut connection = edge.connect().await;
    assert_eq!(connection.get("/").await.status, 502);
    let kind = "seaworthy_edge_attempts_failed_total{route=\"shop/test/u\",release=\"r1\",kind=\"reset\"}";
    assert_eq!(edge.metric(kind).await, 1.0);
    assert_eq!(good.requests(), 0);
    // Only its own side is charged with it.
    let failed = "seaworthy_edge_requests_total{route=\"shop/test/u\",release=\"r1\",class=\"5xx\"}";
    assert_eq!(edge.metric(failed).await, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_with_5xx_pass_and_eject_nobody() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    for _ in 0..20 {
        assert_eq!(connection.get("/status/500").await.status, 500);
    }
    assert!(edge.routable("r1-0").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_wait_for_a_target_that_is_about_to_come() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let edge = Edge::serving(upstream().side("r1", 1, &[address])).await;
    let mut connection = edge.connect().await;
    connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let waiting = || async { (edge.metric("seaworthy_edge_held{").await == 1.0).then_some(()) };
    eventually("the request waits", waiting).await;
    let toy = Toy::on("late", TcpListener::bind(address).await.unwrap());
    let answer = connection.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "late"));
    assert_eq!(toy.requests(), 1);
    assert_eq!(edge.metric("seaworthy_edge_held_total").await, 1.0);
    assert_eq!(edge.metric("seaworthy_edge_held{").await, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_configuration_releases_who_waits() {
    let (gone, toy) = (toy::nobody().await, Toy::start("new").await);
    let edge = Edge::serving(upstream().side("r1", 1, &[gone])).await;
    let mut connection = edge.connect().await;
    connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("the request waits", || async {
        (edge.metric("seaworthy_edge_held{").await == 1.0).then_some(())
    })
    .await;
    edge.take(
        edge.config(2)
            .route("/", "u")
            .upstream("u", upstream().side("r2", 1, &[toy.address])),
    )
    .await;
    assert_eq!(connection.answer().await.text(), "new");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_is_bounded_in_time_and_number() {
    let gone = toy::nobody().await;
    let bounds = |u: &mut seaworthy_edge::config::Upstream| (u.hold_ms, u.hold_max) = (500, 1);
    let edge = Edge::serving(upstream().side("r1", 1, &[gone]).change(bounds)).await;
    let mut first = edge.connect().await;
    let began = Instant::now();
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("the request waits", || async {
        (edge.metric("seaworthy_edge_held{").await == 1.0).then_some(())
    })
    .await;
    let second = edge.connect().await.get("/").await;
    assert!(
        began.elapsed() < Duration::from_millis(500),
        "the second had no place and waited all the same"
    );
    assert_eq!((second.status, second.header("retry-after")), (503, Some("1")));
    let first = first.answer().await;
    assert_eq!(first.status, 503);
    assert!(began.elapsed() >= Duration::from_millis(500));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_eject_and_bring_back() {
    let (one, two) = (Toy::start("one").await, Toy::start("two").await);
    let edge = Edge::serving(upstream().side("r1", 1, &[one.address, two.address])).await;
    two.shared.ready.store(false, Ordering::SeqCst);
    eventually("it is ejected", || async {
        (!edge.routable("r1-1").await).then_some(())
    })
    .await;
    let reports = edge.client.targets().await.unwrap();
    let reason = reports[1].reason.clone().unwrap();
    assert!(reason.contains("GET /ready was answered 503"), "{reason}");
    let before = two.requests();
    let mut connection = edge.connect().await;
    statuses(&mut connection, 10).await;
    assert_eq!(two.requests(), before);
    two.shared.ready.store(true, Ordering::SeqCst);
    eventually("it is back", || async { edge.routable("r1-1").await.then_some(()) }).await;
    statuses(&mut connection, 10).await;
    assert!(two.requests() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_nobody_vouched_for_gets_nothing_until_its_probes_pass() {
    let (one, fresh) = (Toy::start("one").await, Toy::start("fresh").await);
    fresh.shared.ready.store(false, Ordering::SeqCst);
    let sides = upstream().side("r1", 1, &[one.address, fresh.address]).change(|u| {
        u.sides[0].targets[1].verified = false;
    });
    let edge = Edge::serving(sides).await;
    let mut connection = edge.connect().await;
    statuses(&mut connection, 10).await;
    assert_eq!((one.requests(), fresh.requests()), (10, 0));
    fresh.shared.ready.store(true, Ordering::SeqCst);
    eventually("it is routable", || async { edge.routable("r1-1").await.then_some(()) }).await;
    statuses(&mut connection, 10).await;
    assert!(fresh.requests() > 0);
}
