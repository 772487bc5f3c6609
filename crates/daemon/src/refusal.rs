//! Why a request was refused, in the API's words: class, cause, remedy, exit code.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use seaworthy_api::{ApiError, Finding, VERSION};
use seaworthy_platform::PlatformError;
use seaworthy_release::{NotNow, Reason};
use seaworthy_store::StoreError;

/// A refusal: an HTTP status and the document that goes with it.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    error: Box<ApiError>,
}

/// Exit codes of cli.md.
mod exit {
    pub(super) const FAILED: u8 = 1;
    pub(super) const USAGE: u8 = 2;
    pub(super) const FINDINGS: u8 = 3;
    pub(super) const BUSY: u8 = 6;
}

impl Refused {
    fn new(status: StatusCode, exit: u8, kind: &str, cause: String, remedy: String) -> Self {
        let error = ApiError {
            version: VERSION,
            kind: kind.to_owned(),
            place: None,
            cause,
            remedy,
            exit,
            findings: Vec::new(),
        };
        Self {
            status,
            error: Box::new(error),
        }
    }

    /// The document.
    pub fn error(&self) -> &ApiError {
        &self.error
    }

    pub(crate) fn usage(kind: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, exit::USAGE, kind, cause.into(), remedy.into())
    }

    pub(crate) fn failed(kind: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            exit::FAILED,
            kind,
            cause.into(),
            remedy.into(),
        )
    }

    pub(crate) fn conflict(kind: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, exit::FAILED, kind, cause.into(), remedy.into())
    }

    pub(crate) fn unknown(kind: &str, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, exit::USAGE, kind, cause.into(), remedy.into())
    }

    pub(crate) fn busy(release: &str) -> Self {
        let cause = format!("release {release} is under way");
        let remedy = format!("wait for it, follow it (seaworthy release show {release}), or --supersede it");
        Self::new(StatusCode::CONFLICT, exit::BUSY, "busy", cause, remedy)
    }

    /// Stopping while a release is under way: what it has started must be taken back first.
    pub(crate) fn busy_to_stop(release: &str) -> Self {
        let mut refused = Self::busy(release);
        refused.error.remedy = format!("wait for it, or take it back first: seaworthy abort {release}");
        refused
    }

    /// Mistakes of the file: nothing was read beyond it.
    pub(crate) fn mistakes(findings: Vec<Finding>) -> Self {
        let mut refused = Self::usage(
            "file",
            count(findings.len(), "mistake"),
            "mend the file; nothing was changed",
        );
        refused.error.findings = findings;
        refused
    }

    /// Findings at or above the threshold.
    pub(crate) fn findings(kind: &str, findings: Vec<Finding>) -> Self {
        let cause = count(findings.len(), "finding");
        let remedy = "mend them; nothing was changed".to_owned();
        let mut refused = Self::new(StatusCode::UNPROCESSABLE_ENTITY, exit::FINDINGS, kind, cause, remedy);
        refused.error.findings = findings;
        refused
    }
}

fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::failed("journal", error.to_string(), error.remedy())
    }
}

impl From<NotNow> for Refused {
    fn from(error: NotNow) -> Self {
        Self::conflict("not_now", error.cause, error.possible)
    }
}

impl From<PlatformError> for Refused {
    fn from(error: PlatformError) -> Self {
        let reason = reason(&error);
        Self::failed(&reason.kind, reason.cause, reason.remedy)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(*self.error)).into_response()
    }
}

/// A platform's error as the reason of a step's failure.
pub(crate) fn reason(error: &PlatformError) -> Reason {
    let (kind, last_lines) = match error {
        PlatformError::Build { last_lines, .. } => ("build".to_owned(), last_lines.clone()),
        PlatformError::Trouble { trouble, .. } => (word(trouble.kind), trouble.last_lines.clone()),
        PlatformError::Edge { .. } => ("edge".to_owned(), Vec::new()),
        PlatformError::Machine { .. } => ("machine".to_owned(), Vec::new()),
    };
    Reason {
        kind,
        cause: error.to_string(),
        remedy: remedy(error),
        last_lines,
    }
}

/// What to do about a platform's error.
pub(crate) fn remedy(error: &PlatformError) -> String {
    match error {
        PlatformError::Build { remedy, .. }
        | PlatformError::Edge { remedy, .. }
        | PlatformError::Machine { remedy, .. } => remedy.clone(),
        PlatformError::Trouble { trouble, .. } => trouble.remedy.clone(),
    }
}

/// The stable word of an enum that is written as one.
pub(crate) fn word<T: serde::Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
