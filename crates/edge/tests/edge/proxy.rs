//! What goes through: routing, heads, bodies.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::harness::{Edge, WithSides, eventually, soon, upstream};
use crate::toy::{self, Toy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_where_host_and_path_say() {
    let (site, api, admin) = (
        Toy::start("site").await,
        Toy::start("api").await,
        Toy::start("admin").await,
    );
    let edge = Edge::start().await;
    let side = |toy: &Toy, name: &str| upstream().side(name, 1, &[toy.address]);
    edge.take(
        edge.config(1)
            .route_for(&["shop.example"], "/", "site")
            .route_for(&["shop.example"], "/api", "api")
            .route_for(&["*.shop.example"], "/", "admin")
            .upstream("site", side(&site, "r1"))
            .upstream("api", side(&api, "r2"))
            .upstream("admin", side(&admin, "r3")),
    )
    .await;
    let mut connection = edge.connect().await;
    assert_eq!(connection.get("/").await.text(), "site");
    assert_eq!(connection.get("/api/users?page=2").await.text(), "api");
    assert_eq!(connection.get("/apiary").await.text(), "site");
    connection
        .send("GET / HTTP/1.1\r\nHost: ADMIN.shop.example:8443\r\n\r\n")
        .await;
    assert_eq!(connection.answer().await.text(), "admin");
    connection
        .send("GET / HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n")
        .await;
    assert_eq!(connection.answer().await.status, 404);
    // All of that was one connection: a 404 does not cost it.
    assert_eq!(connection.get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_learns_of_the_client_and_nothing_of_the_hop() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    connection
        .send(
            "GET /head?a=b HTTP/1.1\r\nHost: shop.example:8080\r\nX-Forwarded-For: 1.2.3.4\r\n\
             Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nAccept: */*\r\n\r\n",
        )
        .await;
    let answer = connection.answer().await;
    let text = answer.text();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "GET /head?a=b HTTP/1.1",
            "accept: */*",
            "forwarded: for=127.0.0.1;host=\"shop.example:8080\";proto=http",
            "host: shop.example:8080",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: shop.example:8080",
            "x-forwarded-proto: http",
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_pass_both_ways_with_length_and_in_chunks() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    let big = "0123456789abcdef".repeat(64 * 1024);
    connection
        .send(format!(
            "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
            big.len()
        ))
        .await;
    let (mut reader, mut writer) = connection.stream.into_split();
    let sending = big.clone();
    let sender = tokio::spawn(async move {
        writer.write_all(sending.as_bytes()).await.unwrap();
        writer
    });
    let mut received = Vec::new();
    let mut buffer = vec![0; 65536];
    while received.len() < big.len() {
        let count = soon("an echo", tokio::io::AsyncReadExt::read(&mut reader, &mut buffer))
            .await
            .unwrap();
        assert_ne!(count, 0, "ended after {} bytes", received.len());
        received.extend_from_slice(&buffer[..count]);
    }
    drop(sender.await.unwrap());
    assert!(String::from_utf8(received).unwrap().contains("0123456789abcdef0123"));

    let mut connection = edge.connect().await;
    for method in ["POST", "GET"] {
        // A body on GET is unusual and legal.
        connection
            .send(format!(
                "{method} /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            ))
            .await;
        connection.send("5\r\nhello\r\n").await;
        let head = connection.head().await.unwrap();
        assert_eq!((head.status, head.header("transfer-encoding")), (200, Some("chunked")));
        // Each piece arrives before the next one is sent: nothing is collected on the way.
        assert_eq!(connection.chunk().await, Some(Some(b"hello".to_vec())));
        connection.send("6\r\n world\r\n").await;
        assert_eq!(connection.chunk().await, Some(Some(b" world".to_vec())));
        connection.send("0\r\n\r\n").await;
        assert_eq!(connection.chunk().await, Some(None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_without_a_body_keep_their_heads_and_the_connection() {
    let address = toy::raw(|mut stream, _| async move {
        while let Some(head) = toy::read_head(&mut stream).await {
            let status = if head.starts_with("HEAD") {
                "200 OK"
            } else {
                "304 Not Modified"
            };
            toy::write(
                &mut stream,
                &format!("HTTP/1.1 {status}\r\nContent-Length: 1234\r\nETag: e\r\n\r\n"),
            )
            .await;
        }
    })
    .await;
    let edge = Edge::serving(upstream().side("r1", 1, &[address]).change(|u| u.probe.path = None)).await;
    let mut connection = edge.connect().await;
    for (method, status) in [("HEAD", 200), ("GET", 304), ("HEAD", 200)] {
        connection.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        let head = connection.head().await.unwrap();
        assert_eq!((head.status, head.header("etag")), (status, Some("e")));
        if method == "HEAD" {
            assert_eq!(head.header("content-length"), Some("1234"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_with_trailers_ends_where_it_ends() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    for _ in 0..2 {
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n";
        connection
            .send(format!("{head}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"))
            .await;
        let answer = connection.answer().await;
        assert!(answer.whole && answer.text() == "hello", "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_arrives_before_the_next_one_exists() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    connection.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(
        connection.head().await.unwrap().header("content-type"),
        Some("text/event-stream")
    );
    assert_eq!(connection.chunk().await, Some(Some(b"data: 0\n\n".to_vec())));
    toy.shared.go.notify_one();
    assert_eq!(connection.chunk().await, Some(Some(b"data: 1\n\n".to_vec())));
    assert_eq!(connection.chunk().await, Some(None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pipelined_requests_are_answered_in_order() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    connection
        .send(request("/status/201") + &request("/x") + &request("/status/202"))
        .await;
    assert_eq!(connection.answer().await.status, 201);
    assert_eq!(connection.answer().await.text(), "toy");
    assert_eq!(connection.answer().await.status, 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_a_target_are_used_again() {
    let toy = Toy::start("toy").await;
    let edge = Edge::with_workers(1).await;
    edge.take(
        edge.config(1)
            .route("/", "u")
            .upstream("u", upstream().side("r1", 1, &[toy.address])),
    )
    .await;
    let mut connection = edge.connect().await;
    for _ in 0..50 {
        assert_eq!(connection.get("/").await.text(), "toy");
    }
    assert_eq!(toy.requests(), 50);
    let connections = toy.shared.connections.load(Ordering::SeqCst);
    assert!(connections <= 2, "{connections} connections for 50 requests in a row");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_http_1_0_are_answered_and_closed() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    connection.send("GET / HTTP/1.0\r\n\r\n").await;
    let answer = connection.answer().await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "toy"));
    assert!(connection.ended().await);
    // What a target sends in chunks, an old client gets plain, up to the end of the connection.
    let mut connection = edge.connect().await;
    connection.send("GET /events HTTP/1.0\r\n\r\n").await;
    toy.shared.go.notify_one();
    let answer = connection.answer().await;
    assert_eq!(answer.header("transfer-encoding"), None);
    assert_eq!(answer.text(), "data: 0\n\ndata: 1\n\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_expects_100_gets_it_once_a_target_takes_the_body() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    let mut connection = edge.connect().await;
    connection
        .send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(connection.head().await.unwrap().status, 100);
    connection.send("ok").await;
    assert_eq!(connection.answer().await.text(), "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_never_looks_whole() {
    for head in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let address = toy::raw(move |mut stream, _| async move {
            if toy::read_head(&mut stream).await.is_some() {
                toy::write(&mut stream, &format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n")).await;
            }
        })
        .await;
        let edge = Edge::serving(upstream().side("r1", 1, &[address]).change(|u| u.probe.path = None)).await;
        let mut connection = edge.connect().await;
        connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let answer = connection.answer().await;
        assert_eq!(answer.status, 200);
        assert!(!answer.whole, "{head}: {answer:?}");
        assert!(connection.ended().await);
        let series = "seaworthy_edge_attempts_failed_total{route=\"shop/test/u\",release=\"r1\",kind=\"truncated\"}";
        assert_eq!(edge.metric(series).await, 1.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_takes_its_request_with_it() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(upstream().side("r1", 1, &[toy.address])).await;
    // While it waits for the answer.
    let mut connection = edge.connect().await;
    connection.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("the request is there", || async { (toy.requests() == 1).then_some(()) }).await;
    drop(connection);
    let aborted = || async { toy.shared.aborted.load(Ordering::SeqCst) };
    eventually("the target is left alone", || async {
        (aborted().await == 1).then_some(())
    })
    .await;
    // In the middle of its body: the target must not take the half for the whole.
    let mut connection = edge.connect().await;
    connection
        .send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf")
        .await;
    eventually("the request is there", || async { (toy.requests() == 2).then_some(()) }).await;
    drop(connection);
    eventually("the target hears of it", || async {
        (aborted().await == 2).then_some(())
    })
    .await;
    eventually("nothing is in flight", || async {
        (edge.in_flight("r1-0").await == 0).then_some(())
    })
    .await;
    assert!(edge.routable("r1-0").await, "a target is not blamed for its clients");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_slowly_gets_everything_and_holds_nobody_up() {
    let toy = Toy::start("toy").await;
    let edge = Edge::with_workers(1).await;
    edge.take(
        edge.config(1)
            .route("/", "u")
            .upstream("u", upstream().side("r1", 1, &[toy.address])),
    )
    .await;
    let size = 8 << 20;
    let connection = edge.connect().await;
    let (mut reader, mut writer) = connection.stream.into_split();
    let sender = tokio::spawn(async move {
        let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n");
        writer.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b'x'; 64 << 10];
        for _ in 0..size / piece.len() {
            writer.write_all(&piece).await.unwrap();
        }
        writer
    });
    // It has not read a byte yet, and the one worker serves others.
    let mut other = edge.connect().await;
    for _ in 0..20 {
        assert_eq!(other.get("/").await.text(), "toy");
    }
    let mut received = 0;
    let mut buffer = vec![0; 100_000];
    while received < size {
        let count = soon("more", tokio::io::AsyncReadExt::read(&mut reader, &mut buffer))
            .await
            .unwrap();
        assert_ne!(count, 0, "ended after {received} bytes");
        received += buffer[..count].iter().filter(|byte| **byte == b'x').count();
    }
    drop(sender.await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_does_not_answer_in_time_costs_a_504_and_its_side_a_count() {
    let toy = Toy::start("toy").await;
    let edge = Edge::serving(
        upstream()
            .side("r1", 1, &[toy.address])
            .change(|u| u.answer_timeout_ms = 200),
    )
    .await;
    let mut connection = edge.connect().await;
    assert_eq!(connection.get("/wait").await.status, 504);
    assert_eq!(connection.get("/").await.text(), "toy");
    let series = "seaworthy_edge_attempts_failed_total{route=\"shop/test/u\",release=\"r1\",kind=\"answer_timeout\"}";
    assert_eq!(edge.metric(series).await, 1.0);
    // The time runs from the end of the request, however long that takes.
    connection
        .send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
        .await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    connection.send("b").await;
    assert_eq!(connection.answer().await.text(), "toy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_closed_while_idle_costs_no_request() {
    // Answers one request per connection, says that it would take more, and closes.
    let address = toy::raw(|mut stream, _| async move {
        if toy::read_head(&mut stream).await.is_some() {
            toy::write(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let edge = Edge::serving(upstream().side("r1", 1, &[address]).change(|u| u.probe.path = None)).await;
    let mut connection = edge.connect().await;
    let mut good = 0;
    for _ in 0..50 {
        good += usize::from(connection.get("/").await.status == 200);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(good, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_do_not_come_to_an_end_are_cut_off_and_long_answers_are_not() {
    let toy = Toy::start("toy").await;
    let slow = upstream()
        .side("r1", 1, &[toy.address])
        .change(|u| u.answer_timeout_ms = 60_000);
    let edge = Edge::serving(slow).await;
    let mut waiting = edge.connect().await;
    waiting.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let (silent, trickling) = (edge.connect().await, edge.connect().await);
    let (mut reader, mut writer) = trickling.stream.into_split();
    let trickle = tokio::spawn(async move {
        writer.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nX: ").await.unwrap();
        while writer.write_all(b"y").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let began = std::time::Instant::now();
    let limit = Duration::from_secs(20);
    let mut silent = silent.stream;
    let mut byte = [0; 1];
    let ends = async {
        // Whether by a reset or properly does not matter.
        let _ = tokio::io::AsyncReadExt::read(&mut silent, &mut byte).await;
        let _ = tokio::io::AsyncReadExt::read(&mut reader, &mut byte).await;
    };
    tokio::time::timeout(limit, ends).await.expect("both are cut off");
    assert!(began.elapsed() > Duration::from_secs(9), "{:?}", began.elapsed());
    trickle.await.unwrap();
    toy.shared.go.notify_one();
    assert_eq!(waiting.answer().await.text(), "toy");
}
