//! The last configuration that was taken up, so that the next edge can serve before a daemon speaks to it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::error::EdgeError;

/// The file it lies in.
#[derive(Debug)]
pub(crate) struct LastGood {
    dir: PathBuf,
    path: PathBuf,
}

impl LastGood {
    /// `dir/last-good.json`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            path: dir.join("last-good.json"),
        }
    }

    /// Reads it. `Ok(None)`: there never was one. The error says why one that is there cannot be used.
    pub(crate) fn load(&self) -> Result<Option<Config>, String> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", self.path.display())),
        };
        let config: Config =
            serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", self.path.display()))?;
        let faults = crate::validate::faults(&config, 0, None);
        if faults.is_empty() {
            Ok(Some(config))
        } else {
            Err(format!("{}: {}", self.path.display(), faults.join("; ")))
        }
    }

    /// Writes it: whole and on the disk, or not at all.
    pub(crate) fn store(&self, config: &Config) -> Result<(), EdgeError> {
        let fresh = self.dir.join("last-good.json.new");
        let write = || {
            let text = serde_json::to_vec_pretty(config)?;
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&fresh)?;
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&fresh, &self.path)?;
            File::open(&self.dir)?.sync_all()
        };
        write().map_err(|source| EdgeError::File {
            path: self.path.clone(),
            action: "store the configuration",
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// As written by version 1 of the format. It must stay readable.
    const FORMAT_1: &str = r#"{"format":1,"version":7,"listeners":[{"address":"127.0.0.1:80"}],
        "routes":[{"id":"shop/production/site","listeners":[],"hosts":["shop.example"],"path":"/","upstream":"u"}],
        "upstreams":{"u":{"sides":[{"release":"r1","weight":1,"targets":
            [{"id":"t","life":1,"address":"127.0.0.1:9000","verified":true,"draining":false}]}],
        "probe":{"path":"/ready","host":null,"interval_ms":2000,"timeout_ms":1000,"passes":2,"fails":3},
        "connect_timeout_ms":1000,"answer_timeout_ms":60000,"hold_ms":5000,"hold_max":100}}}"#;

    #[test]
    fn what_was_stored_is_loaded_and_format_1_is_understood() {
        let dir = tempfile::tempdir().unwrap();
        let last_good = LastGood::new(dir.path());
        assert_eq!(last_good.load(), Ok(None));
        let config: Config = serde_json::from_str(FORMAT_1).unwrap();
        last_good.store(&config).unwrap();
        assert_eq!(last_good.load(), Ok(Some(config)));
    }

    #[test]
    fn what_an_older_daemon_does_not_say_has_its_meaning() {
        let config: Config = serde_json::from_str(FORMAT_1).unwrap();
        let upstream = &config.upstreams["u"];
        assert_eq!(upstream.affinity, crate::config::Affinity::Client);
        assert_eq!(upstream.shadow, None);
        assert_eq!(upstream.sides[0].targets[0].drain_ms, 0);
    }

    #[test]
    fn a_damaged_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("last-good.json");
        std::fs::write(&path, &FORMAT_1[..100]).unwrap();
        assert!(
            LastGood::new(dir.path())
                .load()
                .unwrap_err()
                .contains("last-good.json: EOF")
        );
        std::fs::write(&path, FORMAT_1.replace("\"upstream\":\"u\"", "\"upstream\":\"v\"")).unwrap();
        assert!(LastGood::new(dir.path()).load().unwrap_err().contains("leads to v"));
    }
}
