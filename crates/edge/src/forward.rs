//! The way of one request: from its head to the head of its answer.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use http::HeaderValue;
use http::header::{CONNECTION, SET_COOKIE};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode, Version};

use crate::attempt::{Given, Outcome, attempt};
use crate::body::{self, AnswerBody, Upload, UpstreamBody};
use crate::connection::{Busy, Client};
use crate::dispatch::Lease;
use crate::fallback;
use crate::hold::Hold;
use crate::hygiene;
use crate::metrics::{Failure, Series};
use crate::reply::Reply;
use crate::screen::screen;
use crate::steer::{self, Wish};
use crate::target::TargetState;
use crate::tunnel;
use crate::websocket;

/// Most targets that one request is tried at.
const MAX_ATTEMPTS: usize = 5;

/// A request on its way, with what has happened to it.
struct Journey {
    client: Rc<Client>,
    began: Instant,
    busy: Busy,
    /// Targets that did not take it since it last waited.
    tried: Vec<Arc<TargetState>>,
    /// How many did not take it in all.
    attempts: usize,
    /// The counters of the side that did not take it last.
    last: Option<Arc<Series>>,
    hold: Hold,
    /// The side that a tester asks for.
    tester: Option<HeaderValue>,
}

/// Answers a request, whatever happens.
pub(crate) async fn answer(client: Rc<Client>, request: Request<Incoming>) -> Response<AnswerBody> {
    let busy = client.watched.busy();
    let began = Instant::now();
    let (mut parts, incoming) = request.into_parts();
    if let Err(reply) = screen(&mut parts) {
        client.worker.metrics.rejected.add(1);
        client.worker.dispatch().series[0].answered(reply.status(), began.elapsed());
        return reply.response(busy);
    }
    let asked = hygiene::to_target(
        &mut parts.headers,
        &client.forwarding,
        parts.version == Version::HTTP_11,
    );
    let on_upgrade = if asked.upgrade {
        parts.extensions.remove::<OnUpgrade>()
    } else {
        None
    };
    parts.version = Version::HTTP_11;
    let (body, upload) = UpstreamBody::new(incoming);
    let request = Request::from_parts(parts, body);
    let journey = Journey {
        client,
        began,
        busy,
        tried: Vec::new(),
        attempts: 0,
        last: None,
        hold: Hold::default(),
        tester: asked.side,
    };
    journey.travel(request, upload.as_ref(), on_upgrade).await
}

impl Journey {
    async fn travel(
        mut self,
        mut request: Request<UpstreamBody>,
        upload: Option<&Rc<Cell<Upload>>>,
        on_upgrade: Option<OnUpgrade>,
    ) -> Response<AnswerBody> {
        let worker = Rc::clone(&self.client.worker);
        loop {
            let dispatch = worker.dispatch();
            let Some(route) = dispatch.route(self.client.listener, request.headers(), request.uri()) else {
                return self.reply(Reply::NotFound, &dispatch.series[0]);
            };
            let entry = dispatch.upstream(route);
            let wish = match &entry.steering {
                Some(steering) => steering.wish(request.headers(), self.tester.as_ref()),
                None => Wish::default(),
            };
            let Some(pick) = dispatch.pick(route, wish, &self.tried, &mut worker.dice.borrow_mut(), worker.turn())
            else {
                let own = &dispatch.series[route.labels];
                if let Some(last) = self.last.take()
                    && self.tried.iter().any(|target| target.routable())
                {
                    // There are targets, but none took it: to wait for them would be to try the same again.
                    return self.reply(Reply::BadGateway, &last);
                }
                if !self.hold.begun() {
                    own.held.add(1);
                }
                // Whoever was tried and has been ejected may have returned by the time the wait is over.
                self.tried.clear();
                let ready = || {
                    !Rc::ptr_eq(&dispatch, &worker.dispatch())
                        || dispatch
                            .pick(route, wish, &[], &mut worker.dice.borrow_mut(), 0)
                            .is_some()
                };
                if self
                    .hold
                    .wait(&entry.state, entry.hold, entry.hold_max, ready)
                    .await
                    .is_err()
                {
                    return self.reply(Reply::Unavailable, own);
                }
                continue;
            };
            self.hold.end();
            let mut lease = Lease::new(Rc::clone(&dispatch), pick);
            let bare = upload.is_none() && on_upgrade.is_none();
            if let Some(shadow) = &route.shadow
                && bare
                && self.attempts == 0
                && shadow.side != pick.side
            {
                shadow.cast(&worker, &dispatch, route, &request);
            }
            let spare = (bare && fallback::applies(entry, &request)).then(|| body::copy(&request));
            match attempt(&mut lease, request, upload, entry.limits, on_upgrade.is_some()).await {
                Outcome::Answer(response) => {
                    if response.status() == StatusCode::SWITCHING_PROTOCOLS && on_upgrade.is_none() {
                        lease.failed(Failure::Reset);
                        return self.reply(Reply::BadGateway, lease.series());
                    }
                    lease.answered(response.status(), self.began.elapsed());
                    let mut given = Given { response, lease };
                    if let Some(spare) = spare
                        && given.response.status() == StatusCode::NOT_FOUND
                        && let Some(better) = fallback::elsewhere(&worker, &dispatch, route, pick.side, &spare).await
                    {
                        tokio::task::spawn_local(std::mem::replace(&mut given, better).discard());
                    } else if let Some(cookie) = route.cookies.get(pick.side)
                        && !wish.names(pick.side)
                        && steer::is_html(given.response.headers())
                    {
                        given.response.headers_mut().append(SET_COOKIE, cookie.clone());
                    }
                    return self.deliver(given, on_upgrade);
                }
                Outcome::NotSent(whole) => {
                    request = whole;
                    self.attempts += 1;
                    if self.attempts >= MAX_ATTEMPTS {
                        return self.reply(Reply::BadGateway, lease.series());
                    }
                    lease.series().retries.add(1);
                    self.tried.push(Arc::clone(lease.target()));
                    self.last = Some(Arc::clone(&dispatch.series[pick.series]));
                }
                Outcome::Failed(Failure::AnswerTimeout) => return self.reply(Reply::GatewayTimeout, lease.series()),
                Outcome::Failed(_) => return self.reply(Reply::BadGateway, lease.series()),
                Outcome::Client(state) => {
                    let reply = match state {
                        Upload::Silent => Reply::RequestTimeout,
                        _ => Reply::BadRequest("400: the body of the request broke off\n"),
                    };
                    return self.reply(reply, &dispatch.series[route.labels]);
                }
            }
        }
    }

    /// Sends the answer of a target on its way to the client.
    fn deliver(self, given: Given, on_upgrade: Option<OnUpgrade>) -> Response<AnswerBody> {
        let Given { response, mut lease } = given;
        let (mut head, incoming) = response.into_parts();
        let switches = head.status == StatusCode::SWITCHING_PROTOCOLS;
        lease.heed(hygiene::to_client(&mut head.headers, head.status));
        head.version = Version::HTTP_11;
        if switches && let (Some(client), Some(target)) = (on_upgrade, head.extensions.remove::<OnUpgrade>()) {
            self.client.watched.set_opaque();
            let websocket = websocket::switches(&head.headers);
            tunnel::open(&self.client.worker, client, target, lease, websocket);
            return Response::from_parts(head, AnswerBody::text("", self.busy));
        }
        if self.client.worker.stopping() {
            head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Response::from_parts(head, AnswerBody::relay(incoming, lease, self.busy))
    }

    /// Answers in place of a target.
    fn reply(self, reply: Reply, series: &Series) -> Response<AnswerBody> {
        series.answered(reply.status(), self.began.elapsed());
        let mut response = reply.response(self.busy);
        if self.client.worker.stopping() {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
