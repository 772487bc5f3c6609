//! `seaworthy demo-app web|api|worker`: the application that `seaworthy demo` ships.
//!
//! `web` serves a page that shows what answers it, `api` tells its state, `worker` ticks. `$DEMO_VERSION` says which version
//! they are, `$DEMO_FAULT` what is wrong with it.

use std::convert::Infallible;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};

use super::fault::Fault;
use super::identity::Identity;
use super::server::{self, Body, Stop};
use crate::failure::Exit;
use crate::reporter;

/// How often the worker does something, and how often the page hears of its server.
const BEAT: Duration = Duration::from_secs(1);

/// Runs one of the services to its end.
pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let service = arguments.next();
    let fault = match Fault::named(&std::env::var("DEMO_FAULT").unwrap_or_default()) {
        Ok(fault) => fault,
        Err(cause) => {
            reporter::process_failed(&cause);
            return Exit::Usage.into();
        }
    };
    match service.as_deref().and_then(|service| service.to_str()) {
        Some("web") => server::block_on(listen("web", fault)),
        Some("api") => server::block_on(listen("api", fault)),
        Some("worker") => server::block_on(work()),
        _ => {
            reporter::process_failed("usage: PORT=8080 seaworthy demo-app web|api|worker");
            Exit::Usage.into()
        }
    }
}

async fn listen(service: &'static str, fault: Option<Fault>) -> Result<(), String> {
    let identity = Arc::new(Identity::of(service));
    let (listener, address) = server::bind().await?;
    reporter::process_says(&format!("{} listens on {address}", identity.title()));
    if let Some(fault) = fault {
        reporter::process_says(&format!("this version has a fault: {}", fault.name()));
    }
    let answering = Arc::clone(&identity);
    server::serve(listener, move |request: Request<Incoming>, stop| {
        let identity = Arc::clone(&answering);
        async move {
            let mut answer = route(service, request.uri().path(), &identity, fault, stop).await;
            sign(&mut answer, &identity, fault);
            answer
        }
    })
    .await?;
    reporter::process_says(&format!("{} has finished what it had and ends", identity.title()));
    Ok(())
}

/// One service's answer to a path.
async fn route(
    service: &str,
    path: &str,
    identity: &Arc<Identity>,
    fault: Option<Fault>,
    stop: Stop,
) -> Response<Body> {
    match path {
        "/live" => return server::text(StatusCode::OK, "alive"),
        "/ready" => {
            let status = Fault::readiness(fault);
            return server::text(
                status,
                if status.is_success() {
                    "ready"
                } else {
                    "not ready, and never will be"
                },
            );
        }
        _ => {}
    }
    tokio::time::sleep(Fault::delay(fault)).await;
    if let Some(status) = Fault::error(fault, identity.served()) {
        reporter::process_says(&format!("GET {path}: {status}, by the fault of this version"));
        return server::text(status, "this version is broken");
    }
    match (service, path) {
        ("web", "/") => page("text/html; charset=utf-8", include_str!("page/index.html")),
        ("web", "/page.css") => page("text/css; charset=utf-8", include_str!("page/page.css")),
        ("web", "/page.js") => page("text/javascript; charset=utf-8", include_str!("page/page.js")),
        ("web", "/icon.svg") => page("image/svg+xml", include_str!("page/icon.svg")),
        ("web", "/events") => events(Arc::clone(identity), stop),
        ("web", "/state") | ("api", "/api/state") => state(identity),
        _ => server::text(StatusCode::NOT_FOUND, "not found"),
    }
}

/// Who answered, and with which fault: what the load of `seaworthy demo` judges an answer by.
fn sign(answer: &mut Response<Body>, identity: &Identity, fault: Option<Fault>) {
    let headers = answer.headers_mut();
    if let Ok(release) = HeaderValue::from_str(identity.release()) {
        headers.insert("x-release", release);
    }
    if let Some(fault) = fault {
        headers.insert("x-demo-fault", HeaderValue::from_static(fault.name()));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn page(content_type: &'static str, text: &'static str) -> Response<Body> {
    let mut answer = server::answer(StatusCode::OK, content_type, text);
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}

fn state(identity: &Identity) -> Response<Body> {
    match serde_json::to_vec(&identity.state()) {
        Ok(state) => {
            let mut answer = server::answer(StatusCode::OK, "application/json", state);
            answer
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        Err(error) => server::text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Server-sent events: the state now and at every beat, until the server stops; the browser then comes back to another one.
fn events(identity: Arc<Identity>, stop: Stop) -> Response<Body> {
    let beats = futures_util::stream::unfold((identity, stop, true), |(identity, mut stop, first)| async move {
        if !first {
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = stop.told() => return None,
            }
        }
        let state = serde_json::to_string(&identity.state()).ok()?;
        // A browser that was cut off comes back after this many milliseconds.
        let event = format!("retry: 300\ndata: {state}\n\n");
        Some((
            Ok::<_, Infallible>(Frame::data(Bytes::from(event))),
            (identity, stop, false),
        ))
    });
    let mut answer = server::answer(StatusCode::OK, "text/event-stream", "");
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *answer.body_mut() = StreamBody::new(beats).boxed_unsync();
    answer
}

async fn work() -> Result<(), String> {
    let identity = Identity::of("worker");
    reporter::process_says(&format!("{} begins", identity.title()));
    let mut end = std::pin::pin!(server::asked_to_end());
    loop {
        tokio::select! {
            ended = &mut end => { ended?; break }
            () = tokio::time::sleep(BEAT) => {
                let number = identity.served();
                reporter::process_says(&format!("{} has done job {number}", identity.title()));
            }
        }
    }
    reporter::process_says(&format!("{} ends", identity.title()));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::sync::watch;

    use super::*;

    async fn ask(service: &'static str, path: &str, fault: Option<Fault>) -> Response<Body> {
        let (_keep, stop) = watch::channel(false);
        let stop = Stop::new(stop);
        let identity = Arc::new(Identity::of(service));
        let mut answer = route(service, path, &identity, fault, stop).await;
        sign(&mut answer, &identity, fault);
        answer
    }

    #[tokio::test]
    async fn the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() {
        let page = ask("web", "/", None).await;
        assert!(
            page.headers()["content-security-policy"]
                .to_str()
                .unwrap()
                .starts_with("default-src 'self'")
        );
        let html = include_str!("page/index.html");
        for forbidden in ["style=", "onclick", "<style", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        for path in ["/page.css", "/page.js", "/state"] {
            assert_eq!(ask("web", path, None).await.status(), StatusCode::OK, "{path}");
        }
    }

    #[tokio::test]
    async fn a_version_that_never_gets_ready_says_so_to_the_probe() {
        assert_eq!(
            ask("api", "/ready", Some(Fault::NeverReady)).await.status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        assert_eq!(
            ask("api", "/live", Some(Fault::NeverReady)).await.status(),
            StatusCode::OK
        );
        let answer = ask("api", "/api/state", Some(Fault::NeverReady)).await;
        assert_eq!(answer.headers()["x-demo-fault"], "never_ready");
        assert!(
            !ask("api", "/api/state", None)
                .await
                .headers()
                .contains_key("x-demo-fault")
        );
    }

    #[tokio::test]
    async fn events_end_when_the_server_stops() {
        let (stop, stopped) = watch::channel(false);
        let mut body = events(Arc::new(Identity::of("web")), Stop::new(stopped)).into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(
            std::str::from_utf8(&first)
                .unwrap()
                .contains("data: {\"service\":\"web\"")
        );
        stop.send(true).unwrap();
        assert!(body.frame().await.is_none());
    }
}
