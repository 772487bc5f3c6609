//! Answers of the edge's own: short, plain, and the same for everybody.

use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::body::AnswerBody;
use crate::connection::Busy;

/// What the edge answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The request could be read in two ways, or not at all.
    BadRequest(&'static str),
    /// CONNECT.
    MethodNotAllowed,
    /// An `Expect` that this edge cannot meet.
    ExpectationFailed,
    /// No route for this host and path.
    NotFound,
    /// The client stopped in the middle of its body.
    RequestTimeout,
    /// A target broke off before it answered, or none took a connection.
    BadGateway,
    /// No target was ready in time, or too many requests wait already.
    Unavailable,
    /// A target did not answer in time.
    GatewayTimeout,
}

impl Reply {
    /// Its status.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::ExpectationFailed => StatusCode::EXPECTATION_FAILED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BadGateway => StatusCode::BAD_GATEWAY,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::GatewayTimeout => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::BadRequest(what) => what,
            Self::MethodNotAllowed => "405: this method is not served here\n",
            Self::ExpectationFailed => "417: only 100-continue can be expected\n",
            Self::NotFound => "404: nothing is routed for this host and path\n",
            Self::RequestTimeout => "408: the body of the request did not arrive\n",
            Self::BadGateway => "502: the service broke off before it answered\n",
            Self::Unavailable => "503: the service is not ready; try again shortly\n",
            Self::GatewayTimeout => "504: the service did not answer in time\n",
        }
    }

    /// Whether the connection ends with it: after these, what follows on it cannot be trusted to be a request.
    fn closes(self) -> bool {
        matches!(
            self,
            Self::BadRequest(_) | Self::MethodNotAllowed | Self::ExpectationFailed | Self::RequestTimeout
        )
    }

    /// The whole answer.
    pub(crate) fn response(self, busy: Busy) -> Response<AnswerBody> {
        let mut response = Response::new(AnswerBody::text(self.text(), busy));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self == Self::Unavailable {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.closes() {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
