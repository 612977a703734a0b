//! A token in every form, beside the check of Origin and Sec-Fetch-Site: derived from the session, or before signing in from
//! a cookie of its own.

use axum::http::Extensions;
use axum_extra::extract::CookieJar;
use data_encoding::BASE32_NOPAD;

use crate::{
    auth::keys::Keys,
    clock::random_bytes,
    panel::{Panel, visitor::Visitor},
};

const HALF: usize = 16;

/// What the forms of a request are tied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie(String);

impl Tie {
    /// To the session, or else to the visit's cookie; none: there is neither.
    pub(super) fn of(panel: &Panel, extensions: &Extensions, jar: &CookieJar) -> Option<Self> {
        let session = extensions.get::<Visitor>().map(|it| format!("session {}", it.session));
        session.or_else(|| jar.get(panel.sessions.visit_cookie_name()).map(|it| format!("visit {}", it.value()))).map(Self)
    }

    /// To a visit whose cookie is set with this very answer.
    pub(super) fn to_visit(visit: &str) -> Self {
        Self(format!("visit {visit}"))
    }

    /// To somebody's session.
    pub(super) fn to_session(visitor: &Visitor) -> Self {
        Self(format!("session {}", visitor.session))
    }

    /// The token for a page. Another text each time for the same secret: a compressed page must not betray it (BREACH).
    #[must_use]
    pub fn token(&self, keys: &Keys) -> String {
        let mask = random_bytes::<HALF>();
        let mut bytes = mask.to_vec();
        bytes.extend(self.secret(keys).iter().zip(mask).map(|(secret, mask)| secret ^ mask));
        BASE32_NOPAD.encode(&bytes).to_lowercase()
    }

    /// Whether a form's token is one of these.
    #[must_use]
    pub fn accepts(&self, keys: &Keys, token: &str) -> bool {
        let Ok(bytes) = BASE32_NOPAD.decode(token.to_uppercase().as_bytes()) else { return false };
        let Some((mask, masked)) = bytes.split_at_checked(HALF) else { return false };
        let secret: Vec<u8> = masked.iter().zip(mask).map(|(masked, mask)| masked ^ mask).collect();
        secret.len() == HALF && keys.verify("csrf", &[self.0.as_bytes()], &secret)
    }

    fn secret(&self, keys: &Keys) -> [u8; HALF] {
        let mac = keys.mac("csrf", &[self.0.as_bytes()]);
        std::array::from_fn(|at| mac[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_for_its_session_and_never_looks_the_same() {
        let keys = Keys::from_root(&[5; 32]);
        let (mine, other) = (Tie("session a".to_owned()), Tie("session b".to_owned()));
        let token = mine.token(&keys);
        assert!(mine.accepts(&keys, &token));
        assert!(mine.accepts(&keys, &mine.token(&keys)) && mine.token(&keys) != token);
        assert!(!other.accepts(&keys, &token));
        assert!(!mine.accepts(&Keys::from_root(&[6; 32]), &token));
        for wrong in ["", "a", &token[..26], "ä"] {
            assert!(!mine.accepts(&keys, wrong), "{wrong}");
        }
    }
}
