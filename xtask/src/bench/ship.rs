//! A seaworthy of its own for a measurement.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::processes;

type Error = Box<dyn std::error::Error>;

/// A seaworthy whose application is one Node service, `web`.
pub(crate) struct Ship {
    root: PathBuf,
    /// Where its edge listens.
    pub(crate) edge: String,
}

/// A server as people write them. It says in which version, and since when it listens.
const SERVER: &str = r#"
const http = require("http");
let ready = 0;
const server = http.createServer((request, answer) => {
    answer.setHeader("x-release", process.env.SEAWORTHY_RELEASE);
    answer.setHeader("x-ready-ms", ready);
    answer.end("version VERSION\n");
});
server.listen(process.env.PORT, "127.0.0.1", () => { ready = Date.now(); });
"#;

impl Ship {
    /// One with this binary and this many instances. Everything else of its file is a default, the bake excepted.
    pub(crate) fn new(binary: &Path, replicas: u32) -> Result<Self, Error> {
        let ship = Self::empty(binary)?;
        ship.version("one")?;
        ship.file(&format!(
            "app = \"bench\"\n\n[services.web]\nsource = \"web\"\nbuild = \"\"\ncommand = [\"node\", \"server.js\"]\n\
             replicas = {replicas}\n\n[edge]\nhttp = \"{}\"\n\n[release]\nbake = \"0s\"\n",
            ship.edge
        ))?;
        Ok(ship)
    }

    /// One without an application.
    pub(crate) fn empty(binary: &Path) -> Result<Self, Error> {
        let edge = free_address()?;
        let name = format!(
            "seaworthy-bench-{}-{}",
            std::process::id(),
            edge.rsplit(':').next().unwrap_or_default()
        );
        let root = std::env::temp_dir().join(name);
        fs::create_dir_all(root.join("app/web"))?;
        fs::create_dir_all(root.join("bin"))?;
        for dir in [root.clone(), root.join("app"), root.join("app/web"), root.join("bin")] {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o755))?;
        }
        fs::copy(binary, root.join("bin/seaworthy"))?;
        Ok(Self { root, edge })
    }

    /// Writes its file.
    pub(crate) fn file(&self, text: &str) -> Result<(), Error> {
        Ok(fs::write(self.root.join("app/seaworthy.toml"), text)?)
    }

    /// Writes this version of its server.
    pub(crate) fn version(&self, name: &str) -> Result<(), Error> {
        Ok(fs::write(
            self.root.join("app/web/server.js"),
            SERVER.replace("VERSION", name),
        )?)
    }

    /// A command of its binary.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.binary());
        command.arg("--state").arg(self.root.join("state")).args(words);
        command.current_dir(self.root.join("app"));
        command
    }

    /// Runs a command, which must succeed, and answers with how long it took.
    pub(crate) fn run(&self, words: &[&str]) -> Result<Duration, Error> {
        ended_well(&mut self.command(words))
    }

    /// Runs a command pinned to a core; what it starts inherits this.
    pub(crate) fn run_on_core(&self, core: u32, words: &[&str]) -> Result<Duration, Error> {
        let plain = self.command(words);
        let mut pinned = Command::new("taskset");
        pinned
            .args(["--cpu-list", &core.to_string()])
            .arg(plain.get_program())
            .args(plain.get_args());
        pinned.current_dir(self.root.join("app"));
        ended_well(&mut pinned)
    }

    /// Sets how it is released, in place of what its file said.
    pub(crate) fn settings(&self, release: &str) -> Result<(), Error> {
        let path = self.root.join("app/seaworthy.toml");
        let text = fs::read_to_string(&path)?;
        let rest = text.split("[release]").next().unwrap_or_default();
        Ok(fs::write(path, format!("{rest}[release]\n{release}"))?)
    }

    /// Its state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Starts its daemon again, as a supervisor would.
    pub(crate) fn start_daemon(&self) -> Result<(), Error> {
        let mut daemon = Command::new(self.binary());
        daemon.args(["daemon", "--background", "--state"]).arg(self.state());
        daemon
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let socket = self.state().join("daemon.sock");
        wait_for("the daemon", || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        })
        .map(drop)
    }

    /// The processes of its application: those that run its server.
    pub(crate) fn applications(&self) -> Vec<u32> {
        let artifacts = self.state().join("artifacts");
        let ours = |pid: &u32| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(&artifacts));
        let found = processes::whose_words(|words| words.first().is_some_and(|word| word.ends_with("node")));
        found
            .into_iter()
            .filter(ours)
            .filter(|pid| processes::runs(*pid))
            .collect()
    }

    /// Its processes with this role: `daemon`, `edge`, `keep`.
    pub(crate) fn pids(&self, role: &str) -> Vec<u32> {
        let binary = self.binary().display().to_string();
        let ours =
            |pid: &u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.display().to_string() == binary);
        let found = processes::whose_words(|words| words.get(1).is_some_and(|word| word == role));
        found.into_iter().filter(ours).collect()
    }

    /// Its only process with this role.
    pub(crate) fn pid(&self, role: &str) -> Result<u32, Error> {
        match self.pids(role)[..] {
            [pid] => Ok(pid),
            ref others => Err(format!("{} processes are `{role}`, not one", others.len()).into()),
        }
    }

    /// The URL of its application.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.edge)
    }

    /// GETs its page on a new connection: the whole answer, if it is a good one.
    pub(crate) fn get(&self) -> Option<String> {
        let mut stream = TcpStream::connect(&self.edge).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        write!(
            stream,
            "GET / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            self.edge
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.starts_with("HTTP/1.1 200").then_some(answer)
    }

    /// A counter of its edge, summed over its labels.
    pub(crate) fn counter(&self, name: &str) -> Result<u64, Error> {
        let mut edge = std::os::unix::net::UnixStream::connect(self.root.join("state/edge/edge.sock"))?;
        edge.write_all(b"{\"ask\":\"metrics\"}\n")?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(edge), &mut line)?;
        let answer: serde_json::Value = serde_json::from_str(&line)?;
        let text = answer["text"].as_str().unwrap_or_default();
        if !text.contains(&format!("# TYPE {name} ")) {
            return Err(format!("the edge has no metric {name}").into());
        }
        // A counter that never counted has no line.
        let of_name = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']));
        Ok(text
            .lines()
            .filter(of_name)
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum())
    }

    fn binary(&self) -> PathBuf {
        self.root.join("bin/seaworthy")
    }
}

impl Drop for Ship {
    fn drop(&mut self) {
        let started = self.root.join("state/daemon.sock").exists();
        if let Some(Err(error)) = started.then(|| self.run(&["down", "--all"])) {
            println!("   {}: not stopped: {error}", self.root.display());
        }
        // What cannot be removed lies in the temporary directory, where the system clears it away.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Waits until it is so, for half a minute at most.
pub(crate) fn wait_for(what: &str, mut so: impl FnMut() -> bool) -> Result<Duration, Error> {
    let began = Instant::now();
    while !so() {
        if began.elapsed() > Duration::from_secs(30) {
            return Err(format!("waited 30 s for {what}").into());
        }
        pause(Duration::from_millis(1));
    }
    Ok(began.elapsed())
}

/// Time passes. A measurement is the one place that wants nothing else.
#[allow(clippy::disallowed_methods, reason = "this process serves nobody meanwhile")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// An address nobody listens on, below the range from which the kernel gives ports to outgoing connections.
pub(crate) fn free_address() -> Result<String, Error> {
    let first = 12_000 + (std::process::id() % 4_000) as u16;
    for port in first..first + 4_000 {
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(format!("127.0.0.1:{port}"));
        }
    }
    Err("no port is free".into())
}

fn ended_well(command: &mut Command) -> Result<Duration, Error> {
    let began = Instant::now();
    let output = command.output()?;
    let took = began.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&said)).into())
}
