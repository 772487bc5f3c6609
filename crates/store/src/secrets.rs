//! The encrypted secret store.
//!
//! ```text
//! STATE/secrets/            0700
//!   identity                0600  the X25519 identity everything is encrypted to (age's own text form)
//!   lock                    0600  held (flock) by whoever writes
//!   ORG/APP/ENVIRONMENT.age 0600  one JSON document, encrypted as a whole, so that not even names are readable
//! ```
//!
//! A document is replaced as a whole (temporary file, fsync, rename, fsync of the directory), so a reader needs no lock and sees
//! the old document or the new one. Whatever cannot be read for sure is an error that leaves everything as it is: a store that
//! cannot be decrypted is never written over. All versions of a secret are kept; a revoked one is kept too and not given out.
//!
//! Values exist in memory only, in types that are wiped when dropped and that print as `[redacted]`.

mod digest;
mod document;
mod error;
mod files;
mod generate;
mod identity;
mod names;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use seaworthy_platform::{Scope, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use document::{Document, Kept};

pub use error::SecretError;
pub use generate::{Alphabet, Recipe};
pub use names::check_name;

/// The longest value, bytes. Linux gives one environment variable at most 128 KiB, name included.
pub const LONGEST_VALUE: usize = 64 << 10;

/// The secrets of one state directory.
pub struct SecretStore {
    root: PathBuf,
    identity: age::x25519::Identity,
    digest_key: Zeroizing<[u8; 32]>,
}

/// A secret as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The newest version that is not revoked; none when all are.
    pub current: Option<u32>,
    /// Every version, oldest first.
    pub versions: Vec<ListedVersion>,
    /// A keyed digest of the current value (hex): equal for equal values of this store, and telling nothing else.
    pub digest: Option<String>,
}

/// One version of a secret as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedVersion {
    /// Its number, from 1.
    pub version: u32,
    /// When it was set.
    pub set_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A secret with its current value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    /// Its name.
    pub name: String,
    /// The newest version that is not revoked.
    pub version: u32,
    /// The keyed digest of the value (hex).
    pub digest: String,
    /// The value.
    pub value: Secret,
}

impl SecretStore {
    /// Opens the secrets of a state directory; makes directory and identity when there are none yet.
    ///
    /// # Errors
    /// When the identity is damaged, lost while there are secrets, or readable by others; or when the disk refuses.
    pub fn open(state: &Path) -> Result<Self, SecretError> {
        let root = state.join("secrets");
        files::make_private(state, &root)?;
        let _lock = lock(&root)?;
        let identity = identity::read_or_make(&root)?;
        Ok(Self::with(root, identity))
    }

    /// Opens the secrets of a state directory without making anything: none when there are none yet.
    ///
    /// # Errors
    /// As [`SecretStore::open`].
    pub fn find(state: &Path) -> Result<Option<Self>, SecretError> {
        let root = state.join("secrets");
        let identity = identity::read(&root)?;
        Ok(identity.map(|identity| Self::with(root, identity)))
    }

    fn with(root: PathBuf, identity: age::x25519::Identity) -> Self {
        let digest_key = digest::key(&identity);
        Self {
            root,
            identity,
            digest_key,
        }
    }

    /// Sets a secret and answers with the version that holds the value. The value of the current version again answers with that
    /// version, so that setting the same secrets in every deploy changes nothing.
    ///
    /// # Errors
    /// When name, scope or value are not allowed, or the store cannot be read or written.
    pub fn set(&self, scope: &Scope, name: &str, value: &Secret, at: Timestamp) -> Result<u32, SecretError> {
        check_name(name)?;
        names::check_value(name, value)?;
        self.change(scope, |document| {
            let versions = document.secrets.entry(name.to_owned()).or_default();
            let current = document::newest(versions).filter(|kept| kept.value.0 == *value);
            if let Some(kept) = current {
                return Ok((kept.version, false));
            }
            let version = versions.last().map_or(0, |kept| kept.version) + 1;
            versions.push(Kept::new(version, at, value.clone()));
            Ok((version, true))
        })
    }

    /// Sets a secret to a random value that nobody sees.
    ///
    /// # Errors
    /// As [`SecretStore::set`]; and when the recipe makes values that can be guessed, or the kernel gives no randomness.
    pub fn generate(&self, scope: &Scope, name: &str, recipe: &Recipe, at: Timestamp) -> Result<u32, SecretError> {
        check_name(name)?;
        let value = recipe.make(name)?;
        self.set(scope, name, &value, at)
    }

    /// The secrets of a scope, by name, without values.
    ///
    /// # Errors
    /// When the scope's name is not allowed or the store cannot be read.
    pub fn list(&self, scope: &Scope) -> Result<Vec<Listed>, SecretError> {
        let document = self.read(scope)?;
        let listed = document.secrets.iter().map(|(name, versions)| {
            let current = document::newest(versions);
            Listed {
                name: name.clone(),
                current: current.map(|kept| kept.version),
                versions: versions.iter().map(Kept::listed).collect(),
                digest: current.map(|kept| self.digest(&kept.value.0)),
            }
        });
        Ok(listed.collect())
    }

    /// The secrets of a scope that have a version which is not revoked, with their current values, read at one moment.
    ///
    /// # Errors
    /// When the scope's name is not allowed or the store cannot be read.
    pub fn current(&self, scope: &Scope) -> Result<Vec<Current>, SecretError> {
        let document = self.read(scope)?;
        let current = document.secrets.into_iter().filter_map(|(name, versions)| {
            let kept = document::newest(&versions)?;
            Some(Current {
                name,
                version: kept.version,
                digest: self.digest(&kept.value.0),
                value: kept.value.0.clone(),
            })
        });
        Ok(current.collect())
    }

    /// The value of one version.
    ///
    /// # Errors
    /// When there is no such version, it is revoked, or the store cannot be read.
    pub fn fetch(&self, scope: &Scope, name: &str, version: u32) -> Result<Secret, SecretError> {
        let document = self.read(scope)?;
        let kept = document
            .secrets
            .get(name)
            .and_then(|versions| versions.iter().find(|kept| kept.version == version));
        match kept {
            None => Err(missing(scope, name, Some(version))),
            Some(kept) if kept.revoked_at_ms.is_some() => Err(SecretError::Revoked {
                scope: scope.to_string(),
                name: name.to_owned(),
                version,
            }),
            Some(kept) => Ok(kept.value.0.clone()),
        }
    }

    /// The newest version that is not revoked; none when there is none.
    ///
    /// # Errors
    /// When the scope's name is not allowed or the store cannot be read.
    pub fn newest(&self, scope: &Scope, name: &str) -> Result<Option<u32>, SecretError> {
        let document = self.read(scope)?;
        let newest = document
            .secrets
            .get(name)
            .and_then(|versions| document::newest(versions));
        Ok(newest.map(|kept| kept.version))
    }

    /// Takes a version out of use: it is kept, and never given out again.
    ///
    /// # Errors
    /// When there is no such version, or the store cannot be read or written.
    pub fn revoke(&self, scope: &Scope, name: &str, version: u32, at: Timestamp) -> Result<(), SecretError> {
        self.change(scope, |document| {
            let kept = document
                .secrets
                .get_mut(name)
                .and_then(|versions| versions.iter_mut().find(|kept| kept.version == version))
                .ok_or_else(|| missing(scope, name, Some(version)))?;
            let fresh = kept.revoked_at_ms.is_none();
            kept.revoked_at_ms.get_or_insert(at.0);
            Ok(((), fresh))
        })
    }

    /// The environments of an application that have secrets.
    ///
    /// # Errors
    /// When a name is not allowed or the directory cannot be read.
    pub fn environments(&self, organisation: &str, app: &str) -> Result<Vec<String>, SecretError> {
        names::check_part("organisation", organisation)?;
        names::check_part("application", app)?;
        files::stems(&self.root.join(organisation).join(app), "age")
    }

    fn digest(&self, value: &Secret) -> String {
        digest::of(&self.digest_key, value)
    }

    fn file(&self, scope: &Scope) -> Result<PathBuf, SecretError> {
        names::check_scope(scope)?;
        let directory = self.root.join(&scope.organisation).join(&scope.app);
        Ok(directory.join(format!("{}.age", scope.environment)))
    }

    fn read(&self, scope: &Scope) -> Result<Document, SecretError> {
        let path = self.file(scope)?;
        match files::read(&path)? {
            Some(bytes) => document::decrypt(&path, &self.identity, &bytes),
            None => Ok(Document::default()),
        }
    }

    /// Reads a scope's document, lets `edit` change it, and writes it back when `edit` says so; one writer at a time.
    fn change<T>(
        &self,
        scope: &Scope,
        edit: impl FnOnce(&mut Document) -> Result<(T, bool), SecretError>,
    ) -> Result<T, SecretError> {
        let path = self.file(scope)?;
        let _lock = lock(&self.root)?;
        let mut document = self.read(scope)?;
        let (answer, changed) = edit(&mut document)?;
        if changed {
            let bytes = document::encrypt(&path, &self.identity.to_public(), &document)?;
            files::make_private_below(&self.root, &path)?;
            files::replace(&path, &bytes)?;
        }
        Ok(answer)
    }
}

/// The store holds the identity, so only its place is shown.
impl fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretStore")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}

/// Waits for other writers. The kernel lets go when the file is closed, also by a killed process.
fn lock(root: &Path) -> Result<File, SecretError> {
    let path = root.join("lock");
    let file = files::private_file(&path, false)?;
    file.lock().map_err(|source| SecretError::io("lock", &path, source))?;
    Ok(file)
}

fn missing(scope: &Scope, name: &str, version: Option<u32>) -> SecretError {
    SecretError::Missing {
        scope: scope.to_string(),
        name: match version {
            Some(version) => format!("{name} version {version}"),
            None => name.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests;
