//! Where a key stands in the file.

use std::collections::BTreeMap;

use seaworthy_spec::{Merged, Origin};

/// Says where the value of a key was written.
pub trait Places {
    /// The place of a dotted key, `seaworthy.toml:14:11`. None when nobody wrote it: it has its default.
    fn place(&self, key: &str) -> Option<String>;
}

/// For a spec that was not read from a file: nothing has a place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Places for Nowhere {
    fn place(&self, _key: &str) -> Option<String> {
        None
    }
}

impl Places for Merged {
    fn place(&self, key: &str) -> Option<String> {
        // A default has the place of the table it would stand in, which nobody wrote it at.
        let written = Self::place(self, key).filter(|place| place.origin != Origin::Default);
        written.map(|place| place.to_string())
    }
}

impl Places for BTreeMap<String, String> {
    fn place(&self, key: &str) -> Option<String> {
        self.get(key).cloned()
    }
}
