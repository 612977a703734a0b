//! What is kept so that a reader of the database cannot use it, and we can.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::keys::Keys;
use crate::clock::random_bytes;

impl Keys {
    /// AES-256-GCM under the purpose's own key, with a random nonce before it. Opens only together with `about`: moved to another row it
    /// is worth nothing.
    ///
    /// # Panics
    /// Never: a key of 32 bytes and any text of less than 64 GiB can be sealed.
    #[must_use]
    pub fn seal(&self, purpose: &str, about: &[u8], secret: &[u8]) -> Vec<u8> {
        let nonce = random_bytes::<NONCE_LEN>();
        let mut sealed = secret.to_vec();
        self.cipher(purpose)
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(about), &mut sealed)
            .expect("a text that fits into memory can be sealed");
        [&nonce[..], &sealed].concat()
    }

    /// What [`Keys::seal`] made of it. None: it was sealed under another root key or about something else, or is damaged.
    #[must_use]
    pub fn unseal(&self, purpose: &str, about: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut rest = rest.to_vec();
        let opened = self.cipher(purpose).open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(about), &mut rest).ok()?.len();
        rest.truncate(opened);
        Some(rest)
    }

    fn cipher(&self, purpose: &str) -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.derive(purpose)).expect("the key has 32 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_for_its_purpose_its_row_and_its_root_alone() {
        let keys = Keys::from_root(&[7; 32]);
        let sealed = keys.seal("tokens", b"1", b"secret");
        assert_eq!(keys.unseal("tokens", b"1", &sealed).unwrap(), b"secret");
        assert!(keys.unseal("tokens", b"2", &sealed).is_none());
        assert!(keys.unseal("links", b"1", &sealed).is_none());
        assert!(Keys::from_root(&[8; 32]).unseal("tokens", b"1", &sealed).is_none());
        assert_ne!(sealed, keys.seal("tokens", b"1", b"secret"), "no two are alike");
        for cut in [0, 5, 12, sealed.len() - 1] {
            assert!(keys.unseal("tokens", b"1", &sealed[..cut]).is_none(), "{cut}");
        }
    }
}
