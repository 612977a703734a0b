//! The access token that a mailbox signs in with, as it is now.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use secrecy::{ExposeSecret, SecretString};

/// The longest access token that is used; octets. Those of Microsoft have 2 to 4 KiB.
const LONGEST_TOKEN: usize = 16 * 1024;

/// What a mail server takes in place of a password, for about an hour (RFC 6750): 1 to 16 384 visible ASCII characters. Prints as `…`.
#[derive(Clone)]
pub struct AccessToken(SecretString);

impl AccessToken {
    /// As an authorisation server gave it. None: no token looks so, and it might say something else on the wire (RFC 6749 §A.12).
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        let fits = (1..=LONGEST_TOKEN).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// The token itself: for the sign-in and the sealed row alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(…)")
    }
}

/// The access token of one mailbox as it is now: who renews it puts it there, who signs in takes it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CurrentToken(Arc<Mutex<Now>>);

#[derive(Debug, Default)]
enum Now {
    #[default]
    NotYet,
    Good(AccessToken),
    /// A mail server would not have it, whatever its time; and its words.
    Refused(AccessToken, String),
    /// Why there is none, and the mend.
    None(String),
}

impl CurrentToken {
    /// One that is there already and never changes: for whoever looks once.
    #[must_use]
    pub fn of(token: AccessToken) -> Self {
        Self(Arc::new(Mutex::new(Now::Good(token))))
    }

    /// What to sign in with.
    ///
    /// # Errors
    /// Why there is nothing, and the mend.
    pub fn get(&self) -> Result<AccessToken, String> {
        match &*self.now() {
            Now::Good(token) => Ok(token.clone()),
            Now::NotYet => Err("its access token has not been fetched yet".to_owned()),
            Now::Refused(_, words) => Err(format!(
                "its access token was refused ({words}) and there is no newer one yet; if it goes on, connect the mailbox again on the \
                 panel’s page Mail"
            )),
            Now::None(why) => Err(why.clone()),
        }
    }

    /// There is a new one.
    pub fn put(&self, token: AccessToken) {
        *self.now() = Now::Good(token);
    }

    /// There is none, and why.
    pub fn take_away(&self, why: &str) {
        *self.now() = Now::None(why.to_owned());
    }

    /// A mail server refused this one, in these words. Changes nothing where a newer one came meanwhile.
    pub fn refuse(&self, token: &AccessToken, words: &str) {
        let mut now = self.now();
        if matches!(&*now, Now::Good(it) if it.expose() == token.expose()) {
            *now = Now::Refused(token.clone(), words.to_owned());
        }
    }

    /// The one that a mail server refused, as long as no newer one came.
    #[must_use]
    pub fn refused(&self) -> Option<AccessToken> {
        match &*self.now() {
            Now::Refused(token, _) => Some(token.clone()),
            Now::NotYet | Now::Good(_) | Now::None(_) => None,
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> AccessToken {
        AccessToken::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn what_could_say_something_else_on_the_wire_is_no_token() {
        for text in ["", "a b", "a\u{1}auth=Bearer x", "a\r\nb", "é", &"x".repeat(LONGEST_TOKEN + 1)] {
            assert!(AccessToken::parse(text.to_owned()).is_none(), "{text:?}");
        }
        assert_eq!(token("ya29.a0-_~+/=").expose(), "ya29.a0-_~+/=");
        assert_eq!(format!("{:?} {:?}", token("secret"), CurrentToken::of(token("secret"))).matches("secret").count(), 0);
    }

    #[test]
    fn a_refused_token_is_not_tried_again_and_a_newer_one_is() {
        let current = CurrentToken::of(token("old"));
        current.refuse(&token("other"), "no");
        assert_eq!(current.get().unwrap().expose(), "old");
        current.refuse(&token("old"), "535 over");
        assert!(current.get().unwrap_err().contains("refused (535 over)"));
        assert_eq!(current.refused().unwrap().expose(), "old");
        current.clone().put(token("new"));
        assert_eq!(current.get().unwrap().expose(), "new");
        assert!(current.refused().is_none());
    }
}
