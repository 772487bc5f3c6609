//! After an upgrade: bytes both ways until both sides have ended. WebSocket, and whatever else two ends agree upon.

use std::rc::Rc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::dispatch::Lease;
use crate::worker::Worker;

/// Joins the two ends as soon as both have switched. The request stays in flight until the tunnel is closed.
pub(crate) fn open(worker: &Rc<Worker>, client: OnUpgrade, target: OnUpgrade, mut lease: Lease) {
    // The connection is the tunnel's now; the handle of it is of no more use.
    lease.upstream = None;
    let seat = worker.tunnel();
    tokio::task::spawn_local(async move {
        let _occupied = (lease, seat);
        if let Ok((client, target)) = tokio::try_join!(client, target) {
            // Either end may break off at any time; that is its business, and the other end sees it by its own connection.
            drop(copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(target)).await);
        }
    });
}
