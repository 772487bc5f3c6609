//! One scope's secrets as one JSON document, encrypted as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::iter;
use std::path::Path;

use age::x25519::{Identity, Recipient};
use age::{DecryptError, Decryptor};
use seaworthy_platform::{Secret, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::{ListedVersion, SecretError};

/// The format that is written.
pub(super) const FORMAT: u32 = 1;

/// The document, format 1.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) format: u32,
    /// The versions of each secret, oldest first.
    pub(super) secrets: BTreeMap<String, Vec<Kept>>,
}

impl Default for Document {
    fn default() -> Self {
        Self {
            format: FORMAT,
            secrets: BTreeMap::new(),
        }
    }
}

/// One version of a secret.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) version: u32,
    pub(super) set_at_ms: u64,
    pub(super) revoked_at_ms: Option<u64>,
    pub(super) value: Plain,
}

impl Kept {
    pub(super) fn new(version: u32, at: Timestamp, value: Secret) -> Self {
        Self {
            version,
            set_at_ms: at.0,
            revoked_at_ms: None,
            value: Plain(value),
        }
    }

    pub(super) fn listed(&self) -> ListedVersion {
        ListedVersion {
            version: self.version,
            set_at: Timestamp(self.set_at_ms),
            revoked_at: self.revoked_at_ms.map(Timestamp),
        }
    }
}

/// The newest version that is not revoked.
pub(super) fn newest(versions: &[Kept]) -> Option<&Kept> {
    versions.iter().rev().find(|kept| kept.revoked_at_ms.is_none())
}

/// The one place where a secret is written out: into a document that is encrypted before it leaves this module.
/// [`Secret`] itself cannot be serialised.
pub(super) struct Plain(pub(super) Secret);

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|value| Self(Secret::new(value)))
    }
}

/// What every format begins with.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

pub(super) fn decrypt(path: &Path, identity: &Identity, bytes: &[u8]) -> Result<Document, SecretError> {
    let refuse = |error: DecryptError| match error {
        DecryptError::NoMatchingKeys => SecretError::WrongKey { path: path.to_owned() },
        other => corrupt(path, describe(&other)),
    };
    let decryptor = Decryptor::new_buffered(bytes).map_err(refuse)?;
    let mut reader = decryptor
        .decrypt(iter::once(identity as &dyn age::Identity))
        .map_err(refuse)?;
    // With room for all of it, the buffer never moves and leaves no copy behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(bytes.len()));
    reader
        .read_to_end(&mut plain)
        .map_err(|_| corrupt(path, "its content was cut off or changed"))?;
    parse(path, &plain)
}

fn parse(path: &Path, plain: &[u8]) -> Result<Document, SecretError> {
    let header: Header = serde_json::from_slice(plain).map_err(|error| unreadable(path, &error))?;
    if header.format > FORMAT {
        return Err(SecretError::Newer {
            path: path.to_owned(),
            format: header.format,
            known: FORMAT,
        });
    }
    serde_json::from_slice(plain).map_err(|error| unreadable(path, &error))
}

pub(super) fn encrypt(path: &Path, recipient: &Recipient, document: &Document) -> Result<Vec<u8>, SecretError> {
    let mut length = Length(0);
    serde_json::to_writer(&mut length, document).map_err(|error| unreadable(path, &error))?;
    let mut plain = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *plain, document).map_err(|error| unreadable(path, &error))?;
    age::encrypt(recipient, &plain).map_err(|_| corrupt(path, "its content cannot be encrypted"))
}

/// In our own words: age looks its sentences up in translation files, which a debug build expects beside age's source.
fn describe(error: &DecryptError) -> &'static str {
    match error {
        DecryptError::InvalidHeader | DecryptError::UnknownFormat => "it is not an age file",
        DecryptError::InvalidMac => "its header was changed",
        DecryptError::Io(_) => "its header was cut off",
        _ => "it cannot be decrypted",
    }
}

fn corrupt(path: &Path, cause: &str) -> SecretError {
    SecretError::Corrupt {
        path: path.to_owned(),
        cause: cause.to_owned(),
    }
}

/// The parser's own words may quote what it read, so only the kind and the place are told.
fn unreadable(path: &Path, error: &serde_json::Error) -> SecretError {
    let cause = format!(
        "line {} column {} of its content is not as expected",
        error.line(),
        error.column()
    );
    corrupt(path, &cause)
}

/// Counts what is written, so that the buffer for it can be made once.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let error = parse(Path::new("x.age"), br#"{"format":2,"vault":{}}"#).unwrap_err();
        assert!(
            matches!(
                error,
                SecretError::Newer {
                    format: 2,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_broken_document_is_refused_without_quoting_it() {
        let error = parse(Path::new("x.age"), br#"{"format":1,"secrets":{"jwt":[{"hunter2":1}]}}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    }
}
