//! The evidence of a release: one document, signed with the ed25519 key of the installation.
//!
//! Signed are the bytes of the document as JSON with sorted keys and without white space. Verification takes them as they
//! stand, less the white space between tokens: no number is read and printed again, so nothing depends on a parser.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use seaworthy_api::{Evidence, VERSION};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

mod hex;
mod key;

pub(crate) use key::installation_key;

/// Why evidence proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It is not evidence at all.
    #[error("it is not the evidence of a release: {cause}")]
    Form {
        /// What is wrong with its form.
        cause: String,
    },
    /// Its version is not one that this binary knows.
    #[error("version {version} of the evidence is not known here")]
    Version {
        /// The version.
        version: u32,
    },
    /// Another installation signed it.
    #[error("it was signed with another key: {key}")]
    OtherKey {
        /// The key it names.
        key: String,
    },
    /// Document, key and signature do not belong together.
    #[error("the signature does not fit: document, key or signature was changed")]
    Signature,
}

/// Evidence that was verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// The document.
    pub document: Value,
    /// The public key that it was signed with, hexadecimal.
    pub key: String,
}

/// The evidence as it stands in a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    version: u32,
    document: Box<RawValue>,
    key: String,
    signature: String,
}

/// Signs a document.
pub(crate) fn sign(document: Value, key: &SigningKey) -> Evidence {
    let document = sorted(document);
    // A value has string keys only, so it always becomes text.
    let bytes = serde_json::to_vec(&document).unwrap_or_default();
    Evidence {
        version: VERSION,
        document,
        key: hex::text(key.verifying_key().as_bytes()),
        signature: hex::text(&key.sign(&bytes).to_bytes()),
    }
}

/// Verifies the text of evidence. `expected` is the public key of the installation it must come from, hexadecimal; without
/// one it is only certain that document, key and signature belong together.
///
/// # Errors
/// [`Invalid`]: why it proves nothing.
pub fn verify(text: &str, expected: Option<&str>) -> Result<Verified, Invalid> {
    let form = |cause: serde_json::Error| Invalid::Form {
        cause: cause.to_string(),
    };
    let envelope: Envelope = serde_json::from_str(text).map_err(form)?;
    if envelope.version != VERSION {
        return Err(Invalid::Version {
            version: envelope.version,
        });
    }
    if expected.is_some_and(|expected| expected != envelope.key) {
        return Err(Invalid::OtherKey { key: envelope.key });
    }
    let key = hex::bytes(&envelope.key).and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
    let signature = hex::bytes(&envelope.signature).map(|bytes| Signature::from_bytes(&bytes));
    let (Some(key), Some(signature)) = (key, signature) else {
        return Err(Invalid::Signature);
    };
    let signed = without_white_space(envelope.document.get());
    key.verify_strict(signed.as_bytes(), &signature)
        .map_err(|_| Invalid::Signature)?;
    Ok(Verified {
        document: serde_json::from_str(&signed).map_err(form)?,
        key: envelope.key,
    })
}

/// The same value with the keys of every object in the order of their bytes, whatever the map keeps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// JSON without the white space between its tokens; that within strings stays.
fn without_white_space(json: &str) -> String {
    let (mut text, mut in_string, mut escaped) = (String::with_capacity(json.len()), false, false);
    for c in json.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if matches!(c, ' ' | '\t' | '\n' | '\r') {
            continue;
        } else {
            in_string = c == '"';
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn evidence() -> Evidence {
        let document = json!({
            "outcome": "rolled_back", "id": "r4", "by": "ada \\ \"x\" {", "plan": {"z": 1, "a": [true, null]},
            "gates": [{"value": 737.482_910_3, "threshold": 0.1, "verdict": "fail"}],
        });
        sign(document, &key(7))
    }

    fn text() -> String {
        serde_json::to_string(&evidence()).unwrap()
    }

    #[test]
    fn what_was_signed_is_valid_however_it_is_laid_out() {
        let pretty = serde_json::to_string_pretty(&evidence()).unwrap();
        for text in [text(), pretty, text().replace("\":", "\" :\t\r\n")] {
            let verified = verify(&text, None).unwrap();
            assert_eq!(verified.document["by"], "ada \\ \"x\" {");
        }
    }

    #[test]
    fn any_changed_byte_is_detected() {
        let text = text();
        assert!(verify(&text, None).is_ok());
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&changed, None).is_err(), "byte {at}: {changed}");
        }
    }

    #[test]
    fn a_second_value_for_a_key_is_detected() {
        let twice = text().replace("\"outcome\"", "\"outcome\":\"succeeded\",\"outcome\"");
        assert_eq!(verify(&twice, None), Err(Invalid::Signature));
        let twice = text().replace("{\"version\"", "{\"key\":\"00\",\"version\"");
        assert!(matches!(verify(&twice, None), Err(Invalid::Form { .. })));
    }

    #[test]
    fn somebody_else_can_sign_but_not_as_this_installation() {
        let ours = hex::text(key(7).verifying_key().as_bytes());
        let mut document = evidence().document;
        document["outcome"] = json!("succeeded");
        let forged = serde_json::to_string(&sign(document, &key(8))).unwrap();
        assert!(verify(&forged, None).is_ok(), "nobody said whose it must be");
        assert!(matches!(verify(&forged, Some(&ours)), Err(Invalid::OtherKey { .. })));
        assert!(verify(&text(), Some(&ours)).is_ok());
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let text = text();
        let at = |what: &str| text.find(what).unwrap();
        assert!(at("\"by\"") < at("\"gates\"") && at("\"gates\"") < at("\"id\""));
        assert!(at("\"a\":[true") < at("\"z\":1"));
    }
}
