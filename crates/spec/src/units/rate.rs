use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Malformed, Span};

/// A rate limit, written `"100 / 15m per client"`: at most so many requests in any window of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// How many requests, at least 1.
    pub requests: u32,
    /// In which time, longer than zero.
    pub window: Span,
    /// Counted for each client, not for the route as a whole.
    pub per_client: bool,
}

impl FromStr for Rate {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let refusal = || {
            Malformed::new(
                format!("{text:?} is not a rate"),
                "write for example \"100 / 15m per client\"",
            )
        };
        let (requests, rest) = text.split_once('/').ok_or_else(refusal)?;
        let requests = requests
            .trim()
            .parse()
            .ok()
            .filter(|requests| *requests > 0)
            .ok_or_else(refusal)?;
        let (window, per_client) = match rest.trim().split_once(' ') {
            None => (rest.trim(), false),
            Some((window, per)) if per.trim() == "per client" => (window, true),
            Some(_) => return Err(refusal()),
        };
        let window: Span = window.parse()?;
        if window.millis == 0 {
            return Err(refusal());
        }
        Ok(Self {
            requests,
            window,
            per_client,
        })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{} / {}{}",
            self.requests,
            self.window,
            if self.per_client { " per client" } else { "" }
        )
    }
}
