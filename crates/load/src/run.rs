//! The schedule, and one task per request.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::Empty;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::connections::Connections;
use crate::plan::{Answer, Plan};
use crate::tally::{Failure, Summary, Tally};

/// A load under way. Dropping it ends the schedule.
#[derive(Debug)]
pub struct Running {
    measured: Arc<Measured>,
    stop: watch::Sender<bool>,
    pacing: JoinHandle<()>,
}

/// What the tasks of a load write into.
#[derive(Debug)]
struct Measured {
    began: Instant,
    tally: Mutex<Tally>,
}

impl Running {
    /// Starts sending, on the current tokio runtime.
    pub fn start(plan: Plan) -> Self {
        let measured = Arc::new(Measured {
            began: Instant::now(),
            tally: Mutex::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let pacing = tokio::spawn(pace(plan, Arc::clone(&measured), stopped));
        Self { measured, stop, pacing }
    }

    /// What is known so far.
    pub fn snapshot(&self) -> Summary {
        self.measured.summary()
    }

    /// Sends nothing more, waits for what was sent (each request for its timeout at most), and answers with everything.
    pub async fn stop(self) -> Summary {
        // Fails only when the schedule is over already.
        let _ = self.stop.send(true);
        self.ended().await
    }

    /// Waits for the plan's duration and for the last answer, and answers with everything. Without a duration it waits
    /// until the process ends.
    pub async fn ended(self) -> Summary {
        // The task neither panics nor is aborted; if it were, what was measured until then is still true.
        let _ = self.pacing.await;
        self.measured.summary()
    }
}

impl Measured {
    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn summary(&self) -> Summary {
        self.tally().summary(self.began.elapsed())
    }
}

/// Starts each request when it is due, or at once when that is past, and never waits for an answer.
async fn pace(plan: Plan, measured: Arc<Measured>, mut stopped: watch::Receiver<bool>) {
    let plan = Arc::new(plan);
    let connections = Arc::new(Connections::new(plan.address, plan.connections));
    let mut requests = JoinSet::new();
    let mut number = 0;
    while let Some(due) = plan.due(number) {
        let due = measured.began + due;
        tokio::select! {
            biased;
            _ = stopped.changed() => break,
            () = sleep_until(due) => {}
        }
        measured.tally().scheduled();
        requests.spawn(request(
            Arc::clone(&plan),
            Arc::clone(&connections),
            Arc::clone(&measured),
            due,
        ));
        // What has ended is let go, or a long load would keep one entry for every request it ever sent.
        while requests.try_join_next().is_some() {}
        number += 1;
    }
    while requests.join_next().await.is_some() {}
}

async fn request(plan: Arc<Plan>, connections: Arc<Connections>, measured: Arc<Measured>, due: Instant) {
    let mut request = Request::new(Empty::<Bytes>::new());
    if let Ok(path) = plan.path.parse() {
        *request.uri_mut() = path;
    }
    if let Ok(host) = HeaderValue::from_str(&plan.host) {
        request.headers_mut().insert(header::HOST, host);
    }
    let exchange = timeout_at(due + plan.timeout, connections.exchange(request)).await;
    let at = Instant::now() - measured.began;
    let due = due - measured.began;
    let mut tally = measured.tally();
    match exchange {
        Err(_) => tally.ended(due, at, None, Some(Failure::Timeout)),
        Ok(exchange) => {
            if exchange.reopened {
                tally.reopened();
            }
            match exchange.answer {
                Err(failure) => tally.ended(due, at, None, Some(failure)),
                Ok(answer) => tally.ended(due, at, release(&answer), verdict(&plan, &answer)),
            }
        }
    }
}

fn release(answer: &Answer) -> Option<&str> {
    answer.headers.get("x-release")?.to_str().ok()
}

fn verdict(plan: &Plan, answer: &Answer) -> Option<Failure> {
    if answer.status.as_u16() >= 500 {
        Some(Failure::BadStatus)
    } else if (plan.good)(answer) {
        None
    } else {
        Some(Failure::BadAnswer)
    }
}
