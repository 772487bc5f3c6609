//! An edge that is killed. It runs as a process of its own: this test binary, told by its environment to be one.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use seaworthy_edge::client::Uptake;

use crate::harness::{Plan, WithSides, bind, connect, eventually, soon, upstream};
use crate::http::Connection;
use crate::toy::Toy;

const DIR: &str = "SEAWORTHY_TEST_EDGE_DIR";

/// Not a test of its own: the child process of the tests below ends up here.
#[test]
fn as_a_process() {
    if let Some(dir) = std::env::var_os(DIR) {
        seaworthy_edge::run(&seaworthy_edge::EdgeOptions {
            dir: dir.into(),
            workers: Some(2),
        })
        .unwrap();
    }
}

/// Killed with its test.
struct Process(Child);

impl Process {
    fn start(dir: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "crash::as_a_process", "--nocapture"])
            .env(DIR, dir);
        Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_wait_while_no_edge_runs_are_served_by_the_next() {
    let toy = Toy::start("toy").await;
    let dir = tempfile::tempdir().unwrap();
    let mut edge = Process::start(dir.path());
    let client = connect(dir.path()).await;
    let sockets = bind(2);
    let address = sockets[0].0;
    client.listen(&sockets).await.unwrap();
    let plan = Plan::new(address, 1)
        .route("/", "u")
        .upstream("u", upstream().side("r1", 1, &[toy.address]));
    assert!(matches!(
        client.configure(plan.0).await.unwrap(),
        Uptake::Configured { workers: 2, .. }
    ));
    assert_eq!(Connection::open(address).await.get("/").await.text(), "toy");

    edge.kill();
    // Nobody accepts, and everybody gets a connection: the sockets are still ours.
    let mut waiting = Vec::new();
    for _ in 0..50 {
        let mut connection = Connection::open(address).await;
        connection.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        waiting.push(connection);
    }
    let _edge = Process::start(dir.path());
    // The lock of a killed edge and its left-over socket are in nobody's way.
    let next = eventually("the next edge answers", || async {
        let client = seaworthy_edge::client::Client::connect(dir.path()).await.ok()?;
        client.hello().await.ok()
    });
    assert_eq!(next.await.version, 1);
    // The client of the first finds the second by itself.
    client.listen(&sockets).await.unwrap_err();
    client.listen(&sockets).await.unwrap();
    for mut connection in waiting {
        let answer = connection.answer().await;
        assert_eq!((answer.status, answer.text().as_str()), (200, "toy"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_of_a_terminal_are_ignored_and_sigterm_finishes_what_is_in_flight() {
    use rustix::process::Signal;
    let toy = Toy::start("toy").await;
    let dir = tempfile::tempdir().unwrap();
    let mut edge = Process::start(dir.path());
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
    let mut slow = Connection::open(sockets[0].0).await;
    slow.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    eventually("it is there", || async { (toy.requests() == 1).then_some(()) }).await;
    edge.signal(Signal::HUP);
    edge.signal(Signal::INT);
    client.hello().await.unwrap();
    edge.signal(Signal::TERM);
    let gone = || async { (!dir.path().join("edge.sock").exists()).then_some(()) };
    eventually("it has given up its directory", gone).await;
    toy.shared.go.notify_one();
    assert_eq!(slow.answer().await.text(), "toy");
    let ended = async {
        while edge.0.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("it ends", ended).await;
    assert!(edge.0.wait().unwrap().success());
}
