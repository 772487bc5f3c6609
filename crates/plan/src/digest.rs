//! The digest that names revisions.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// SHA-256 over the JSON of a value, lower-case hex. The same value gives the same digest because the types that are
/// digested hold ordered maps only and serde writes fields in the order of their declaration.
pub fn digest<T: Serialize>(value: &T) -> String {
    let mut hasher = Sha256::new();
    // Writing JSON into memory fails only for maps with keys that are no strings, which no digested type has;
    // an empty text would then digest alike for all, so the type's name is part of what is hashed.
    hasher.update(std::any::type_name::<T>().rsplit("::").next().unwrap_or_default());
    hasher.update(serde_json::to_vec(value).unwrap_or_default());
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::digest;

    #[test]
    fn differs_when_the_value_differs_and_only_then() {
        assert_eq!(digest(&("web", 1)), digest(&("web", 1)));
        assert_ne!(digest(&("web", 1)), digest(&("web", 2)));
        assert_eq!(digest(&1_u8).len(), 64);
    }
}
