//! Active probes: one task per target on the control thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, USER_AGENT};
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::config::Probe;
use crate::health::{Change, Seen, Source};
use crate::table::Table;
use crate::target::{TargetKey, TargetState, UpstreamState};

/// Between two probes of a target that requests wait for: one never proven, or one whose upstream has nobody else.
const EAGER: Duration = Duration::from_millis(200);

/// How a target is probed now.
#[derive(Debug, Default)]
struct Plan {
    probe: Option<Probe>,
    /// Told when the target returns.
    upstreams: Vec<Arc<UpstreamState>>,
    /// The other targets that could serve in its place.
    siblings: Vec<Arc<TargetState>>,
}

/// The tasks by what they probe.
#[derive(Debug, Default)]
pub(crate) struct Prober {
    tasks: HashMap<TargetKey, (Rc<RefCell<Plan>>, JoinHandle<()>)>,
}

impl Prober {
    /// Follows a new table: begins to probe what is new, ends what is gone, takes up what changed.
    pub(crate) fn follow(&mut self, table: &Table) {
        let mut plans: HashMap<&TargetKey, (Arc<TargetState>, Plan)> = HashMap::new();
        for upstream in &table.upstreams {
            for (_, entry) in table.targets_of(upstream) {
                let plan = plans
                    .entry(&entry.state.key)
                    .or_insert_with(|| (Arc::clone(&entry.state), Plan::default()));
                plan.1.probe.get_or_insert_with(|| upstream.probe.clone());
                plan.1.upstreams.push(Arc::clone(&upstream.state));
                let others = table.targets_of(upstream).map(|(_, other)| other);
                let others = others.filter(|other| !other.draining && !Arc::ptr_eq(&other.state, &entry.state));
                plan.1.siblings.extend(others.map(|other| Arc::clone(&other.state)));
            }
        }
        self.tasks.retain(|key, (_, task)| {
            let stays = plans.contains_key(key);
            if !stays {
                task.abort();
            }
            stays
        });
        for (key, (state, plan)) in plans {
            match self.tasks.get(key) {
                Some((known, _)) => *known.borrow_mut() = plan,
                None => {
                    let plan = Rc::new(RefCell::new(plan));
                    let task = tokio::task::spawn_local(watch(state, Rc::clone(&plan)));
                    self.tasks.insert(key.clone(), (plan, task));
                }
            }
        }
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        for (_, task) in self.tasks.values() {
            task.abort();
        }
    }
}

async fn watch(target: Arc<TargetState>, plan: Rc<RefCell<Plan>>) {
    let mut begun = target.routable();
    loop {
        if begun {
            let pause = pause(&target, &plan.borrow());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Traffic found it gone: how it is now is worth knowing at once.
                () = target.ejected.notified() => {}
            }
        }
        begun = true;
        let Some(probe) = plan.borrow().probe.clone() else {
            continue;
        };
        let (seen, reason) = match once(target.key.address, &probe).await {
            Ok(()) => (Seen::Good(Source::Probe), None),
            Err(Bad::Refused) => (
                Seen::Refused,
                Some("its probe found nobody listening at its address".to_owned()),
            ),
            Err(Bad::Other(reason)) => (Seen::Bad, Some(reason)),
        };
        if target.see(seen, reason) == Some(Change::Returned) {
            for upstream in &plan.borrow().upstreams {
                upstream.ready.notify_waiters();
            }
        }
    }
}

fn pause(target: &TargetState, plan: &Plan) -> Duration {
    let interval = plan
        .probe
        .as_ref()
        .map_or(EAGER, |probe| Duration::from_millis(probe.interval_ms));
    let awaited = !target.routable() && (!target.proven() || !plan.siblings.iter().any(|other| other.routable()));
    if awaited { interval.min(EAGER) } else { interval }
}

/// Why a probe was not good.
enum Bad {
    Refused,
    Other(String),
}

/// One probe: a connection, and a GET if there is a path.
async fn once(address: SocketAddr, probe: &Probe) -> Result<(), Bad> {
    let within = Duration::from_millis(probe.timeout_ms);
    match tokio::time::timeout(within, ask(address, probe)).await {
        Ok(result) => result,
        Err(_) => Err(Bad::Other(format!(
            "its probe{} had no answer within {} ms",
            of(probe),
            probe.timeout_ms
        ))),
    }
}

fn of(probe: &Probe) -> String {
    probe
        .path
        .as_ref()
        .map(|path| format!(" GET {path}"))
        .unwrap_or_default()
}

async fn ask(address: SocketAddr, probe: &Probe) -> Result<(), Bad> {
    let stream = TcpStream::connect(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => Bad::Refused,
        _ => Bad::Other(format!("its probe could not connect: {error}")),
    })?;
    let Some(path) = &probe.path else { return Ok(()) };
    let broke = |error: hyper::Error| Bad::Other(format!("its probe GET {path} broke off: {error}"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broke)?;
    let host = probe.host.clone().unwrap_or_else(|| address.to_string());
    let request = Request::get(path.as_str())
        .header(HOST, host)
        .header(USER_AGENT, "seaworthy-probe")
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Bad::Other(format!("its probe cannot be asked: {error}")))?;
    let mut answer = std::pin::pin!(sender.send_request(request));
    // The connection is driven only until the head of the answer is here; its body is of no interest.
    let status = tokio::select! {
        answer = &mut answer => answer.map_err(broke)?.status(),
        ended = connection => {
            ended.map_err(broke)?;
            // A connection that ends right after a short answer has passed the answer on before.
            answer.await.map_err(broke)?.status()
        }
    };
    if status.is_success() || status.is_redirection() {
        Ok(())
    } else {
        Err(Bad::Other(format!("its probe GET {path} was answered {status}")))
    }
}
