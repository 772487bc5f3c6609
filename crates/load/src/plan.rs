//! What to send, where, how often, and what a good answer is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri};

/// A load: GET requests for one path of one server.
#[derive(Clone)]
pub struct Plan {
    /// Where the server listens.
    pub address: SocketAddr,
    /// The `Host` header.
    pub host: String,
    /// Path and query.
    pub path: String,
    /// Requests per second, more than 0.
    pub rate: f64,
    /// How long requests are sent; none: until [`crate::Running::stop`].
    pub duration: Option<Duration>,
    /// Most connections at once. A request that finds all of them busy waits, and its latency grows.
    pub connections: usize,
    /// Longest time from when a request is due until its answer has arrived whole.
    pub timeout: Duration,
    /// What a good answer is, beside a status below 500.
    pub good: Check,
}

/// Judges an answer.
pub type Check = Arc<dyn Fn(&Answer) -> bool + Send + Sync>;

/// An answer that arrived whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why a plan cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The URL is not one this client can ask.
    #[error("{url}: {cause}; give http://ADDRESS:PORT/PATH with an IP address or localhost")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The rate is not a positive number.
    #[error("{rate} requests per second cannot be scheduled; give a number above 0")]
    Rate {
        /// As it was given.
        rate: String,
    },
}

impl Plan {
    /// GET requests for a URL, `rate` per second, until stopped: at most 256 connections, 10 s for each request.
    ///
    /// # Errors
    /// When the URL is not `http://` followed by an IP address or `localhost`, or the rate is not a positive number.
    pub fn get(url: &str, rate: f64) -> Result<Self, PlanError> {
        if !(rate.is_finite() && rate > 0.0) {
            return Err(PlanError::Rate { rate: rate.to_string() });
        }
        let wrong = |cause: String| PlanError::Url {
            url: url.to_owned(),
            cause,
        };
        let uri: Uri = url
            .parse()
            .map_err(|error: http::uri::InvalidUri| wrong(error.to_string()))?;
        if uri.scheme_str() != Some("http") {
            return Err(wrong("only http is spoken".to_owned()));
        }
        let authority = uri.authority().ok_or_else(|| wrong("it has no address".to_owned()))?;
        let ip = match authority.host().trim_start_matches('[').trim_end_matches(']') {
            // A load test that waits for a resolver measures the resolver.
            "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            text => text
                .parse()
                .map_err(|_| wrong(format!("{text} is not an IP address")))?,
        };
        Ok(Self {
            address: SocketAddr::new(ip, authority.port_u16().unwrap_or(80)),
            host: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            rate,
            duration: None,
            connections: 256,
            timeout: Duration::from_secs(10),
            good: Arc::new(|_| true),
        })
    }

    /// Sends for this long.
    pub fn lasting(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }

    /// Asks for this host.
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Gives each request this long, from when it was due.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens at most so many connections, at least 1.
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Calls an answer good only when this holds as well.
    pub fn good_when(mut self, good: impl Fn(&Answer) -> bool + Send + Sync + 'static) -> Self {
        self.good = Arc::new(good);
        self
    }

    /// When request `number` (from 0) is due, counted from the start. None: the load is over by then.
    pub fn due(&self, number: u64) -> Option<Duration> {
        let due = Duration::from_secs_f64(number as f64 / self.rate);
        match self.duration {
            Some(duration) if due >= duration => None,
            _ => Some(due),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/s of http://{}{} ({})",
            self.rate, self.address, self.path, self.host
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use super::Plan;

    #[test]
    fn a_url_names_address_host_and_path() {
        let plan = Plan::get("http://127.0.0.1:8080/a?b=c", 10.0).unwrap();
        assert_eq!(plan.address.to_string(), "127.0.0.1:8080");
        assert_eq!((plan.host.as_str(), plan.path.as_str()), ("127.0.0.1:8080", "/a?b=c"));
        assert_eq!(
            Plan::get("http://localhost", 1.0).unwrap().address.to_string(),
            "127.0.0.1:80"
        );
        assert_eq!(
            Plan::get("http://[::1]:8080/", 1.0).unwrap().address.to_string(),
            "[::1]:8080"
        );
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_the_form_that_can() {
        for url in ["https://127.0.0.1/", "http://example.com/", "/path", "http://"] {
            let error = Plan::get(url, 1.0).unwrap_err().to_string();
            assert!(error.contains("http://ADDRESS:PORT/PATH"), "{error}");
        }
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Plan::get("http://127.0.0.1/", rate).is_err());
        }
    }

    #[test]
    fn the_schedule_depends_on_nothing_but_the_rate() {
        let plan = Plan::get("http://127.0.0.1/", 200.0)
            .unwrap()
            .lasting(Duration::from_secs(1));
        assert_eq!(plan.due(0), Some(Duration::ZERO));
        assert_eq!(plan.due(100), Some(Duration::from_millis(500)));
        assert_eq!(plan.due(200), None);
    }
}
