//! Whether evidence is as it was signed.

use seaworthy_daemon::evidence::{Invalid, Verified};
use serde::Serialize;
use serde_json::Value;

use super::paint::Paint;

/// What `seaworthy release verify` says.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Verdict {
    version: u32,
    /// What was verified: a file, or a release.
    what: String,
    /// Whether document, key and signature belong together, and the key is the one that was given.
    pub(crate) valid: bool,
    /// Why not.
    reason: Option<String>,
    /// The release of the document.
    release: Option<String>,
    /// How it ended.
    outcome: Option<String>,
    /// The public key that it was signed with.
    key: Option<String>,
    /// Whether that key was compared with one that was given.
    key_compared: bool,
}

impl Verdict {
    /// The verdict on `what`.
    pub(crate) fn of(what: &str, key_compared: bool, verified: Result<Verified, Invalid>) -> Self {
        let mut verdict = Self {
            version: seaworthy_api::VERSION,
            what: what.to_owned(),
            valid: verified.is_ok(),
            reason: None,
            release: None,
            outcome: None,
            key: None,
            key_compared,
        };
        match verified {
            Ok(Verified { document, key }) => {
                let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
                (verdict.release, verdict.outcome) = (text("id"), text("outcome"));
                verdict.key = Some(key);
            }
            Err(invalid) => verdict.reason = Some(invalid.to_string()),
        }
        verdict
    }

    /// The same for a person.
    pub(crate) fn render(&self, paint: Paint) -> String {
        if let Some(reason) = &self.reason {
            return format!("{} {} is invalid: {reason}\n", paint.bad("✗"), self.what);
        }
        let [release, outcome, key] =
            [&self.release, &self.outcome, &self.key].map(|known| known.as_deref().unwrap_or("unknown"));
        let mut text = format!(
            "{} {} is valid: release {release}, {}\n  signed with {key}\n",
            paint.good("✓"),
            self.what,
            paint.state(outcome),
        );
        if !self.key_compared {
            text.push_str("  whose key that is was not compared; `--key` names the one it must be\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn valid_evidence_names_release_outcome_and_key() {
        let verified = || Verified {
            document: json!({"id": "r4", "outcome": "rolled_back"}),
            key: "00ab".into(),
        };
        let text = Verdict::of("r4.json", false, Ok(verified())).render(Paint::new(false));
        assert!(
            text.starts_with("✓ r4.json is valid: release r4, rolled_back\n  signed with 00ab\n"),
            "{text}"
        );
        assert!(text.contains("was not compared"), "{text}");
        let compared = Verdict::of("r4.json", true, Ok(verified()));
        assert!(compared.valid && !compared.render(Paint::new(false)).contains("compared"));
    }

    #[test]
    fn invalid_evidence_says_why_and_nothing_of_what_it_claims() {
        let verdict = Verdict::of("r4.json", true, Err(Invalid::Signature));
        assert!(!verdict.valid && verdict.outcome.is_none());
        assert_eq!(
            verdict.render(Paint::new(false)),
            "✗ r4.json is invalid: the signature does not fit: document, key or signature was changed\n"
        );
    }
}
