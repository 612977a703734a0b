//! What a program signs in to the API with.
//!
//! A token is `mdk_` and 256 random bits. It is kept as its SHA-256 alone, and found by it: a fast hash is enough, since nobody can try
//! 2^256 of them, where a password, which people choose, needs a slow one. No comparison of secrets can be timed, for none is made: what
//! the index of the database compares are hashes, of which a guess of the token says nothing.

use data_encoding::BASE32_NOPAD;

use crate::{auth::keys::hashed, clock::random_bytes};

/// How every token begins: scanners that look for lost secrets find it by this. `mdk_[a-z2-7]{52}`.
pub const PREFIX: &str = "mdk_";

/// Letters and digits after the prefix: 256 bits, 5 in each.
const LENGTH: usize = 52;

/// So much of a token is kept to be shown: enough to know it again, and too little to guess the rest from.
const SHOWN: usize = PREFIX.len() + 6;

/// A token that was just made: it is shown to whoever made it, once; its hash goes into the store.
#[derive(Clone)]
pub struct NewToken {
    /// The whole of it.
    pub token: String,
    /// What is kept of it.
    pub hash: String,
    /// How it begins, for lists.
    pub start: String,
}

impl NewToken {
    /// Another each time.
    #[must_use]
    pub fn random() -> Self {
        let token = format!("{PREFIX}{}", BASE32_NOPAD.encode(&random_bytes::<32>()).to_lowercase());
        Self { hash: hashed(&token), start: token.chars().take(SHOWN).collect(), token }
    }
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken").field("token", &"…").field("start", &self.start).finish_non_exhaustive()
    }
}

/// What a token that somebody brings is kept as. None: no token looks like this, and none need be looked for.
#[must_use]
pub fn hash_of(brought: &str) -> Option<String> {
    let rest = brought.strip_prefix(PREFIX)?;
    let plain = rest.len() == LENGTH && rest.bytes().all(|it| matches!(it, b'a'..=b'z' | b'2'..=b'7'));
    plain.then(|| hashed(brought))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_kept_as_its_hash_and_printed_as_neither() {
        let new = NewToken::random();
        assert_eq!((new.token.len(), new.start.len()), (56, 10));
        assert_eq!(hash_of(&new.token), Some(new.hash.clone()));
        assert!(new.token.starts_with(&new.start) && new.hash.len() == 64);
        assert!(!format!("{new:?}").contains(&new.token));
        assert_ne!(NewToken::random().token, new.token);
    }

    #[test]
    fn what_no_token_looks_like_is_not_looked_for() {
        let token = NewToken::random().token;
        for odd in ["", "mdk_", &token[1..], &token[..55], &format!("{token}a"), &token.to_uppercase(), &token.replace("mdk_", "mdkx")] {
            assert_eq!(hash_of(odd), None, "{odd}");
        }
    }
}
