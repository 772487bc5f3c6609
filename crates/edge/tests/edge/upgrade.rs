//! After an upgrade: bytes both ways.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Edge, WithSides, eventually, upstream};
use crate::toy;

pub(crate) const ASK: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                   Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A target that switches, says hello with the same segment as its 101, and echoes.
async fn echo() -> std::net::SocketAddr {
    toy::raw(|mut stream, _| async move {
        let Some(head) = toy::read_head(&mut stream).await else {
            return;
        };
        let asked = head.to_ascii_lowercase();
        if !asked.contains("upgrade: websocket") || !asked.contains("connection: upgrade") {
            toy::write(&mut stream, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
            return;
        }
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhello";
        toy::write(&mut stream, switch).await;
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            stream.write_all(&buffer[..count]).await.unwrap();
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_is_passed_through_and_in_flight_until_it_closes() {
    let edge = Edge::serving(
        upstream()
            .side("r1", 1, &[echo().await])
            .change(|u| u.probe.path = None),
    )
    .await;
    let mut connection = edge.connect().await;
    connection.send(ASK).await;
    let head = connection.head().await.unwrap();
    assert_eq!(head.status, 101);
    assert_eq!(head.header("upgrade"), Some("websocket"));
    assert_eq!(
        head.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
    assert_eq!(connection.exactly(5).await.unwrap(), b"hello");
    // Frames are nobody's lines: what would be a violation in HTTP passes.
    for frame in [
        &b"\x81\x85\0\0\0\0a\nb\nc"[..],
        b"GET / HTTP/1.1\nContent-Length: x\n\n",
    ] {
        connection.send(frame).await;
        assert_eq!(connection.exactly(frame.len()).await.unwrap(), frame);
    }
    assert_eq!(edge.in_flight("r1-0").await, 1);
    let left = edge
        .client
        .drain(vec!["r1-0".into()], Duration::from_millis(50))
        .await
        .unwrap();
    assert_eq!(left, [("r1-0".to_owned(), 1)]);
    drop(connection);
    eventually("the tunnel has ended", || async {
        (edge.in_flight("r1-0").await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_does_not_switch_answers_as_usual() {
    let address = toy::raw(|mut stream, _| async move {
        while toy::read_head(&mut stream).await.is_some() {
            toy::write(&mut stream, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").await;
        }
    })
    .await;
    let edge = Edge::serving(upstream().side("r1", 1, &[address]).change(|u| u.probe.path = None)).await;
    let mut connection = edge.connect().await;
    for _ in 0..2 {
        connection.send(ASK).await;
        let answer = connection.answer().await;
        assert_eq!((answer.status, answer.text().as_str()), (403, "no"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h2c_is_not_passed_on() {
    let edge = Edge::serving(
        upstream()
            .side("r1", 1, &[echo().await])
            .change(|u| u.probe.path = None),
    )
    .await;
    let mut connection = edge.connect().await;
    connection.send(ASK.replace("websocket", "h2c")).await;
    // The target saw no wish to switch.
    assert_eq!(connection.answer().await.status, 400);
}
