//! Unprivileged users for applications, when the daemon runs as root: one per application, the same for ever.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use seaworthy_platform::{PlatformError, Scope};
use seaworthy_supervise::protocol::User;
use serde::{Deserialize, Serialize};

use crate::durable::{self, Survives};
use crate::failure::disk;
use crate::record::{self, FORMAT};

/// Above the users of a distribution and of people, below systemd's dynamic users (61184) and containers (100000).
const FIRST: u32 = 40000;

/// The table of users, kept in a file.
#[derive(Debug)]
pub(crate) struct Users {
    path: PathBuf,
    writing: Mutex<()>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Table {
    format: u32,
    /// `organisation/app` to user id; the group has the same number.
    users: BTreeMap<String, u32>,
}

impl Users {
    pub(crate) fn new(path: PathBuf) -> Self {
        let writing = Mutex::new(());
        Self { path, writing }
    }

    /// The user of an application; a new one is on disk before it is answered.
    pub(crate) fn of(&self, scope: &Scope) -> Result<User, PlatformError> {
        let _one_writer = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |error| disk(&self.path, "read the table of users", &error);
        let mut table = record::versioned(&self.path).map_err(read)?.unwrap_or(Table {
            format: FORMAT,
            users: BTreeMap::new(),
        });
        let name = format!("{}/{}", scope.organisation, scope.app);
        let id = match table.users.get(&name) {
            Some(id) => *id,
            None => {
                let id = table.users.values().max().map_or(FIRST, |highest| highest + 1);
                table.users.insert(name, id);
                durable::write(&self.path, &table, Survives::PowerLoss)
                    .map_err(|error| disk(&self.path, "write the table of users", &error))?;
                id
            }
        };
        Ok(User { uid: id, gid: id })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_application_keeps_its_user_and_shares_it_with_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users.json");
        let users = Users::new(path.clone());
        let shop = users.of(&Scope::new("shop", "production")).unwrap();
        let blog = users.of(&Scope::new("blog", "production")).unwrap();
        assert_ne!(shop.uid, blog.uid);
        let again = Users::new(path);
        assert_eq!(again.of(&Scope::new("shop", "staging")).unwrap(), shop);
    }

    #[test]
    fn a_table_of_the_first_format_is_read_and_a_newer_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("users.json");
        std::fs::write(&path, r#"{"format":1,"users":{"default/shop":40007}}"#).unwrap();
        let users = Users::new(path.clone());
        assert_eq!(users.of(&Scope::new("shop", "x")).unwrap().uid, 40007);
        assert_eq!(users.of(&Scope::new("blog", "x")).unwrap().uid, 40008);
        std::fs::write(&path, r#"{"format":2,"people":[]}"#).unwrap();
        let error = users.of(&Scope::new("shop", "x")).unwrap_err();
        assert!(error.to_string().contains("format 2 is newer than 1"), "{error}");
    }
}
