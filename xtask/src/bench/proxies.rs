//! The proxies that are compared, each as its package ships it: what is not written here is its own default.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::ship::{Ship, free_address, wait_for};
use super::{machine, processes};

type Error = Box<dyn std::error::Error>;

/// One of the proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    Seaworthy,
    Nginx,
    /// With what nginx's own documentation advises for a proxy: connections to the upstream kept, no access log.
    NginxTuned,
    Haproxy,
    Caddy,
}

pub(super) const ALL: &[Proxy] = &[
    Proxy::Seaworthy,
    Proxy::Nginx,
    Proxy::NginxTuned,
    Proxy::Haproxy,
    Proxy::Caddy,
];

/// A proxy that runs, pinned to a core.
pub(super) enum Running {
    Ship(Ship),
    Process { child: Child, address: String },
}

impl Proxy {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seaworthy => "seaworthy edge",
            Self::Nginx => "nginx, as shipped",
            Self::NginxTuned => "nginx, keepalive to the upstream, no access log",
            Self::Haproxy => "HAProxy, as shipped",
            Self::Caddy => "Caddy, as shipped",
        }
    }

    /// What it says of its version.
    pub(super) fn version(self, seaworthy: &Path) -> String {
        match self {
            Self::Seaworthy => machine::said_by(&seaworthy.display().to_string(), &["--version"]),
            Self::Nginx | Self::NginxTuned => machine::said_by("nginx", &["-v"]),
            Self::Haproxy => machine::said_by("haproxy", &["-v"]),
            Self::Caddy => machine::said_by("caddy", &["version"]),
        }
    }

    /// Starts it on a core, in front of an upstream, and waits until it answers.
    pub(super) fn start(self, core: u32, upstream: &str, seaworthy: &Path, dir: &Path) -> Result<Running, Error> {
        let address = free_address()?;
        let (words, file, text): (&[&str], _, _) = match self {
            Self::Seaworthy => return ship(core, upstream, seaworthy),
            Self::Nginx => (
                &["nginx", "-c"],
                "nginx.conf",
                nginx(dir, &nginx_as_shipped(&address, upstream, dir)),
            ),
            Self::NginxTuned => (
                &["nginx", "-c"],
                "nginx-tuned.conf",
                nginx(dir, &nginx_tuned(&address, upstream)),
            ),
            Self::Haproxy => (&["haproxy", "-W", "-f"], "haproxy.cfg", haproxy(&address, upstream)),
            Self::Caddy => (
                &["caddy", "run", "--adapter", "caddyfile", "--config"],
                "Caddyfile",
                caddy(&address, upstream),
            ),
        };
        let path = dir.join(file).display().to_string();
        fs::write(&path, text)?;
        let running = Running::Process {
            child: pinned(core, &[words, &[&path]].concat(), dir)?,
            address,
        };
        wait_for(self.name(), || answers(running.address()))?;
        Ok(running)
    }
}

fn ship(core: u32, upstream: &str, seaworthy: &Path) -> Result<Running, Error> {
    let ship = Ship::empty(seaworthy)?;
    ship.file(&format!(
        "app = \"bench\"\n\n[services.web]\nexternal = \"http://{upstream}\"\n\n[routes.all]\npath = \"/\"\nto = \"web\"\n\n\
         [edge]\nhttp = \"{}\"\n",
        ship.edge
    ))?;
    ship.run_on_core(core, &["up"])?;
    wait_for("the edge", || answers(&ship.edge))?;
    Ok(Running::Ship(ship))
}

/// The defaults section of Debian's /etc/haproxy/haproxy.cfg, without its error pages.
fn haproxy(address: &str, upstream: &str) -> String {
    format!(
        "global\n  log stdout format raw local0 warning\n\
         defaults\n  log global\n  mode http\n  option httplog\n  option dontlognull\n\
         \x20 timeout connect 5000\n  timeout client 50000\n  timeout server 50000\n\
         frontend front\n  bind {address}\n  default_backend back\n\
         backend back\n  server one {upstream}\n"
    )
}

fn caddy(address: &str, upstream: &str) -> String {
    format!("{{\n  admin off\n}}\nhttp://{address} {{\n  reverse_proxy {upstream}\n}}\n")
}

fn nginx_as_shipped(address: &str, upstream: &str, dir: &Path) -> String {
    format!(
        "access_log {}/access.log;\n  server {{ listen {address}; location / {{ proxy_pass http://{upstream}; }} }}",
        dir.display()
    )
}

fn nginx_tuned(address: &str, upstream: &str) -> String {
    format!(
        "access_log off;\n  upstream back {{ server {upstream}; keepalive 64; }}\n  server {{ listen {address}; location / {{ \
         proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection \"\"; }} }}"
    )
}

impl Running {
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Ship(ship) => &ship.edge,
            Self::Process { address, .. } => address,
        }
    }

    /// The processes that stand in the way of a request, with what they started.
    pub(super) fn pids(&self) -> Result<Vec<u32>, Error> {
        match self {
            Self::Ship(ship) => Ok(vec![ship.pid("edge")?]),
            Self::Process { child, .. } => Ok(vec![child.id()]),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Self::Process { child, .. } = self {
            processes::signal(child.id(), "TERM");
            // It was started here, so it can be waited for.
            let _ = child.wait();
        }
    }
}

/// The upstream of all: nginx with one fixed answer of 512 bytes.
pub(super) fn upstream(core: u32, dir: &Path) -> Result<Running, Error> {
    let address = free_address()?;
    let body = "seaworthy ".repeat(52);
    let server = format!(
        "access_log off;\n  keepalive_requests 1000000;\n  server {{ listen {address}; location / {{ return 200 \"{}\"; }} }}",
        &body[..512]
    );
    let path = dir.join("upstream.conf").display().to_string();
    fs::write(&path, nginx(dir, &server).replace("nginx.pid", "upstream.pid"))?;
    let running = Running::Process {
        child: pinned(core, &["nginx", "-c", &path], dir)?,
        address,
    };
    wait_for("the upstream", || answers(running.address()))?;
    Ok(running)
}

/// The main parts of Debian's /etc/nginx/nginx.conf.
fn nginx(dir: &Path, http: &str) -> String {
    let dir = dir.display();
    format!(
        "daemon off;\nworker_processes auto;\npid {dir}/nginx.pid;\nerror_log {dir}/error.log;\n\
         events {{ worker_connections 768; }}\n\
         http {{\n  sendfile on;\n  tcp_nopush on;\n  types_hash_max_size 2048;\n  {http}\n}}\n"
    )
}

fn pinned(core: u32, words: &[&str], dir: &Path) -> Result<Child, Error> {
    let mut command = Command::new("taskset");
    command
        .args(["--cpu-list", &core.to_string()])
        .args(words)
        .env("HOME", dir);
    let log = fs::File::create(dir.join("output.log"))?;
    Ok(command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?)
}

fn answers(address: &str) -> bool {
    std::net::TcpStream::connect(address).is_ok()
}
