//! One root secret, and a key of its own for each purpose.

use aws_lc_rs::{constant_time, hmac};

/// A MAC cut shorter than this proves nothing; bytes.
const SHORTEST_MAC: usize = 8;

/// What the desk signs with. Prints as `Keys(…)`.
#[derive(Clone)]
pub struct Keys {
    root: hmac::Key,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// From the desk's root secret: at least 32 bytes that nobody can guess.
    #[must_use]
    pub fn from_root(secret: &[u8]) -> Self {
        Self { root: hmac::Key::new(hmac::HMAC_SHA256, secret) }
    }

    /// A key for one purpose alone; from it, neither the root nor another purpose's key can be found.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        bytes(hmac::sign(&self.root, purpose.as_bytes()))
    }

    /// HMAC-SHA256 (RFC 2104) over the parts in order, under the purpose's own key. Each part goes in with its length,
    /// so that `["ab", "c"]` and `["a", "bc"]` differ.
    #[must_use]
    pub fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose));
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        bytes(context.sign())
    }

    /// What this desk's own commands bring to its daemon to be told how it is: who has the root secret can make it.
    #[must_use]
    pub fn monitor_token(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.derive("monitor"))
    }

    /// Whether `mac` is [`Keys::mac`] of the same, or its first bytes (at least 8). Takes the same time for any wrong one.
    #[must_use]
    pub fn verify(&self, purpose: &str, parts: &[&[u8]], mac: &[u8]) -> bool {
        let expected = self.mac(purpose, parts);
        (SHORTEST_MAC..=expected.len()).contains(&mac.len()) && same(&expected[..mac.len()], mac)
    }
}

/// Whether two secrets are equal, in a time that tells nothing of where they differ.
#[must_use]
pub fn same(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

/// SHA-256 as 64 hex digits: how a random token is kept, so that a reader of the database cannot use it.
#[must_use]
pub fn hashed(token: &str) -> String {
    hashed_parts(&[token.as_bytes()])
}

/// SHA-256 of these one behind the other, as 64 hex digits.
#[must_use]
pub fn hashed_parts(parts: &[&[u8]]) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    parts.iter().for_each(|it| context.update(it));
    data_encoding::HEXLOWER.encode(context.finish().as_ref())
}

fn bytes(tag: hmac::Tag) -> [u8; 32] {
    tag.as_ref().try_into().expect("HMAC-SHA256 makes 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_holds_for_its_purpose_its_parts_and_its_root_alone() {
        let keys = Keys::from_root(&[7; 32]);
        let mac = keys.mac("reply", &[b"ab", b"c"]);
        assert!(keys.verify("reply", &[b"ab", b"c"], &mac));
        assert!(keys.verify("reply", &[b"ab", b"c"], &mac[..10]));
        assert!(!keys.verify("reply", &[b"a", b"bc"], &mac));
        assert!(!keys.verify("link", &[b"ab", b"c"], &mac));
        assert!(!Keys::from_root(&[8; 32]).verify("reply", &[b"ab", b"c"], &mac));
    }

    #[test]
    fn too_little_of_a_mac_proves_nothing() {
        let keys = Keys::from_root(&[7; 32]);
        let mac = keys.mac("reply", &[b"x"]);
        assert!(!keys.verify("reply", &[b"x"], &mac[..7]));
        assert!(!keys.verify("reply", &[b"x"], b""));
    }

    #[test]
    fn keys_never_print() {
        assert_eq!(format!("{:?}", Keys::from_root(b"secret")), "Keys(…)");
    }
}
