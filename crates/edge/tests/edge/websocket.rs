//! WebSockets of a target that goes away, seen by a client that reads frames.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seaworthy_edge::config::Upstream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedReadHalf;
use tokio::sync::{Mutex, Notify, mpsc};

use crate::harness::{Edge, WithSides, eventually, soon, upstream};
use crate::http::Connection;
use crate::toy;
use crate::upgrade::ASK;

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;

/// A frame with its opcode.
type Frame = (u8, Vec<u8>);

/// A frame of a client. Its mask is zero, which leaves the payload as it is.
fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [&[0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

/// A frame of a target.
fn plain(opcode: u8, payload: &[u8]) -> Vec<u8> {
    [&[0x80 | opcode, payload.len() as u8], payload].concat()
}

/// The next frame of a client.
async fn hear(from: &mut OwnedReadHalf) -> Option<Frame> {
    let first = from.read_u8().await.ok()?;
    let length = from.read_u8().await.ok()? & 0x7f;
    let mut rest = vec![0; 4 + usize::from(length)];
    from.read_exact(&mut rest).await.ok()?;
    Some((first & 0x0f, rest.split_off(4)))
}

/// A target that echoes texts and answers a close frame in kind and with the end of the connection.
struct Chat {
    address: SocketAddr,
    /// Told, it says what it has to say later.
    go: Arc<Notify>,
    /// What it heard of clients that closed.
    closed: mpsc::UnboundedReceiver<Vec<u8>>,
}

/// `at_once` is said with the 101, `later` when told.
async fn chat(at_once: Vec<u8>, later: Vec<u8>) -> Chat {
    let go = Arc::new(Notify::new());
    let (tell, closed) = mpsc::unbounded_channel();
    let told = Arc::clone(&go);
    let address = toy::raw(move |mut stream, _| {
        let (go, tell, at_once, later) = (Arc::clone(&told), tell.clone(), at_once.clone(), later.clone());
        async move {
            if toy::read_head(&mut stream).await.is_none() {
                return;
            }
            let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n";
            let mut hello = switch.as_bytes().to_vec();
            hello.extend(at_once);
            stream.write_all(&hello).await.unwrap();
            let (mut from, to) = stream.into_split();
            let to = Arc::new(Mutex::new(to));
            let voice = Arc::clone(&to);
            let saying = tokio::spawn(async move {
                go.notified().await;
                let _ = voice.lock().await.write_all(&later).await;
            });
            while let Some((opcode, payload)) = hear(&mut from).await {
                let _ = to.lock().await.write_all(&plain(opcode, &payload)).await;
                if opcode == CLOSE {
                    let _ = tell.send(payload);
                    break;
                }
            }
            saying.abort();
        }
    })
    .await;
    Chat { address, go, closed }
}

fn of(chat: &Chat) -> Upstream {
    upstream()
        .side("r1", 1, &[chat.address])
        .change(|u| u.probe.path = None)
}

/// Sets the target to draining.
async fn leave(edge: &Edge, version: u64, chat: &Chat, drain_ms: u64) {
    let leaving = of(chat).change(|u| {
        let target = &mut u.sides[0].targets[0];
        (target.draining, target.drain_ms) = (true, drain_ms);
    });
    edge.take(edge.config(version).route("/", "u").upstream("u", leaving))
        .await;
}

async fn open(edge: &Edge) -> Connection {
    let mut connection = edge.connect().await;
    connection.send(ASK).await;
    assert_eq!(connection.head().await.unwrap().status, 101);
    connection
}

/// The next frame of the target, or of the edge in its place.
async fn frame(connection: &mut Connection) -> Option<Frame> {
    let head = connection.exactly(2).await?;
    assert_eq!(head[1] & 0x80, 0, "towards a client nothing is masked");
    let payload = connection.exactly(head[1].into()).await?;
    Some((head[0] & 0x0f, payload))
}

fn going_away() -> Option<Frame> {
    Some((CLOSE, 1001_u16.to_be_bytes().to_vec()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_told_that_its_target_goes_away_and_both_part_in_peace() {
    let mut chat = chat(plain(TEXT, b"hello"), Vec::new()).await;
    let edge = Edge::serving(of(&chat)).await;
    let mut client = open(&edge).await;
    assert_eq!(frame(&mut client).await, Some((TEXT, b"hello".to_vec())));
    leave(&edge, 2, &chat, 0).await;
    assert_eq!(frame(&mut client).await, going_away());
    client.send(masked(CLOSE, &1001_u16.to_be_bytes())).await;
    assert_eq!(
        soon("the target hears of it", chat.closed.recv()).await.unwrap(),
        1001_u16.to_be_bytes()
    );
    assert!(client.ended().await, "no second close frame, that of the target");
    let left = edge
        .client
        .drain(vec!["r1-0".into()], Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(left, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_has_begun_is_finished_first() {
    let message = plain(TEXT, b"a message in two parts");
    let (first, second) = message.split_at(10);
    let chat = chat(first.to_vec(), second.to_vec()).await;
    let edge = Edge::serving(of(&chat)).await;
    let mut client = open(&edge).await;
    assert_eq!(client.exactly(first.len()).await.unwrap(), first);
    leave(&edge, 2, &chat, 0).await;
    chat.go.notify_one();
    assert_eq!(client.exactly(second.len()).await.unwrap(), second);
    assert_eq!(frame(&mut client).await, going_away());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_never_ends_and_a_client_that_never_answers_are_cut_off() {
    for half in [&[][..], &[0x81, 100, b'x']] {
        let chat = chat(half.to_vec(), Vec::new()).await;
        let edge = Edge::serving(of(&chat)).await;
        let mut client = open(&edge).await;
        assert_eq!(client.exactly(half.len()).await.unwrap(), half);
        let began = Instant::now();
        leave(&edge, 2, &chat, 0).await;
        if half.is_empty() {
            assert_eq!(frame(&mut client).await, going_away());
        }
        assert!(client.ended().await);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        eventually("nothing is in flight", || async {
            (edge.in_flight("r1-0").await == 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_closed_by_itself_is_not_spoken_for() {
    let chat = chat(plain(CLOSE, &1000_u16.to_be_bytes()), Vec::new()).await;
    let edge = Edge::serving(of(&chat)).await;
    let mut client = open(&edge).await;
    assert_eq!(frame(&mut client).await, Some((CLOSE, 1000_u16.to_be_bytes().to_vec())));
    leave(&edge, 2, &chat, 0).await;
    assert_eq!(frame(&mut client).await, None, "a frame after the close frame");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goodbyes_are_spread_over_the_drain_and_until_then_all_goes_on() {
    let chat = chat(Vec::new(), Vec::new()).await;
    let edge = Edge::with_workers(1).await;
    edge.take(edge.config(1).route("/", "u").upstream("u", of(&chat))).await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(open(&edge).await);
    }
    let began = Instant::now();
    leave(&edge, 2, &chat, 3000).await;
    let last_words = clients.into_iter().map(|mut client| async move {
        client.send(masked(TEXT, b"still there?")).await;
        let mut heard = false;
        loop {
            match frame(&mut client).await {
                Some((TEXT, text)) => heard = text == b"still there?",
                told => {
                    assert_eq!(told, going_away());
                    return (began.elapsed(), heard);
                }
            }
        }
    });
    let mut told = futures_util::future::join_all(last_words).await;
    told.sort_unstable();
    // Half a second between them: two seconds for four, and the last one has a second to part.
    for (place, (at, heard)) in told.iter().enumerate() {
        let due = Duration::from_millis(500) * u32::try_from(place).unwrap();
        assert!((due..Duration::from_secs(3)).contains(at), "{told:?}");
        assert!(*heard || place == 0, "{told:?}");
    }
    // A configuration that keeps the target after all closes no more.
    let mut late = edge.connect().await;
    edge.take(edge.config(3).route("/", "u").upstream("u", of(&chat))).await;
    late.send(ASK).await;
    assert_eq!(late.head().await.unwrap().status, 101);
    late.send(masked(TEXT, b"and now?")).await;
    assert_eq!(frame(&mut late).await, Some((TEXT, b"and now?".to_vec())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_messages_pass_unharmed() {
    let body: Vec<u8> = (0..200_000_u32).map(|number| number as u8).collect();
    let head = [&[0x82, 127][..], &(body.len() as u64).to_be_bytes()].concat();
    let chat = chat([head.clone(), body.clone()].concat(), plain(TEXT, b"after")).await;
    let edge = Edge::serving(of(&chat)).await;
    let mut client = open(&edge).await;
    assert_eq!(client.exactly(head.len()).await.unwrap(), head);
    assert_eq!(client.exactly(1000).await.unwrap(), &body[..1000]);
    leave(&edge, 2, &chat, 0).await;
    assert_eq!(client.exactly(body.len() - 1000).await.unwrap(), &body[1000..]);
    assert_eq!(frame(&mut client).await, going_away());
}
