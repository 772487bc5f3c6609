//! The application: one file of Python that behaves as `$MOOD` says.

pub const SOURCE: &str = r#"
import http.server, json, os, signal, socket, sys, time

mood = os.environ["MOOD"]
port = int(os.environ.get("PORT", "0"))
lives = os.path.join(os.environ["HOME"], "lives")
with open(lives, "a") as file:
    file.write("x")
life = os.path.getsize(lives)
well = True

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global well
        status = 200
        if self.path == "/ready" and mood in ("404", "500"):
            status = int(mood)
        if self.path == "/sick":
            well = False
        if self.path in ("/live", "/ready") and not well:
            status = 503
        body = json.dumps({"env": dict(os.environ), "uid": os.getuid(), "pid": os.getpid(), "cwd": os.getcwd()}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass

print("life", life, flush=True)
if mood == "ignores SIGTERM":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mood == "dies after its first life" and life > 1:
    sys.exit("I do not want to live again")
address = ("127.0.0.1", port)
if mood == "wrong port":
    address = ("127.0.0.1", 0)
if mood == "wrong address":
    address = ("127.0.0.2", port)
if mood == "slow":
    time.sleep(1)
server = http.server.ThreadingHTTPServer(address, Handler)
print("listening on", *server.server_address, flush=True)
server.serve_forever()
"#;
