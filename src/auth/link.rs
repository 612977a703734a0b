//! Links that are mailed: one purpose, one person, one use, an hour or three days.

use jiff::{SignedDuration, Timestamp};

use crate::{auth::keys::hashed, clock::random_token};

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To choose a name and a first password.
    Invitation,
    /// To choose a new password.
    Reset,
    /// To sign in without a password.
    SignIn,
    /// To have the address that it was mailed to.
    Address,
}

impl Purpose {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::SignIn => "sign-in",
            Self::Address => "address",
        }
    }

    /// The word of [`Purpose::as_str`] read back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Invitation, Self::Reset, Self::SignIn, Self::Address].into_iter().find(|it| it.as_str() == word)
    }

    /// How long it opens something: three days for an invitation, an hour for the rest.
    #[must_use]
    pub fn lifetime(self) -> SignedDuration {
        match self {
            Self::Invitation => SignedDuration::from_hours(72),
            Self::Reset | Self::SignIn | Self::Address => SignedDuration::from_hours(1),
        }
    }
}

/// A new link: the token goes into the mail, its hash into the store, and neither anywhere else.
#[derive(Clone)]
pub struct NewLink {
    /// 128 random bits, 26 letters and digits.
    pub token: String,
    /// What is kept of it.
    pub token_hash: String,
    /// From then on it opens nothing.
    pub expires_at: Timestamp,
}

impl NewLink {
    /// Makes one for now.
    #[must_use]
    pub fn new(purpose: Purpose, now: Timestamp) -> Self {
        let token = random_token();
        let token_hash = hashed(&token);
        Self { token, token_hash, expires_at: now.saturating_add(purpose.lifetime()).unwrap_or(Timestamp::MAX) }
    }
}

impl std::fmt::Debug for NewLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewLink").field("token", &"…").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_kept_as_its_hash_and_printed_as_neither() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let link = NewLink::new(Purpose::Invitation, now);
        assert_eq!(link.token.len(), 26);
        assert_eq!(link.token_hash, hashed(&link.token));
        assert_eq!(link.expires_at.duration_since(now), SignedDuration::from_hours(72));
        assert!(!format!("{link:?}").contains(&link.token));
    }
}
