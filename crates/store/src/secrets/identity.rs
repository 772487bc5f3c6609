//! The identity everything is encrypted to.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use zeroize::Zeroizing;

use super::{SecretError, files};

const NAME: &str = "identity";

/// The identity of a store; made when the store is new. The caller holds the lock.
pub(super) fn read_or_make(root: &Path) -> Result<Identity, SecretError> {
    if let Some(identity) = read(root)? {
        return Ok(identity);
    }
    let identity = Identity::generate();
    let text = identity.to_string();
    files::replace(&root.join(NAME), text.expose_secret().as_bytes())?;
    Ok(identity)
}

/// The identity of a store; none when the store is new. A store that has secrets and no identity is not new.
pub(super) fn read(root: &Path) -> Result<Option<Identity>, SecretError> {
    let path = root.join(NAME);
    let refuse = |cause: &str, remedy| SecretError::Identity {
        path: path.clone(),
        cause: cause.to_owned(),
        remedy,
    };
    let Some(bytes) = files::read(&path)?.map(Zeroizing::new) else {
        if files::any_document(root) {
            return Err(refuse(
                "the identity is lost, and there are secrets that only it can decrypt",
                "put it back from a copy, or move the secrets directory away and set the secrets again; nothing was changed.",
            ));
        }
        return Ok(None);
    };
    let metadata = std::fs::metadata(&path).map_err(|error| SecretError::io("look at", &path, error))?;
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(refuse(
            "others may read the identity",
            "close it (`chmod 600`); if somebody else has users on this machine, set every secret to a new value.",
        ));
    }
    std::str::from_utf8(&bytes)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .map(Some)
        .ok_or_else(|| {
            refuse(
                "this is not an age identity (AGE-SECRET-KEY-1…)",
                "put it back from a copy; nothing was changed.",
            )
        })
}
