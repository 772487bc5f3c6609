//! A seaworthy of its own for each test: state directory, binary, application, edge address.
//!
//! ```ignore
//! let ship = Seaworthy::new().python("web", &apps::says("hello")).file(apps::WEB);
//! ship.up().succeeds();
//! assert_eq!(ship.get("/").body, "hello");
//! ```
//!
//! Dropping it stops everything and fails the test if a process is left.

pub(crate) mod apps;
mod http;
mod needs;
pub(crate) mod processes;
mod ran;
mod traffic;
pub(crate) mod wait;
pub(crate) mod websocket;

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use seaworthy_api::{AppStatus, Release};
use tempfile::TempDir;

pub(crate) use http::Page;
pub(crate) use needs::lacks;
pub(crate) use ran::{Background, Ran};
pub(crate) use traffic::Traffic;

/// Programs that an unprivileged user can execute; also what the platform gives its instances.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A seaworthy with nothing running yet.
pub(crate) struct Seaworthy {
    root: TempDir,
    /// The address of its edge.
    pub(crate) edge: String,
}

impl Seaworthy {
    /// An empty one, in a directory of its own that other users can pass through, with an edge address of its own.
    pub(crate) fn new() -> Self {
        let root = tempfile::Builder::new()
            .prefix("ship-")
            .permissions(std::fs::Permissions::from_mode(0o711))
            .tempdir_in("/tmp")
            .unwrap();
        let ship = Self {
            root,
            edge: format!("127.0.0.1:{}", free_port()),
        };
        std::fs::create_dir(ship.dir("bin")).unwrap();
        std::fs::create_dir(ship.dir("app")).unwrap();
        // A link shows this directory in /proc/PID/exe, by which the harness knows its own processes.
        let built = Path::new(env!("CARGO_BIN_EXE_seaworthy"));
        if std::fs::hard_link(built, ship.binary()).is_err() {
            std::fs::copy(built, ship.binary()).unwrap();
        }
        ship
    }

    /// Writes `seaworthy.toml`. Where the text does not say otherwise, the edge listens on this ship's own address, and
    /// a release is watched for a moment only.
    pub(crate) fn file(self, text: &str) -> Self {
        self.rewrite(text);
        self
    }

    /// As [`Seaworthy::file`], later.
    pub(crate) fn rewrite(&self, text: &str) {
        let mut text = text.to_owned();
        if !text.contains("[edge]") {
            text.push_str(&format!("\n[edge]\nhttp = \"{}\"\n", self.edge));
        }
        if !text.contains("[release]") {
            text.push_str("\n[release]\nbake = \"300ms\"\n");
        }
        self.write("seaworthy.toml", &text);
    }

    /// Writes a file of the application.
    pub(crate) fn source(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// As [`Seaworthy::source`], later.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.dir("app").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a Python program as `web/server.py`.
    pub(crate) fn web(self, program: &str) -> Self {
        self.source("web/server.py", program)
    }

    /// Runs `seaworthy up` to its end.
    pub(crate) fn up(&self) -> Ran {
        self.run(["up"])
    }

    /// Runs a command of this binary, with this state and file, to its end.
    pub(crate) fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, words: I) -> Ran {
        Ran::to_its_end(self.command(words))
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn run_with_input<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, words: I, input: &str) -> Ran {
        Ran::with_input(self.command(words), input)
    }

    /// Starts a command and comes back at once.
    pub(crate) fn begin<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, words: I) -> Background {
        Background::start(self.command(words))
    }

    /// A command of this binary. Its environment is that of a fresh login, so that nothing of the developer's leaks in.
    pub(crate) fn command<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, words: I) -> Command {
        let mut command = Command::new(self.binary());
        command.arg("--state").arg(self.state()).args(words);
        command.current_dir(self.dir("app")).env_clear();
        command
            .env("PATH", PATH)
            .env("HOME", self.root.path())
            .env("LANG", "C.UTF-8");
        command.stdin(Stdio::null());
        command
    }

    /// `status --json`.
    pub(crate) fn status(&self) -> AppStatus {
        self.run(["status", "--json"]).succeeds().json()
    }

    /// `releases --json`, newest first.
    pub(crate) fn releases(&self) -> Vec<Release> {
        #[derive(serde::Deserialize)]
        struct History {
            releases: Vec<Release>,
        }
        self.run(["releases", "--json"]).succeeds().json::<History>().releases
    }

    /// The last release, from `releases --json` and `release show --json`.
    pub(crate) fn last_release(&self) -> Release {
        let id = self.status().release.expect("there was a release").id;
        self.run(["release", "show", &id, "--json"]).succeeds().json()
    }

    /// GETs a path through the edge.
    pub(crate) fn get(&self, path: &str) -> Page {
        self.try_get(path).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// GETs a path through the edge, if it answers.
    pub(crate) fn try_get(&self, path: &str) -> std::io::Result<Page> {
        http::get(&self.edge, path, &[])
    }

    /// GETs a path with more headers.
    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Page {
        http::get(&self.edge, path, headers).unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    /// Open-loop load on a path, `rate` requests per second.
    pub(crate) fn traffic(&self, path: &str, rate: f64) -> Traffic {
        Traffic::start(&format!("http://{}{path}", self.edge), rate)
    }

    /// The processes of this binary with this role: `daemon`, `edge`, `keep`.
    pub(crate) fn pids(&self, role: &str) -> Vec<i32> {
        processes::with_role(self.root.path(), role)
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir("state")
    }

    /// The application's directory.
    pub(crate) fn app(&self) -> PathBuf {
        self.dir("app")
    }

    fn binary(&self) -> PathBuf {
        self.dir("bin").join("seaworthy")
    }

    fn dir(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }
}

impl Drop for Seaworthy {
    fn drop(&mut self) {
        let failing = std::thread::panicking();
        if failing {
            processes::show(self.root.path());
            processes::show_logs(&self.state());
        }
        let down = self.state().exists().then(|| self.run(["down", "--all"]));
        let gone = wait::until(Duration::from_secs(10), || processes::of(self.root.path()).is_empty());
        let left = processes::of(self.root.path());
        for process in &left {
            processes::kill(process.pid);
        }
        assert!(
            gone || failing,
            "`down --all` left processes behind: {left:#?}\n{}",
            down.map(|ran| ran.to_string()).unwrap_or_default()
        );
    }
}

/// A port nobody listens on, outside the range of instances (20000–29999) and below that of outgoing connections.
/// Each test process searches from a place of its own, so that two do not meet.
pub(crate) fn free_port() -> u16 {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 8_000;
    let start = std::process::id().wrapping_mul(37);
    (0..COUNT)
        .map(|_| u32::from(NEXT.fetch_add(1, Ordering::Relaxed)))
        .map(|step| (FIRST + start.wrapping_add(step) % COUNT) as u16)
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}
