//! Which side a request asks for: a browser by the cookie that it was given, a tester by a header.

use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::config::{Affinity, Upstream};

/// What a tester writes in place of a release to mean the newest one.
const NEW: &[u8] = b"new";

/// What there is to ask for at an upstream with several sides.
#[derive(Debug)]
pub(crate) struct Steering {
    /// The cookie's name; `None` without affinity, or while fewer than two sides have a weight.
    cookie: Option<String>,
    sides: Vec<Label>,
    /// The side with the highest release number.
    newest: Option<usize>,
}

/// How a side is called.
#[derive(Debug)]
struct Label {
    release: String,
    /// Its release in the characters of a cookie's value.
    tag: String,
    weighted: bool,
}

/// The sides that a request asks for. They are asked before the dice, where they have a target ready.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    tester: Option<usize>,
    cookie: Option<usize>,
}

impl Wish {
    /// What is asked for, the stronger first.
    pub(crate) fn sides(self) -> impl Iterator<Item = usize> {
        [self.tester, self.cookie].into_iter().flatten()
    }

    /// Whether `side` was asked for. Then there is nothing to give: a browser has it already, a tester chooses each time.
    pub(crate) fn names(self, side: usize) -> bool {
        self.tester == Some(side) || self.cookie == Some(side)
    }
}

impl Steering {
    /// For the upstream called `id`; `None` if it leaves no choice.
    pub(crate) fn new(id: &str, upstream: &Upstream) -> Option<Self> {
        if upstream.sides.len() < 2 {
            return None;
        }
        let label = |side: &crate::config::Side| Label {
            release: side.release.clone(),
            tag: tag(&side.release),
            weighted: side.weight > 0,
        };
        let sides: Vec<Label> = upstream.sides.iter().map(label).collect();
        let shared = sides.iter().filter(|side| side.weighted).count() > 1;
        let numbered = sides
            .iter()
            .enumerate()
            .filter_map(|(side, label)| Some((number(&label.release)?, side)));
        Some(Self {
            cookie: (upstream.affinity == Affinity::Client && shared)
                .then(|| format!("seaworthy-side-{:08x}", short_hash(id))),
            newest: numbered.max().map(|(_, side)| side),
            sides,
        })
    }

    /// What gives a browser each of the sides on the route with this path; empty if none is given.
    pub(crate) fn cookies(&self, path: &str) -> Vec<HeaderValue> {
        let Some(name) = &self.cookie else {
            return Vec::new();
        };
        // A path that would end the attribute, or is no text for a header, gives way to all paths: the name says which
        // upstream is meant.
        let sound = !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        let path = if sound { path } else { "/" };
        let cookie = |side: &Label| {
            let text = format!("{name}={}; Path={path}; HttpOnly; SameSite=Lax", side.tag);
            // All of it is visible ASCII by now.
            HeaderValue::try_from(text).ok()
        };
        self.sides.iter().map_while(cookie).collect()
    }

    /// What a request with these headers asks for; `tester` is the value of its `x-seaworthy-side`.
    pub(crate) fn wish(&self, headers: &HeaderMap, tester: Option<&HeaderValue>) -> Wish {
        Wish {
            tester: tester.and_then(|value| self.chosen(value.as_bytes())),
            cookie: self.cookie.as_deref().and_then(|name| self.kept(name, headers)),
        }
    }

    fn chosen(&self, value: &[u8]) -> Option<usize> {
        if value == NEW {
            return self.newest;
        }
        self.sides.iter().position(|side| side.release.as_bytes() == value)
    }

    /// The side in the cookie, unless it gets nothing any more.
    fn kept(&self, name: &str, headers: &HeaderMap) -> Option<usize> {
        let cookies = headers.get_all(COOKIE).iter();
        let mut pairs = cookies.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
        pairs.find_map(|pair| {
            let tag = pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            let side = |label: &Label| label.weighted && label.tag.as_bytes() == tag;
            self.sides.iter().position(side)
        })
    }
}

/// Whether an answer is a page: what a browser shows, and what names the assets that it asks for next.
pub(crate) fn is_html(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let kind = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(b"text/html")
}

/// A release as a cookie's value (RFC 6265 §4.1.1): itself where it may stand there, else its hash.
fn tag(release: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if !release.is_empty() && release.bytes().all(plain) {
        release.to_owned()
    } else {
        format!("~{:08x}", short_hash(release))
    }
}

/// The number that a release ends with.
fn number(release: &str) -> Option<u64> {
    let digits = release.bytes().rev().take_while(u8::is_ascii_digit).count();
    release[release.len() - digits..].parse().ok()
}

/// FNV-1a. It has to stay the same over versions of the edge, since browsers keep what is made of it, and guards nothing.
fn short_hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Probe, Side};
    use http::header::HeaderName;

    fn upstream(sides: &[(&str, u32)]) -> Upstream {
        let side = |(release, weight): &(&str, u32)| Side {
            release: (*release).to_owned(),
            weight: *weight,
            targets: Vec::new(),
        };
        Upstream {
            sides: sides.iter().map(side).collect(),
            probe: Probe {
                path: None,
                host: None,
                interval_ms: 1,
                timeout_ms: 1,
                passes: 1,
                fails: 1,
            },
            connect_timeout_ms: 1,
            answer_timeout_ms: 1,
            hold_ms: 0,
            hold_max: 0,
            affinity: Affinity::Client,
            shadow: None,
        }
    }

    fn steering(sides: &[(&str, u32)]) -> Steering {
        Steering::new("u", &upstream(sides)).unwrap()
    }

    fn cookies(values: &[&str]) -> HeaderMap {
        let pair = |value: &&str| (COOKIE, HeaderValue::from_str(value).unwrap());
        values
            .iter()
            .map(pair)
            .collect::<Vec<(HeaderName, _)>>()
            .into_iter()
            .collect()
    }

    #[test]
    fn a_single_side_leaves_no_choice_and_a_single_weight_nothing_to_keep() {
        assert!(Steering::new("u", &upstream(&[("r1", 1)])).is_none());
        assert!(steering(&[("r1", 100), ("r2", 0)]).cookies("/").is_empty());
        let nobody = Upstream {
            affinity: Affinity::None,
            ..upstream(&[("r1", 1), ("r2", 1)])
        };
        assert!(Steering::new("u", &nobody).unwrap().cookies("/").is_empty());
    }

    #[test]
    fn a_cookie_is_for_its_upstream_and_route_and_out_of_reach_of_scripts() {
        let steering = steering(&[("r1", 90), ("r 2;", 10)]);
        assert_eq!(
            steering.cookies("/api"),
            [
                "seaworthy-side-f00c3c10=r1; Path=/api; HttpOnly; SameSite=Lax",
                "seaworthy-side-f00c3c10=~0ed43ed4; Path=/api; HttpOnly; SameSite=Lax"
            ]
        );
        for path in ["", "/a;b", "/ü"] {
            assert!(
                steering.cookies(path)[0].to_str().unwrap().contains("; Path=/;"),
                "{path}"
            );
        }
    }

    #[test]
    fn a_cookie_is_found_among_others_and_ignored_where_its_side_gets_nothing() {
        let steering = steering(&[("r1", 90), ("r2", 10), ("r3", 0)]);
        let name = steering.cookie.clone().unwrap();
        let kept = |values: &[&str]| steering.wish(&cookies(values), None).cookie;
        assert_eq!(kept(&[&format!("a=1;  {name}=r2 ; b=2")]), Some(1));
        assert_eq!(kept(&["a=1", &format!("{name}=r1")]), Some(0));
        assert_eq!(kept(&[&format!("{name}=r3; {name}=r2")]), Some(1));
        for none in [format!("{name}=r3"), format!("x{name}=r1"), format!("{name}=r"), name] {
            assert_eq!(kept(&[&none]), None, "{none}");
        }
    }

    #[test]
    fn a_tester_may_have_any_side_and_new_is_the_highest_number() {
        let steering = steering(&[("r9", 100), ("r10", 0), ("external", 0)]);
        let chosen = |value| {
            steering
                .wish(&HeaderMap::new(), Some(&HeaderValue::from_static(value)))
                .tester
        };
        assert_eq!(chosen("new"), Some(1));
        assert_eq!(chosen("r9"), Some(0));
        assert_eq!(chosen("external"), Some(2));
        assert_eq!(chosen("r1"), None);
        assert_eq!(self::steering(&[("a", 1), ("b", 0)]).chosen(b"new"), None);
    }

    #[test]
    fn pages_are_told_by_their_type() {
        let html = |value| is_html(&[(CONTENT_TYPE, HeaderValue::from_static(value))].into_iter().collect());
        assert!(html("text/html") && html("Text/HTML ; charset=utf-8"));
        assert!(!html("text/htmlx") && !html("application/json") && !is_html(&HeaderMap::new()));
    }
}
