//! What the client is for: it goes on while a server hangs, and counts what every request got.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use seaworthy_load::{Plan, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-release: r1\r\n\r\nok";
const LAST: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const BAD: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nx-release: r2\r\n\r\n";

/// What the toy server does with a request.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Answer(&'static str),
    AnswerAndClose,
    Stall,
    Reset,
}

/// A server that does as the latest mood says, and the plan that asks it.
async fn server(rate: f64) -> (watch::Sender<Mood>, Plan) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plan = Plan::get(&format!("http://{}/", listener.local_addr().unwrap()), rate).unwrap();
    let (mood, moods) = watch::channel(Mood::Answer(GOOD));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, moods.clone()));
        }
    });
    (mood, plan)
}

async fn serve(mut stream: TcpStream, mut moods: watch::Receiver<Mood>) -> Option<()> {
    let mut buffer = [0; 4096];
    // The client sends one request at a time on a connection, and each fits one read.
    while stream.read(&mut buffer).await.ok()? > 0 {
        moods.wait_for(|mood| *mood != Mood::Stall).await.ok()?;
        let mood = *moods.borrow();
        match mood {
            Mood::Answer(answer) => stream.write_all(answer.as_bytes()).await.ok()?,
            Mood::AnswerAndClose => return stream.write_all(LAST.as_bytes()).await.ok(),
            Mood::Stall | Mood::Reset => return None,
        }
    }
    Some(())
}

async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn every_request_of_a_plan_is_sent_and_answered() {
    let (_mood, plan) = server(500.0).await;
    let summary = Running::start(plan.lasting(Duration::from_millis(400))).ended().await;
    assert_eq!(
        (summary.scheduled, summary.good, summary.failed.total()),
        (200, 200, 0),
        "{summary:?}"
    );
    assert_eq!(summary.by_release["r1"].good, 200);
    assert!(summary.elapsed_ms >= 395, "{summary:?}");
}

#[tokio::test]
async fn a_stalled_server_does_not_slow_the_schedule_and_its_silence_is_counted() {
    let (mood, plan) = server(200.0).await;
    let load = Running::start(plan);
    until(|| load.snapshot().good >= 20).await;

    mood.send(Mood::Stall).unwrap();
    let before = load.snapshot();
    until(|| load.snapshot().elapsed_ms >= before.elapsed_ms + 500).await;
    let during = load.snapshot();
    assert!(
        during.scheduled >= before.scheduled + 90,
        "it went on sending: {during:?}"
    );
    assert!(during.good <= before.good + 2, "and got nothing: {during:?}");

    mood.send(Mood::Answer(GOOD)).unwrap();
    let summary = load.stop().await;
    assert_eq!(summary.good, summary.scheduled);
    assert!(summary.longest_gap_ms >= 450, "{summary:?}");
    assert!(
        summary.latency.p90_ms >= 100.0,
        "waiting counts from when a request was due: {summary:?}"
    );
}

#[tokio::test]
async fn requests_that_find_every_connection_busy_wait_and_go_out_when_one_is_free() {
    let (mood, plan) = server(200.0).await;
    mood.send(Mood::Stall).unwrap();
    let load = Running::start(plan.connections(2).lasting(Duration::from_millis(200)));
    until(|| load.snapshot().scheduled == 40).await;
    mood.send(Mood::Answer(GOOD)).unwrap();
    assert_eq!(load.ended().await.good, 40);
}

#[tokio::test]
async fn each_failure_has_its_kind() {
    let (mood, plan) = server(100.0).await;
    let brief = plan
        .lasting(Duration::from_millis(95))
        .timeout(Duration::from_millis(200));
    let run = |plan: Plan| async { Running::start(plan).ended().await.failed };

    mood.send(Mood::Answer(BAD)).unwrap();
    assert_eq!(run(brief.clone()).await.bad_status, 10);
    mood.send(Mood::Answer(GOOD)).unwrap();
    assert_eq!(
        run(brief.clone().good_when(|answer| answer.body == "other"))
            .await
            .bad_answer,
        10
    );
    mood.send(Mood::Reset).unwrap();
    assert_eq!(run(brief.clone()).await.reset, 10);
    mood.send(Mood::Stall).unwrap();
    assert_eq!(run(brief.clone()).await.timeout, 10);

    let mut nobody = brief;
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    nobody.address = free.local_addr().unwrap();
    drop(free);
    assert_eq!(run(nobody).await.connect, 10);
}

#[tokio::test]
async fn a_server_that_closes_after_each_answer_costs_no_request() {
    let (mood, plan) = server(500.0).await;
    mood.send(Mood::AnswerAndClose).unwrap();
    let summary = Running::start(plan.lasting(Duration::from_millis(200))).ended().await;
    assert_eq!((summary.good, summary.failed.total()), (100, 0), "{summary:?}");
}
