//! Requests that two servers could read differently. The target counts what reaches it, byte by byte, and the rule is
//! always the same: either it is one request on both sides, or it is none and the client's connection is closed.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::harness::{Edge, WithSides, upstream};
use crate::toy;

/// Everything that reached the target, and how many heads that was by the plainest of readings.
#[derive(Default)]
struct Record(Mutex<String>);

impl Record {
    fn requests(&self) -> usize {
        self.0.lock().unwrap().matches(" HTTP/1.1\r\n").count()
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// A target that records and answers each head with 200.
async fn recording(record: Arc<Record>) -> std::net::SocketAddr {
    toy::raw(move |stream, _| serve(stream, Arc::clone(&record))).await
}

async fn serve(mut stream: TcpStream, record: Arc<Record>) {
    let (mut seen, mut answered, mut buffer) = (String::new(), 0, [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        record.0.lock().unwrap().push_str(&text);
        seen.push_str(&text);
        while seen.matches("\r\n\r\n").count() > answered {
            answered += 1;
            toy::write(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    }
}

async fn edge() -> (Edge, Arc<Record>) {
    let record = Arc::<Record>::default();
    let address = recording(Arc::clone(&record)).await;
    let edge = Edge::serving(upstream().side("r1", 1, &[address]).change(|u| {
        u.probe.path = None;
        // Probes would open connections beside; they send nothing, but quiet is better for counting.
        u.probe.interval_ms = 60_000;
    }))
    .await;
    (edge, record)
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_could_be_read_in_two_ways_is_answered_400_and_reaches_nobody() {
    let (edge, record) = edge().await;
    let post = "POST / HTTP/1.1\r\nHost: a\r\n";
    let heads = [
        (
            "both lengths",
            format!("{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            "both lengths, the other way round",
            format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        ),
        (
            "two different lengths",
            format!("{post}Content-Length: 4\r\nContent-Length: 0\r\n\r\nabcd"),
        ),
        ("a list of lengths", format!("{post}Content-Length: 4, 4\r\n\r\nabcd")),
        ("a signed length", format!("{post}Content-Length: +4\r\n\r\nabcd")),
        (
            "a length with space before its colon",
            format!("{post}Content-Length : 4\r\n\r\nabcd"),
        ),
        (
            "an encoding that is not chunked",
            format!("{post}Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n"),
        ),
        (
            "chunked not last",
            format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ),
        (
            "chunked twice",
            format!("{post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            "an encoding in disguise",
            format!("{post}Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            "an encoding in HTTP/1.0",
            "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        ),
        (
            "a folded encoding",
            format!("{post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            "a bare LF after the request line",
            "GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a bare LF after a header",
            "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n".to_owned(),
        ),
        (
            "a bare LF as the empty line",
            "GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(),
        ),
        (
            "a bare CR in a value",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\rContent-Length: 5\r\n\r\n".to_owned(),
        ),
        (
            "NUL in a value",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n".to_owned(),
        ),
        (
            "NUL in a name",
            "GET / HTTP/1.1\r\nHost: a\r\nX\0: y\r\n\r\n".to_owned(),
        ),
        (
            "a control character in a value",
            "GET / HTTP/1.1\r\nHost: a\r\nX: \u{1}\r\n\r\n".to_owned(),
        ),
        (
            "a control character in the target",
            "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "space before a colon",
            "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n".to_owned(),
        ),
        ("space before a name", "GET / HTTP/1.1\r\n Host: a\r\n\r\n".to_owned()),
        (
            "a header without a name",
            "GET / HTTP/1.1\r\nHost: a\r\n: y\r\n\r\n".to_owned(),
        ),
        (
            "a header without a colon",
            "GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n".to_owned(),
        ),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned()),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned()),
        (
            "the same host twice",
            "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n".to_owned(),
        ),
        ("a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".to_owned()),
        ("a host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".to_owned()),
        (
            "another host in the target",
            "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        (
            "a target that is no path",
            "GET a HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        ("space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned()),
        (
            "tabs in the request line",
            "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        ),
        ("another version", "GET / HTTP/1.2\r\nHost: a\r\n\r\n".to_owned()),
        (
            "three empty lines before it",
            format!("\r\n\r\n\r\n{}", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ),
    ];
    for (what, head) in &heads {
        let mut connection = edge.connect().await;
        connection.send(format!("{head}{SMUGGLED}")).await;
        let answer = connection
            .try_answer()
            .await
            .unwrap_or_else(|| panic!("{what}: closed without an answer"));
        assert_eq!(answer.status, 400, "{what}: {answer:?}");
        assert!(connection.ended().await, "{what}: the connection goes on");
        assert_eq!(
            record.requests(),
            0,
            "{what}: reached the target as {:?}",
            record.text()
        );
    }
    for connect in ["CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"] {
        let mut connection = edge.connect().await;
        connection.send(format!("{connect}{SMUGGLED}")).await;
        assert_eq!(connection.answer().await.status, 405);
        assert!(connection.ended().await);
        assert_eq!(record.requests(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_verdict_does_not_depend_on_how_the_bytes_are_cut() {
    let (edge, record) = edge().await;
    for head in [
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\r\n\r\n",
    ] {
        let mut connection = edge.connect().await;
        // The edge may close before the last bytes are out.
        for byte in head.bytes() {
            if tokio::io::AsyncWriteExt::write_all(&mut connection.stream, &[byte])
                .await
                .is_err()
            {
                break;
            }
            tokio::task::yield_now().await;
        }
        if let Some(answer) = connection.try_answer().await {
            assert_eq!(answer.status, 400, "{head:?}");
        }
        assert_eq!(record.requests(), 0, "{head:?}: {:?}", record.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_before_on_the_connection_is_served() {
    let (edge, record) = edge().await;
    let mut connection = edge.connect().await;
    connection
        .send(format!(
            "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\nHost: a\r\n\r\n{SMUGGLED}"
        ))
        .await;
    assert_eq!(connection.answer().await.status, 200);
    assert_eq!(connection.answer().await.status, 400);
    assert!(connection.ended().await);
    assert_eq!(record.requests(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_end_where_both_sides_think_they_do() {
    // A request within a body is a body.
    let (edge, record) = edge().await;
    let mut connection = edge.connect().await;
    let inner = "GET /smuggled HTTP/1.1\r\n";
    connection
        .send(format!(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{inner}",
            inner.len()
        ))
        .await;
    assert_eq!(connection.answer().await.status, 200);
    assert_eq!(record.text().matches("/smuggled").count(), 1);
    assert!(record.text().contains(&format!("content-length: {}\r\n", inner.len())));

    // Broken chunks break the request off; what follows them is nobody's request.
    for body in [
        "5\nhello\r\n0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "x\r\n\r\n",
        "5;a=\0\r\nhello\r\n0\r\n\r\n",
        "0\r\nA: b\n\r\n",
    ] {
        let (edge, record) = self::edge().await;
        let mut connection = edge.connect().await;
        connection
            .send(format!(
                "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}"
            ))
            .await;
        let first = connection.try_answer().await;
        if first.is_some() {
            assert!(connection.try_answer().await.is_none(), "{body:?}: a second answer");
        }
        assert!(!record.text().contains("/smuggled"), "{body:?}: {:?}", record.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_bounded() {
    let (edge, record) = edge().await;
    let many = (0..200).map(|n| format!("X-{n}: y\r\n")).collect::<String>();
    let mut connection = edge.connect().await;
    connection
        .send(format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"))
        .await;
    assert_eq!(connection.answer().await.status, 431);
    let mut connection = edge.connect().await;
    let long = "y".repeat(70 * 1024);
    connection
        .send(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"))
        .await;
    // It may be closed while we still send, which takes the answer along.
    if let Some(answer) = connection.try_answer().await {
        assert_eq!(answer.status, 431);
    }
    assert_eq!(record.requests(), 0);
}
