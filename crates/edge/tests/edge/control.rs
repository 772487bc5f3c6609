//! What the daemon asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use seaworthy_edge::client::{Client, Uptake};
use seaworthy_edge::{EdgeError, EdgeOptions};

use crate::harness::{Edge, Plan, WithSides, bind, connect, eventually, run_in_thread, soon, upstream};
use crate::http::Connection;
use crate::toy::Toy;

fn simple(edge: &Edge, version: u64, toy: &Toy) -> Plan {
    edge.config(version)
        .route("/", "u")
        .upstream("u", upstream().side("r1", 1, &[toy.address]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_configuration_is_refused_and_the_last_good_one_goes_on() {
    let toy = Toy::start("toy").await;
    let edge = Edge::start().await;
    edge.take(simple(&edge, 5, &toy)).await;
    let mut connection = edge.connect().await;
    let elsewhere = Plan::new("127.0.0.1:1".parse().unwrap(), 6);
    for (plan, why) in [
        (simple(&edge, 4, &toy), "5 is live already"),
        (simple(&edge, 6, &toy).route("/", "u"), "both claim"),
        (edge.config(6).route("/", "nowhere"), "leads to nowhere"),
        (elsewhere, "127.0.0.1:1 has no socket"),
    ] {
        match edge.client.configure(plan.0).await.unwrap() {
            Uptake::Refused { version, reason } => {
                assert_eq!(version, 5);
                assert!(reason.contains(why), "{reason}");
            }
            taken => panic!("{taken:?} in spite of: {why}"),
        }
        assert_eq!(connection.get("/").await.text(), "toy");
    }
    // The same one again is no news.
    edge.take(simple(&edge, 5, &toy)).await;
    let hello = edge.client.hello().await.unwrap();
    assert_eq!((hello.version, hello.workers, hello.pid), (5, 2, std::process::id()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_swaps_under_load_cost_no_request() {
    let toys = [Toy::start("a").await, Toy::start("b").await, Toy::start("c").await];
    let edge = Edge::start().await;
    let plan = |version: u64| {
        let (one, two) = (version as usize % 3, (version as usize + 1) % 3);
        let sides = upstream().side(&format!("r{one}"), 1 + one as u32, &[toys[one].address]);
        let sides = sides.side(&format!("r{two}"), 1, &[toys[two].address]);
        edge.config(version).route("/", "u").upstream("u", sides)
    };
    edge.take(plan(1)).await;
    let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load = (0..8).map(|number| {
        let (over, sent, address) = (Arc::clone(&over), Arc::clone(&sent), edge.address);
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await;
            while !over.load(Ordering::SeqCst) {
                let answer = if number % 2 == 0 {
                    connection.get("/").await
                } else {
                    connection
                        .send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
                        .await;
                    connection.answer().await
                };
                assert!(answer.status == 200 && answer.whole, "{answer:?}");
                sent.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    let load: Vec<_> = load.collect();
    for version in 2..=201 {
        // A swap means something only if requests meet it.
        let before = sent.load(Ordering::SeqCst);
        edge.take(plan(version)).await;
        eventually("requests go on", || async {
            (sent.load(Ordering::SeqCst) > before).then_some(())
        })
        .await;
    }
    over.store(true, Ordering::SeqCst);
    for client in load {
        soon("a client ends", client).await.unwrap();
    }
    let answered = edge.metric("seaworthy_edge_requests_total").await;
    assert_eq!(answered, sent.load(Ordering::SeqCst) as f64);
    assert_eq!(edge.metric("seaworthy_edge_config_version").await, 201.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_acknowledgement_on_a_draining_target_gets_nothing_and_drain_waits_for_the_rest() {
    let (old, new) = (Toy::start("old").await, Toy::start("new").await);
    let edge = Edge::start().await;
    edge.take(simple(&edge, 1, &old)).await;
    let mut slow = edge.connect().await;
    slow.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("it is in flight", || async {
        (edge.in_flight("r1-0").await == 1).then_some(())
    })
    .await;
    let sides = upstream().side("r1", 1, &[old.address]).side("r2", 1, &[new.address]);
    let sides = sides.change(|u| u.sides[0].targets[0].draining = true);
    edge.take(edge.config(2).route("/", "u").upstream("u", sides)).await;
    for _ in 0..20 {
        assert_eq!(edge.connect().await.get("/").await.text(), "new");
    }
    let ids = || vec!["r1-0".to_owned(), "unknown".to_owned()];
    let left = edge.client.drain(ids(), Duration::from_millis(50)).await.unwrap();
    assert_eq!(left, [("r1-0".to_owned(), 1)]);
    // Out of the configuration altogether, it is still drained by its id.
    edge.take(
        edge.config(3)
            .route("/", "u")
            .upstream("u", upstream().side("r2", 1, &[new.address])),
    )
    .await;
    let waiting = Client::connect(edge.dir.path()).await.unwrap();
    let drained = tokio::spawn(async move { waiting.drain(ids(), Duration::from_secs(60)).await.unwrap() });
    edge.client.hello().await.unwrap();
    old.shared.go.notify_one();
    assert_eq!(slow.answer().await.text(), "old");
    assert_eq!(soon("drained", drained).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_known_of_a_target_survives_configurations_and_ends_with_its_life() {
    let toy = Toy::start("toy").await;
    toy.shared.ready.store(false, Ordering::SeqCst);
    let edge = Edge::start().await;
    let plan = |version, life| {
        let sides = upstream()
            .side("r1", 1, &[toy.address])
            .change(|u| u.sides[0].targets[0].life = life);
        edge.config(version).route("/", "u").upstream("u", sides)
    };
    edge.take(plan(1, 1)).await;
    eventually("its probes eject it", || async {
        (!edge.routable("r1-0").await).then_some(())
    })
    .await;
    edge.take(plan(2, 1)).await;
    assert!(
        !edge.routable("r1-0").await,
        "a new configuration does not make it healthy"
    );
    toy.shared.ready.store(true, Ordering::SeqCst);
    edge.take(plan(3, 2)).await;
    assert!(edge.routable("r1-0").await, "its next life was verified before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_that_lost_its_sockets_gets_them_back() {
    let toy = Toy::start("toy").await;
    let mut edge = Edge::start().await;
    edge.take(simple(&edge, 1, &toy)).await;
    edge.sockets.clear();
    let back = edge.client.listeners().await.unwrap();
    assert_eq!(
        back.iter().map(|(address, _)| *address).collect::<Vec<_>>(),
        [edge.address; 2]
    );
    // And may give the same ones again.
    edge.client.listen(&back).await.unwrap();
    assert_eq!(edge.connect().await.get("/").await.text(), "toy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_no_longer_named_is_given_up_after_its_queue_was_served() {
    let toy = Toy::start("toy").await;
    let mut edge = Edge::start().await;
    edge.take(simple(&edge, 1, &toy)).await;
    let old = edge.address;
    let mut connection = Connection::open(old).await;
    assert_eq!(connection.get("/").await.status, 200);
    let fresh = bind(2);
    edge.address = fresh[0].0;
    edge.client.listen(&fresh).await.unwrap();
    edge.sockets.clear();
    edge.take(simple(&edge, 2, &toy)).await;
    assert_eq!(edge.connect().await.get("/").await.text(), "toy");
    assert_eq!(edge.client.listeners().await.unwrap().len(), 2);
    assert!(
        tokio::net::TcpStream::connect(old).await.is_err(),
        "nobody holds the old address any more"
    );
    // A connection that came in by it is routed by what is live: its listener is gone, and so are its routes.
    assert_eq!(connection.get("/").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_has_one_edge() {
    let edge = Edge::start().await;
    let options = EdgeOptions {
        dir: edge.dir.path().to_owned(),
        workers: Some(1),
    };
    let second = tokio::task::spawn_blocking(move || seaworthy_edge::run(&options))
        .await
        .unwrap();
    match second {
        Err(EdgeError::AlreadyRunning { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    edge.client.hello().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_control_socket_is_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let edge = Edge::start().await;
    let mode = |name: &str| {
        std::fs::metadata(edge.dir.path().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("edge.sock"), 0o600);
    edge.take(edge.config(1)).await;
    assert_eq!(mode("last-good.json"), 0o600);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_edge_hands_over_to_the_next_without_losing_a_request() {
    let toy = Toy::start("toy").await;
    let edge = Edge::start().await;
    edge.take(simple(&edge, 1, &toy)).await;
    let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (over, sent, address) = (Arc::clone(&over), Arc::clone(&sent), edge.address);
            tokio::spawn(async move {
                while !over.load(Ordering::SeqCst) {
                    let mut connection = Connection::open(address).await;
                    loop {
                        let answer = connection.get("/").await;
                        assert_eq!(answer.status, 200);
                        sent.fetch_add(1, Ordering::SeqCst);
                        if over.load(Ordering::SeqCst) || answer.header("connection") == Some("close") {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    let mut slow = edge.connect().await;
    slow.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("it is in flight", || async {
        (edge.in_flight("r1-0").await == 1).then_some(())
    })
    .await;

    edge.client.stop(Duration::from_secs(20)).await.unwrap();
    run_in_thread(edge.dir.path(), 2);
    let next = connect(edge.dir.path()).await;
    // It has its configuration from the last one and serves as soon as it has sockets.
    assert_eq!(next.hello().await.unwrap().version, 1);
    next.listen(&edge.sockets).await.unwrap();
    let before = sent.load(Ordering::SeqCst);
    eventually("requests go on", || async {
        (sent.load(Ordering::SeqCst) > before + 100).then_some(())
    })
    .await;
    over.store(true, Ordering::SeqCst);
    for client in load {
        soon("a client ends", client).await.unwrap();
    }
    // What the first had in flight is answered, as the last on its connection.
    toy.shared.go.notify_one();
    let answer = slow.answer().await;
    assert_eq!(
        (answer.text().as_str(), answer.header("connection")),
        ("toy", Some("close"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edge_ends_when_all_is_answered_or_its_time_is_up() {
    let toy = Toy::start("toy").await;
    let dir = tempfile::tempdir().unwrap();
    let thread = run_in_thread(dir.path(), 2);
    let client = connect(dir.path()).await;
    let sockets = bind(2);
    client.listen(&sockets).await.unwrap();
    let plan = Plan::new(sockets[0].0, 1)
        .route("/", "u")
        .upstream("u", upstream().side("r1", 1, &[toy.address]));
    assert!(matches!(
        client.configure(plan.0).await.unwrap(),
        Uptake::Configured { .. }
    ));
    let mut stuck = Connection::open(sockets[0].0).await;
    stuck.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("it is there", || async { (toy.requests() == 1).then_some(()) }).await;
    client.stop(Duration::from_millis(300)).await.unwrap();
    let joined = tokio::task::spawn_blocking(move || thread.join());
    soon("the edge ends in spite of it", joined).await.unwrap().unwrap();
    assert!(stuck.try_answer().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_last_good_configuration_is_reported_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("last-good.json"), "{").unwrap();
    run_in_thread(dir.path(), 1);
    let hello = connect(dir.path()).await.hello().await.unwrap();
    assert_eq!(hello.version, 0);
    assert!(hello.notes[0].contains("last-good.json"), "{:?}", hello.notes);
}
