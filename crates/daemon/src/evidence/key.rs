//! The signing key of the installation: `STATE/keys/release.ed25519`, made when it is first needed.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::SigningKey;
use zeroize::Zeroizing;

use super::hex;

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The file could not be read or written.
    #[error("{place}: {cause}")]
    File { place: String, cause: io::Error },
    /// Others than its owner may read it, so a signature would prove nothing.
    #[error("{place}: its mode is {mode:o}, so others may have read it")]
    Open { place: String, mode: u32 },
    /// It holds no key.
    #[error("{place}: it holds no key of 64 hexadecimal digits")]
    Damaged { place: String },
}

impl KeyError {
    /// What to do.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::File { .. } => "see that the state directory is on a disk with room and belongs to the daemon's user",
            Self::Open { .. } => {
                "take the rights of others away (chmod 600) if nobody read it; otherwise remove it, and a new key is made"
            }
            Self::Damaged { .. } => "bring it back from a backup, or remove it, and a new key is made",
        }
    }
}

/// The key of the installation with this state directory. It is made when there is none.
///
/// # Errors
/// [`KeyError`] when it can be neither read nor made, or is not fit to sign with.
pub(crate) fn installation_key(state: &Path) -> Result<SigningKey, KeyError> {
    let path = state.join("keys/release.ed25519");
    let failed = |cause| KeyError::File {
        place: path.display().to_string(),
        cause,
    };
    match File::open(&path) {
        Ok(file) => read(&path, file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(&path).map_err(failed)?;
            read(&path, File::open(&path).map_err(failed)?)
        }
        Err(error) => Err(failed(error)),
    }
}

fn read(path: &Path, mut file: File) -> Result<SigningKey, KeyError> {
    let place = || path.display().to_string();
    let failed = |cause| KeyError::File { place: place(), cause };
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Open { place: place(), mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(failed)?;
    let seed = hex::bytes(text.trim_end()).map(Zeroizing::new);
    let seed = seed.ok_or_else(|| KeyError::Damaged { place: place() })?;
    Ok(SigningKey::from_bytes(&seed))
}

/// Makes a key. It appears under its name whole or not at all, and never takes the place of another.
fn make(path: &Path) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let mut seed = Zeroizing::new([0; 32]);
    fill(&mut *seed)?;
    let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(hex::text(&*seed))));
    let making = unused(directory)?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&making)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::hard_link(&making, path));
    let removed = std::fs::remove_file(&making);
    match made {
        // Another request was first; its key is the key.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    removed?;
    File::open(directory)?.sync_all()
}

/// A name in a directory that nobody else uses.
fn unused(directory: &Path) -> io::Result<PathBuf> {
    let mut number = [0; 8];
    fill(&mut number)?;
    Ok(directory.join(format!("release.{}.making", hex::text(&number))))
}

fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        filled += rustix::rand::getrandom(rest, rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone() {
        let state = tempfile::tempdir().unwrap();
        let (state, others) = (state.path(), tempfile::tempdir().unwrap());
        let first = std::thread::scope(|scope| {
            let making: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| installation_key(state).unwrap()))
                .collect();
            let keys: Vec<SigningKey> = making.into_iter().map(|made| made.join().unwrap()).collect();
            assert!(
                keys.iter().all(|key| *key == keys[0]),
                "all who asked at once have the same"
            );
            keys[0].clone()
        });
        assert_eq!(installation_key(state).unwrap(), first);
        assert_ne!(installation_key(others.path()).unwrap(), first);
        let mode = |path: &str| state.join(path).metadata().unwrap().mode() & 0o777;
        assert_eq!((mode("keys"), mode("keys/release.ed25519")), (0o700, 0o600));
        assert_eq!(
            std::fs::read_dir(state.join("keys")).unwrap().count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_key_that_others_may_read_or_that_is_damaged_signs_nothing() {
        let state = tempfile::tempdir().unwrap();
        installation_key(state.path()).unwrap();
        let path = state.path().join("keys/release.ed25519");
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        assert!(matches!(
            installation_key(state.path()),
            Err(KeyError::Open { mode: 0o640, .. })
        ));
        mode(0o600);
        std::fs::write(&path, "no key").unwrap();
        assert!(matches!(installation_key(state.path()), Err(KeyError::Damaged { .. })));
    }
}
