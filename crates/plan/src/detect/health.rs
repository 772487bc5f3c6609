//! The health route in an application's code.

use super::{Found, SourceFacts, because};

/// Usual paths, the most telling first: a readiness route knows more than a liveness route.
const PATHS: [&str; 9] = [
    "/ready",
    "/readyz",
    "/health/ready",
    "/healthz",
    "/health",
    "/api/health",
    "/_health",
    "/livez",
    "/up",
];

/// How frameworks declare a route. A path that is only mentioned (a client's request, a log line) does not count.
const DECLARATIONS: [&str; 12] = [
    ".get(",
    ".all(",
    ".use(",
    ".route(",
    "route(",
    "path(",
    "Route(",
    "HandleFunc(",
    ".Get(",
    ".GET(",
    "===",
    "==",
];

/// The path of a health route that the gathered code declares.
pub(super) fn path(facts: &SourceFacts) -> Option<Found<String>> {
    PATHS.iter().find_map(|path| {
        let (file, _) = facts
            .contents
            .iter()
            .find(|(file, text)| is_code(file) && declares(text, path))?;
        Some(Found {
            value: (*path).to_owned(),
            because: because(file, format!("health route {path}")),
        })
    })
}

fn is_code(file: &str) -> bool {
    [".js", ".mjs", ".cjs", ".ts", ".py", ".rs", ".go"]
        .iter()
        .any(|end| file.ends_with(end))
}

fn declares(text: &str, path: &str) -> bool {
    text.lines().map(str::trim).any(|line| {
        let comment = line.starts_with("//") || line.starts_with('#') && !line.starts_with("#[");
        !comment && mentions(line, path) && DECLARATIONS.iter().any(|word| line.contains(word)) && !calls_out(line)
    })
}

/// Whether the path stands in quotes, whole. Django leaves the first slash out and may end with one.
fn mentions(line: &str, path: &str) -> bool {
    ['"', '\'', '`']
        .iter()
        .any(|quote| line.contains(&format!("{quote}{path}{quote}")))
        || (line.contains("path(")
            && ['"', '\'']
                .iter()
                .any(|quote| line.contains(&format!("{quote}{}{quote}", &path[1..]))))
}

fn calls_out(line: &str) -> bool {
    ["fetch(", "axios.", "requests.get(", "client.get(", "httpx."]
        .iter()
        .any(|call| line.contains(call))
}
