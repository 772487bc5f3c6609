//! Connections that stay open: WebSockets and server-sent events pass through the edge unbuffered.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::harness::websocket::{Frame, WebSocket};
use crate::harness::{Seaworthy, apps, lacks, wait};

#[test]
fn a_websocket_echoes_through_the_edge_and_outlives_the_change_until_it_is_drained() {
    if lacks(&["node", "npm", "npm-registry"]) {
        return;
    }
    let server = |name: &str| {
        format!(
            "const {{ WebSocketServer }} = require('ws');\nconst server = require('http').createServer((_, answer) => answer.end('{name}'));\n\
             new WebSocketServer({{ server }}).on('connection', socket => socket.on('message', text => socket.send('{name}: ' + text)));\n\
             server.listen(process.env.PORT, '127.0.0.1');\n"
        )
    };
    let ship = Seaworthy::new()
        .source(
            "echo/package.json",
            r#"{ "name": "echo", "private": true, "dependencies": { "ws": "8.18.3" } }"#,
        )
        .source("echo/server.js", &server("one"))
        .file("app = \"echo\"\n\n[services.echo]\nsource = \"echo\"\ndrain = \"4s\"\n");
    ship.up().succeeds();
    let mut socket = WebSocket::open(&ship.edge, "/");
    for text in ["ahoy", "again"] {
        socket.send(text);
        assert_eq!(socket.receive().unwrap(), Frame::Text(format!("one: {text}")));
    }

    // A new version takes the new connections; the open one is asked to go within its time to drain, and told so.
    ship.write("echo/server.js", &server("two"));
    let up = ship.begin(["up"]);
    wait::for_some("the new version", || {
        (ship.try_get("/").ok()?.body == "two").then_some(())
    });
    assert_eq!(socket.receive().unwrap(), Frame::Close(1001), "going away, not cut off");
    up.ended().succeeds();
    let mut socket = WebSocket::open(&ship.edge, "/");
    socket.send("ahoy");
    assert_eq!(socket.receive().unwrap(), Frame::Text("two: ahoy".to_owned()));
}

#[test]
fn events_arrive_one_by_one_as_they_are_sent() {
    if lacks(&["python"]) {
        return;
    }
    // Each event is sent only when the client has seen the one before: a buffer anywhere would stop it for good.
    let events = r"
        import urllib.parse
        global seen
        if self.path.startswith('/seen'):
            seen = int(self.path.split('/')[2])
            return reply('noted')
        if self.path != '/events':
            return reply('a page')
        self.send_response(200)
        self.send_header('content-type', 'text/event-stream')
        self.send_header('connection', 'close')
        self.end_headers()
        for number in range(1, 6):
            self.wfile.write(f'data: {number}\n\n'.encode())
            self.wfile.flush()
            while seen < number:
                time.sleep(0.005)
";
    let ship = Seaworthy::new()
        .web(&format!("seen = 0\n{}", apps::serving(events.trim())))
        .file(apps::WEB);
    ship.up().succeeds();
    let mut stream = TcpStream::connect(&ship.edge).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream
        .write_all(format!("GET /events HTTP/1.1\r\nhost: {}\r\n\r\n", ship.edge).as_bytes())
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    for number in 1..=5 {
        let wanted = format!("data: {number}");
        assert!(
            lines.by_ref().map(Result::unwrap).any(|line| line == wanted),
            "{wanted}"
        );
        assert_eq!(ship.get(&format!("/seen/{number}")).body, "noted");
    }
}
