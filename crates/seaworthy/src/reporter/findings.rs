//! Findings of the checks.

use seaworthy_api::Finding;

use super::paint::Paint;
use crate::failure::counted;

/// Errors first, then warnings, then notes; each with its place, its reason and what to do.
pub(crate) fn render(findings: &[Finding], paint: Paint) -> String {
    let mut text = String::new();
    for severity in ["error", "warning", "note"] {
        for finding in findings.iter().filter(|finding| finding.severity == severity) {
            let at: String = [&finding.place, &finding.key]
                .into_iter()
                .flatten()
                .map(|part| format!(" {part}:"))
                .collect();
            text.push_str(&format!(
                "{} {}{at} {}\n",
                paint.state(severity),
                paint.dim(&finding.id),
                finding.reason
            ));
            if !finding.remedy.is_empty() {
                text.push_str(&format!("  {} {}\n", paint.dim("→"), finding.remedy));
            }
        }
    }
    text
}

/// `2 errors, 1 warning`; `nothing found` without any.
pub(crate) fn summary(findings: &[Finding]) -> String {
    let parts: Vec<String> = ["error", "warning", "note"]
        .into_iter()
        .filter_map(
            |severity| match findings.iter().filter(|finding| finding.severity == severity).count() {
                0 => None,
                count => Some(counted(count, severity)),
            },
        )
        .collect();
    match parts.is_empty() {
        true => "nothing found".to_owned(),
        false => parts.join(", "),
    }
}

/// Whether the findings stop a release: errors do, and with `strict` warnings too.
pub(crate) fn stop(findings: &[Finding], strict: bool) -> bool {
    findings
        .iter()
        .any(|finding| finding.severity == "error" || (strict && finding.severity == "warning"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: &str, id: &str, place: Option<&str>) -> Finding {
        Finding {
            id: id.into(),
            severity: severity.into(),
            place: place.map(Into::into),
            key: Some("services.web".into()),
            reason: "it is so".into(),
            remedy: "change it".into(),
        }
    }

    #[test]
    fn errors_come_first() {
        let findings = [
            finding("warning", "b.c", None),
            finding("error", "a.b", Some("seaworthy.toml:3:1")),
        ];
        let expected = "error a.b seaworthy.toml:3:1: services.web: it is so\n  → change it\n\
             warning b.c services.web: it is so\n  → change it\n";
        assert_eq!(render(&findings, Paint::new(false)), expected);
        assert_eq!(summary(&findings), "1 error, 1 warning");
        assert_eq!(summary(&[]), "nothing found");
    }

    #[test]
    fn warnings_stop_only_the_strict() {
        let warning = [finding("warning", "b.c", None)];
        assert!(!stop(&warning, false));
        assert!(stop(&warning, true));
        assert!(stop(&[finding("error", "a.b", None)], false));
        assert!(!stop(&[finding("note", "a.b", None)], true));
    }
}
