//! Credentials that were written into the file.

use seaworthy_spec::Spec;

use crate::catalogue::{SECRET_IN_FILE, SECRET_TOKEN_IN_FILE};
use crate::finding::Report;
use crate::variables;

/// Parts of names that speak of a secret.
const SECRET_NAMES: &[&str] = &[
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PRIVATE",
    "API_KEY",
    "APIKEY",
    "CREDENTIAL",
];

/// Beginnings of names whose values are compiled into what every browser gets: whatever their name says, they are no secret.
const PUBLIC_NAMES: &[&str] = &["NEXT_PUBLIC_", "VITE_", "REACT_APP_", "PUBLIC_"];

/// Ends of names that speak of a property of a secret, or of where it is.
const PROPERTY_NAMES: &[&str] = &[
    "_FILE",
    "_PATH",
    "_NAME",
    "_HEADER",
    "_TTL",
    "_EXPIRY",
    "_EXPIRES_IN",
    "_EXPIRATION",
    "_LENGTH",
    "_ISSUER",
    "_AUDIENCE",
    "_ALGORITHM",
    "_URL",
    "_ENDPOINT",
    "_LIFETIME",
];

/// The form of a credential: what it begins with, how many characters of its alphabet follow at least, and whose it is.
struct Form {
    prefix: &'static str,
    least: usize,
    whose: &'static str,
}

/// Forms as their issuers document them.
const FORMS: &[Form] = &[
    Form {
        prefix: "AKIA",
        least: 16,
        whose: "an AWS access key",
    },
    Form {
        prefix: "ASIA",
        least: 16,
        whose: "an AWS session key",
    },
    Form {
        prefix: "ghp_",
        least: 36,
        whose: "a GitHub personal token",
    },
    Form {
        prefix: "gho_",
        least: 36,
        whose: "a GitHub OAuth token",
    },
    Form {
        prefix: "ghs_",
        least: 36,
        whose: "a GitHub server token",
    },
    Form {
        prefix: "github_pat_",
        least: 22,
        whose: "a GitHub fine-grained token",
    },
    Form {
        prefix: "glpat-",
        least: 20,
        whose: "a GitLab token",
    },
    Form {
        prefix: "xoxb-",
        least: 20,
        whose: "a Slack bot token",
    },
    Form {
        prefix: "xoxp-",
        least: 20,
        whose: "a Slack user token",
    },
    Form {
        prefix: "sk_live_",
        least: 16,
        whose: "a Stripe live key",
    },
    Form {
        prefix: "rk_live_",
        least: 16,
        whose: "a Stripe restricted key",
    },
    Form {
        prefix: "sk-ant-",
        least: 20,
        whose: "an Anthropic key",
    },
    Form {
        prefix: "sk-proj-",
        least: 20,
        whose: "an OpenAI key",
    },
    Form {
        prefix: "AIza",
        least: 35,
        whose: "a Google API key",
    },
    Form {
        prefix: "SG.",
        least: 40,
        whose: "a SendGrid key",
    },
    Form {
        prefix: "npm_",
        least: 36,
        whose: "an npm token",
    },
    Form {
        prefix: "dckr_pat_",
        least: 20,
        whose: "a Docker token",
    },
    Form {
        prefix: "AGE-SECRET-KEY-1",
        least: 40,
        whose: "an age identity",
    },
    Form {
        prefix: "hooks.slack.com/services/",
        least: 20,
        whose: "a Slack webhook",
    },
];

pub(crate) fn check(spec: &Spec, report: &mut Report<'_>) {
    for (key, name, value) in variables::each_value(spec) {
        let remedy = || {
            format!(
                "write `{name} = {{ secret = \"{0}\" }}` and give the value to `seaworthy secret set {0}`; revoke the old one if the file was shared.",
                name.to_lowercase().replace('_', "-")
            )
        };
        if let Some(whose) = credential(value) {
            report.add(
                &SECRET_TOKEN_IN_FILE,
                &key,
                format!("the value looks like {whose}"),
                remedy(),
            );
        } else if names_a_secret(name) && holds_one(value) {
            let reason = "the name speaks of a secret, and the value stands in the file for everyone who reads it";
            report.add(&SECRET_IN_FILE, &key, reason, remedy());
        }
    }
}

/// Whether a value should not be repeated in a message.
pub(crate) fn looks_secret(name: &str, value: &str) -> bool {
    names_a_secret(name) || credential(value).is_some()
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
        && !PUBLIC_NAMES.iter().any(|start| name.starts_with(start))
        && !PROPERTY_NAMES.iter().any(|end| name.ends_with(end))
}

/// A number, a switch or a length of time is a setting about a secret (`TOKEN_MINUTES = "15"`).
fn holds_one(value: &str) -> bool {
    let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let measured =
        value.len() <= digits.len() + 3 && !digits.is_empty() && digits.len() < 6 && digits.parse::<f64>().is_ok();
    !(value.is_empty()
        || measured
        || matches!(
            value.to_lowercase().as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off"
        ))
}

/// Whose credential a value looks like.
pub(crate) fn credential(value: &str) -> Option<&'static str> {
    if value.contains("-----BEGIN") && value.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    if password_of_url(value).is_some_and(|password| !password.is_empty()) {
        return Some("a URL with a password");
    }
    if is_jwt(value) {
        return Some("a signed token (JWT)");
    }
    let token = |c: &char| c.is_ascii_alphanumeric() || "_-./".contains(*c);
    FORMS.iter().find_map(|form| {
        let (before, after) = value.split_once(form.prefix)?;
        let starts = !before.ends_with(|c: char| c.is_ascii_alphanumeric());
        (starts && after.chars().take_while(token).count() >= form.least).then_some(form.whose)
    })
}

/// The header of every JWT begins with `{"`, which is `eyJ` in base64; header, claims and signature are joined by dots.
fn is_jwt(value: &str) -> bool {
    let parts: Vec<_> = value.split('.').collect();
    parts.len() == 3 && value.starts_with("eyJ") && parts.iter().all(|part| part.len() >= 10)
}

/// The password in `scheme://user:password@host`.
pub(crate) fn password_of_url(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once("://")?;
    if scheme.is_empty() || scheme.contains(char::is_whitespace) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (user_info, _) = authority.rsplit_once('@')?;
    user_info.split_once(':').map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_recognised_by_their_form() {
        for value in [
            concat!("AKIA", "Z7QK3VJ2M5XN8RTL"),
            concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ012345"),
            concat!("-----BEGIN RSA PRIVATE", " KEY-----\nMIIE"),
            "postgres://app:hunter2@db.internal/app",
            "token=sk_live_0123456789abcdef",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
        ] {
            assert!(credential(value).is_some(), "{value}");
        }
        for value in [
            "AKIA",
            "https://example.com/a@b:c",
            "postgres://app@db/app",
            "eyJ.a.b",
            "makeAKIAZ7QK3VJ2M5XN8RTL",
        ] {
            assert_eq!(credential(value), None, "{value}");
        }
    }

    #[test]
    fn names_and_values_about_secrets_are_not_secrets() {
        for name in ["JWT_SECRET", "db_password", "STRIPE_API_KEY", "GITHUB_TOKEN"] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "TOKEN_TTL",
            "PASSWORD_FILE",
            "NEXT_PUBLIC_API_KEY",
            "PORT",
            "SECRET_NAME",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
        for value in ["15", "15m", "true", "", "3.5", "100ms"] {
            assert!(!holds_one(value), "{value}");
        }
        for value in ["hunter2", "123456", "letmein"] {
            assert!(holds_one(value), "{value}");
        }
    }
}
