//! Random values that nobody sees.

use rustix::rand::{GetRandomFlags, getrandom};
use seaworthy_platform::Secret;
use zeroize::Zeroizing;

use super::{LONGEST_VALUE, SecretError};

/// The characters of a generated value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alphabet {
    /// Letters and digits: fits everywhere, a URL and a shell included.
    #[default]
    Alphanumeric,
    /// Lower-case hexadecimal digits.
    Hex,
    /// Letters, digits, `-` and `_` (URL-safe base64).
    UrlSafe,
}

impl Alphabet {
    fn characters(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            Self::Hex => b"0123456789abcdef",
            Self::UrlSafe => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        }
    }
}

/// What a generated value looks like. The default has 48 letters and digits, 285 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// How many characters.
    pub length: usize,
    /// Which characters.
    pub alphabet: Alphabet,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            length: 48,
            alphabet: Alphabet::default(),
        }
    }
}

/// The least number of characters: 64 bits in the smallest alphabet, which is what OWASP demands of a session identifier.
const SHORTEST: usize = 16;

impl Recipe {
    pub(super) fn make(&self, name: &str) -> Result<Secret, SecretError> {
        if !(SHORTEST..=LONGEST_VALUE).contains(&self.length) {
            return Err(SecretError::Value {
                name: name.to_owned(),
                cause: format!(
                    "would have {} characters; {SHORTEST} to {LONGEST_VALUE} can be generated",
                    self.length
                ),
            });
        }
        let characters = self.alphabet.characters();
        // Bytes past the last whole multiple of the alphabet are thrown away: they would make its first characters more likely.
        let even = 256 - 256 % characters.len();
        let mut text = String::with_capacity(self.length);
        let mut random = Zeroizing::new([0_u8; 256]);
        while text.len() < self.length {
            let filled = fill(random.as_mut_slice()).map_err(|error| SecretError::Value {
                name: name.to_owned(),
                cause: format!("cannot be generated: the kernel gives no randomness: {error}"),
            })?;
            let usable = random[..filled]
                .iter()
                .map(|byte| usize::from(*byte))
                .filter(|byte| *byte < even);
            let missing = self.length - text.len();
            text.extend(
                usable
                    .take(missing)
                    .map(|byte| char::from(characters[byte % characters.len()])),
            );
        }
        Ok(Secret::new(text))
    }
}

fn fill(bytes: &mut [u8]) -> rustix::io::Result<usize> {
    rustix::io::retry_on_intr(|| getrandom(&mut *bytes, GetRandomFlags::empty()))
}
