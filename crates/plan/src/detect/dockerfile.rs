//! The port that a Dockerfile names.

use super::{Found, SourceFacts, because};

/// The port of the last `EXPOSE` line: the final stage is the one that runs.
pub(super) fn exposed_port(facts: &SourceFacts) -> Option<Found<u16>> {
    let port = facts.text("Dockerfile")?.lines().rev().find_map(|line| {
        let mut words = line.split_whitespace();
        let keyword = words.next()?;
        keyword
            .eq_ignore_ascii_case("EXPOSE")
            .then(|| words.next())??
            .split('/')
            .next()?
            .parse::<u16>()
            .ok()
    })?;
    Some(Found {
        value: port,
        because: because("Dockerfile", format!("port {port} in a container, from EXPOSE")),
    })
}
