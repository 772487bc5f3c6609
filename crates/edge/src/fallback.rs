//! An asset that one side lacks is looked for on the others: during a release the page that names it may be another side's.

use std::rc::Rc;
use std::time::Instant;

use http::{Method, StatusCode};
use hyper::Request;

use crate::attempt::{Given, Outcome, attempt};
use crate::body::{self, UpstreamBody};
use crate::dispatch::{Dispatch, Lease};
use crate::table::{RouteEntry, UpstreamEntry};
use crate::worker::Worker;

/// Extensions of files that pages load, whose names change with their content.
const ASSETS: [&str; 18] = [
    "js", "mjs", "css", "map", "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "ico", "woff", "woff2", "ttf",
    "json", "wasm", "txt",
];

/// Whether a request may be asked again on another side of `upstream`. That it has no body, the caller has seen.
pub(crate) fn applies(upstream: &UpstreamEntry, request: &Request<UpstreamBody>) -> bool {
    upstream.sides.len() > 1 && *request.method() == Method::GET && is_asset(request.uri().path())
}

/// Asks each side but `first` once, and gives the first answer that is better than that the asset is not there.
/// Every attempt is counted on its side.
pub(crate) async fn elsewhere(
    worker: &Rc<Worker>,
    dispatch: &Rc<Dispatch>,
    route: &RouteEntry,
    first: usize,
    request: &Request<UpstreamBody>,
) -> Option<Given> {
    let upstream = dispatch.upstream(route);
    for side in (0..upstream.sides.len()).filter(|side| *side != first) {
        let Some(pick) = dispatch.pick_of(route, side, worker.turn()) else {
            continue;
        };
        let mut lease = Lease::new(Rc::clone(dispatch), pick);
        let began = Instant::now();
        // What else may come of it has been counted, and leaves the client with the answer that it has.
        if let Outcome::Answer(response) = attempt(&mut lease, body::copy(request), None, upstream.limits, false).await
        {
            let status = response.status();
            lease.answered(status, began.elapsed());
            let given = Given { response, lease };
            if is_better(status) {
                return Some(given);
            }
            tokio::task::spawn_local(given.discard());
        }
    }
    None
}

/// Whether an answer serves a client better than 404 does: a failure or a switch that nobody asked for does not.
fn is_better(status: StatusCode) -> bool {
    status != StatusCode::NOT_FOUND && !status.is_server_error() && !status.is_informational()
}

fn is_asset(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.')
        .is_some_and(|(_, extension)| ASSETS.iter().any(|asset| extension.eq_ignore_ascii_case(asset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_told_by_the_extension_of_their_last_segment() {
        for path in ["/a.js", "/x/y.min.CSS", "/f.woff2", "/favicon.ico", "/app.3f2a.js.map"] {
            assert!(is_asset(path), "{path}");
        }
        for path in ["/", "/js", "/a.js/", "/v1.js/users", "/a.html", "/a.", "/api/users.php"] {
            assert!(!is_asset(path), "{path}");
        }
    }

    #[test]
    fn a_failure_is_no_better_than_nothing() {
        assert!(is_better(StatusCode::OK) && is_better(StatusCode::NOT_MODIFIED) && is_better(StatusCode::FORBIDDEN));
        assert!(!is_better(StatusCode::NOT_FOUND) && !is_better(StatusCode::BAD_GATEWAY));
        assert!(!is_better(StatusCode::SWITCHING_PROTOCOLS));
    }
}
