//! Small applications, most of them bad ones.

/// A service that is one Python file without packages, `web/server.py`.
pub(crate) const WEB: &str = r#"
app = "hello"

[services.web]
source  = "web"
build   = ""
command = ["python3", "-u", "server.py"]
drain   = "2s"
stop    = "1s"
health  = { interval = "200ms", start = "5s" }
"#;

/// [`WEB`] with more lines in its service.
pub(crate) fn web_with(lines: &str) -> String {
    format!("{WEB}{lines}\n")
}

/// A server that answers every path with this text, and says its release, instance and process in headers.
pub(crate) fn says(text: &str) -> String {
    serving(&format!("reply({text:?})"))
}

/// A server whose `GET` handler is this statement. It may use `reply(text)`, `self` and `os`.
pub(crate) fn serving(statement: &str) -> String {
    PYTHON.replace("STATEMENT", statement)
}

const PYTHON: &str = r#"
import http.server, os, sys, time

class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        def reply(text, status=200):
            body = text.encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.send_header("x-release", os.environ["SEAWORTHY_RELEASE"])
            self.send_header("x-instance", os.environ["SEAWORTHY_INSTANCE"])
            self.send_header("x-pid", str(os.getpid()))
            self.end_headers()
            self.wfile.write(body)
        STATEMENT

    def log_message(self, *words):
        pass

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

print("listening", flush=True)
Server(("127.0.0.1", int(os.environ["PORT"])), Web).serve_forever()
"#;
