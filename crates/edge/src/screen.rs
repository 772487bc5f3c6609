//! Which requests are not forwarded at all: those that two servers could take for different ones.
//!
//! Framing was seen to before ([`crate::framing`]), and hyper has refused what is not HTTP. What remains is whom it is for.

use http::header::{EXPECT, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Uri, Version};

use crate::host;
use crate::reply::Reply;

/// Checks the head of a request and brings it into one form: target as path, Host present where it is known.
pub(crate) fn screen(parts: &mut Parts) -> Result<(), Reply> {
    if parts.method == Method::CONNECT {
        return Err(Reply::MethodNotAllowed);
    }
    one_host(parts)?;
    if parts.uri.authority().is_some() {
        absolute_form(parts)?;
    }
    let path = parts.uri.path();
    let of_the_server = path == "*" && parts.method == Method::OPTIONS;
    if !path.starts_with('/') && !of_the_server {
        return Err(Reply::BadRequest("400: the target is not a path\n"));
    }
    match parts.headers.get(EXPECT) {
        // hyper sends the 100 by itself as soon as the target takes the body.
        Some(value) if !value.as_bytes().eq_ignore_ascii_case(b"100-continue") => Err(Reply::ExpectationFailed),
        _ => Ok(()),
    }
}

fn one_host(parts: &Parts) -> Result<(), Reply> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Err(Reply::BadRequest("400: Host is given more than once\n")),
        (Some(value), None) if host::name(value.as_bytes()).is_none() => {
            Err(Reply::BadRequest("400: Host is not a host\n"))
        }
        (None, _) if parts.version == Version::HTTP_11 => Err(Reply::BadRequest("400: Host is missing\n")),
        _ => Ok(()),
    }
}

/// `GET http://host/path`: the host must be the one in Host, and only the path goes on.
fn absolute_form(parts: &mut Parts) -> Result<(), Reply> {
    let mismatch = Err(Reply::BadRequest("400: the target and Host name different hosts\n"));
    let (Some(authority), Some("http" | "https")) = (parts.uri.authority(), parts.uri.scheme_str()) else {
        return Err(Reply::BadRequest("400: the target is not a path\n"));
    };
    match parts.headers.get(HOST) {
        Some(value) if !value.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => return mismatch,
        Some(_) => {}
        None => {
            if host::name(authority.as_str().as_bytes()).is_none() {
                return mismatch;
            }
            let value =
                HeaderValue::from_str(authority.as_str()).map_err(|_| Reply::BadRequest("400: bad target\n"))?;
            parts.headers.insert(HOST, value);
        }
    }
    parts.uri = parts
        .uri
        .path_and_query()
        .map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use http::Request;

    fn parts(method: &str, target: &str, version: Version, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(target).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(method: &str, target: &str, headers: &[(&str, &str)]) -> u16 {
        let result = screen(&mut parts(method, target, Version::HTTP_11, headers));
        result.map_or_else(|reply| reply.status().as_u16(), |()| 200)
    }

    #[test]
    fn host_must_be_there_once_and_be_a_host() {
        assert_eq!(status("GET", "/", &[("host", "a:80")]), 200);
        assert_eq!(status("GET", "/", &[]), 400);
        assert_eq!(status("GET", "/", &[("host", "a"), ("host", "a")]), 400);
        assert_eq!(status("GET", "/", &[("host", "a/b")]), 400);
        assert!(screen(&mut parts("GET", "/", Version::HTTP_10, &[])).is_ok());
    }

    #[test]
    fn absolute_targets_agree_with_host_and_go_on_as_paths() {
        assert_eq!(status("GET", "http://a/x", &[("host", "b")]), 400);
        assert_eq!(status("GET", "http://u@a/x", &[("host", "a")]), 400);
        assert_eq!(status("GET", "ftp://a/x", &[("host", "a")]), 400);
        let mut sound = parts("GET", "http://A/x?y=1", Version::HTTP_11, &[("host", "a")]);
        screen(&mut sound).unwrap();
        assert_eq!(sound.uri, "/x?y=1");
        let mut old = parts("GET", "http://a", Version::HTTP_10, &[]);
        screen(&mut old).unwrap();
        assert_eq!((old.uri.path(), old.headers[HOST].as_bytes()), ("/", &b"a"[..]));
    }

    #[test]
    fn methods_and_expectations_that_cannot_be_met() {
        assert_eq!(status("CONNECT", "a:443", &[("host", "a:443")]), 405);
        assert_eq!(status("GET", "a:443", &[("host", "a:443")]), 400);
        assert_eq!(status("OPTIONS", "*", &[("host", "a")]), 200);
        assert_eq!(status("GET", "*", &[("host", "a")]), 400);
        assert_eq!(status("PUT", "/", &[("host", "a"), ("expect", "100-Continue")]), 200);
        assert_eq!(status("PUT", "/", &[("host", "a"), ("expect", "miracles")]), 417);
    }
}
