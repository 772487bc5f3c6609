//! Keyed digests: equal values can be seen to be equal, and nothing else can be seen.

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use seaworthy_platform::Secret;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The block of SHA-256, bytes.
const BLOCK: usize = 64;

/// The key of a store's digests, derived from its identity, so that there is no second thing to keep safe.
pub(super) fn key(identity: &Identity) -> Zeroizing<[u8; 32]> {
    let text = identity.to_string();
    Zeroizing::new(hmac(
        text.expose_secret().as_bytes(),
        b"seaworthy: digests of secrets, 1",
    ))
}

/// The digest of a value, hex. Half of SHA-256 is plenty for telling values apart.
pub(super) fn of(key: &[u8; 32], value: &Secret) -> String {
    let digest = hmac(key, value.expose().as_bytes());
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256, RFC 2104: with a plain hash of key and value, digests of longer values could be computed from shorter ones.
fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = Zeroizing::new([0_u8; BLOCK]);
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| Zeroizing::new(block.map(|byte| byte ^ pad));
    let inner = Sha256::new()
        .chain_update(*padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(*padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1, 2 and 6 (a key longer than the block).
    #[test]
    fn the_published_examples_hold() {
        assert_eq!(
            hex(&hmac(&[0x0b; 20], b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&hmac(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
