//! Where the values of secrets come from.

use seaworthy_platform::{PlatformError, Scope, Secret};

/// A store of secrets. Asked at the last moment before a process is started; what it answers is never stored here.
pub trait SecretSource: Send + Sync {
    /// The value of one version of a secret. May block for as long as reading a file takes.
    fn fetch(&self, scope: &Scope, name: &str, version: u32) -> Result<Secret, PlatformError>;
}
