//! The session in the cookie: a JWT (RFC 7519) that names a row, and opens nothing without it.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};

use crate::{
    auth::keys::Keys,
    desk::{
        id::PersonId,
        public_url::{PublicUrl, Scheme},
    },
};

/// For whom the token is; an API token would say another word.
const AUDIENCE: &str = "panel";

/// What the cookie says. True when it was made: whether it still is, the row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who signed in.
    pub person: PersonId,
    /// The session's random id; the store keeps its hash.
    pub session: String,
    /// The person's session epoch at sign-in: an older one is over.
    pub epoch: i64,
    /// The absolute limit.
    pub expires_at: Timestamp,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Payload {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    epoch: i64,
    iat: i64,
    exp: i64,
}

/// How long the browser keeps the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Until the session ends by itself.
    UntilItEnds,
    /// Until the browser is closed.
    UntilTheBrowserCloses,
}

/// Makes and reads the cookie.
#[derive(Clone)]
pub struct Sessions {
    issuer: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    dress: Dress,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("dress", &self.dress).finish_non_exhaustive()
    }
}

/// How a cookie is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dress {
    /// `__Host-` and `Secure` (RFC 6265bis §4.1.3).
    Secure,
    /// Neither: plain HTTP to this machine, where browsers would not take them.
    Loopback,
}

impl Sessions {
    /// For the desk at `url`.
    #[must_use]
    pub fn new(keys: &Keys, url: &PublicUrl) -> Self {
        let secret = keys.derive("session");
        let issuer = url.to_string();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[&issuer]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The clock is ours, so that a test can turn it; `open` compares.
        validation.validate_exp = false;
        Self {
            issuer,
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            validation,
            dress: Dress::of(url),
        }
    }

    /// The cookie's text for a session.
    ///
    /// # Errors
    /// When the token cannot be made: a fault of the program.
    pub fn seal(&self, claims: &Claims, now: Timestamp) -> Result<String, jsonwebtoken::errors::Error> {
        let payload = Payload {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: claims.person.to_string(),
            sid: claims.session.clone(),
            epoch: claims.epoch,
            iat: now.as_second(),
            exp: claims.expires_at.as_second(),
        };
        encode(&Header::new(Algorithm::HS256), &payload, &self.encoding)
    }

    /// What a cookie says, when it is ours and not over.
    #[must_use]
    pub fn open(&self, token: &str, now: Timestamp) -> Option<Claims> {
        let payload: Payload = decode(token, &self.decoding, &self.validation).ok()?.claims;
        let expires_at = Timestamp::from_second(payload.exp).ok()?;
        let person = PersonId(payload.sub.parse().ok()?);
        (now < expires_at).then_some(Claims { person, session: payload.sid, epoch: payload.epoch, expires_at })
    }

    /// The cookie's name.
    #[must_use]
    pub fn cookie_name(&self) -> &'static str {
        match self.dress {
            Dress::Secure => "__Host-maildesk",
            Dress::Loopback => "maildesk",
        }
    }

    /// The name of the cookie that a visitor has before signing in: what the forms' tokens are derived from.
    #[must_use]
    pub fn visit_cookie_name(&self) -> &'static str {
        match self.dress {
            Dress::Secure => "__Host-maildesk-visit",
            Dress::Loopback => "maildesk-visit",
        }
    }

    /// The name of the cookie of somebody whose password was right and whose code is still to come.
    #[must_use]
    pub fn step_cookie_name(&self) -> &'static str {
        match self.dress {
            Dress::Secure => "__Host-maildesk-step",
            Dress::Loopback => "maildesk-step",
        }
    }

    /// `Set-Cookie` between the two steps; empty: they are over.
    #[must_use]
    pub fn step_cookie(&self, value: &str, seconds: i64) -> String {
        format!("{}={value}; {}; Max-Age={seconds}", self.step_cookie_name(), self.dress.attributes())
    }

    /// `Set-Cookie` that signs in.
    #[must_use]
    pub fn set_cookie(&self, token: &str, keep: Keep, claims: &Claims, now: Timestamp) -> String {
        let age = claims.expires_at.duration_since(now).as_secs().max(0);
        match keep {
            Keep::UntilItEnds => format!("{}={token}; {}; Max-Age={age}", self.cookie_name(), self.dress.attributes()),
            Keep::UntilTheBrowserCloses => format!("{}={token}; {}", self.cookie_name(), self.dress.attributes()),
        }
    }

    /// `Set-Cookie` that signs out.
    #[must_use]
    pub fn clear_cookie(&self) -> String {
        format!("{}=; {}; Max-Age=0", self.cookie_name(), self.dress.attributes())
    }

    /// `Set-Cookie` for a visitor who has not signed in.
    #[must_use]
    pub fn visit_cookie(&self, visit: &str) -> String {
        format!("{}={visit}; {}", self.visit_cookie_name(), self.dress.attributes())
    }
}

impl Dress {
    fn of(url: &PublicUrl) -> Self {
        let loopback = url.host() == "localhost" || url.host() == "[::1]" || is_loopback_v4(url.host());
        match (url.scheme(), loopback) {
            (Scheme::Http, true) => Self::Loopback,
            (Scheme::Http, false) | (Scheme::Https, _) => Self::Secure,
        }
    }

    fn attributes(self) -> &'static str {
        match self {
            Self::Secure => "Path=/; HttpOnly; SameSite=Lax; Secure",
            Self::Loopback => "Path=/; HttpOnly; SameSite=Lax",
        }
    }
}

fn is_loopback_v4(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok_and(|it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn claims() -> Claims {
        Claims { person: PersonId(7), session: "abc".to_owned(), epoch: 3, expires_at: now() + SignedDuration::from_hours(1) }
    }

    fn sessions(root: u8, url: &str) -> Sessions {
        Sessions::new(&Keys::from_root(&[root; 32]), &PublicUrl::parse(url).unwrap())
    }

    #[test]
    fn a_session_opens_until_its_limit_and_only_at_its_desk() {
        let desk = sessions(1, "https://desk.test");
        let token = desk.seal(&claims(), now()).unwrap();
        assert_eq!(desk.open(&token, now()), Some(claims()));
        assert_eq!(desk.open(&token, claims().expires_at), None);
        assert_eq!(sessions(2, "https://desk.test").open(&token, now()), None, "another root");
        assert_eq!(sessions(1, "https://other.test").open(&token, now()), None, "another issuer");
    }

    #[test]
    fn a_token_without_signature_or_of_another_audience_opens_nothing() {
        let desk = sessions(1, "https://desk.test");
        let base64 = |text: &str| data_encoding::BASE64URL_NOPAD.encode(text.as_bytes());
        let body = base64(r#"{"iss":"https://desk.test","aud":"panel","sub":"7","sid":"a","epoch":0,"iat":1,"exp":9999999999}"#);
        assert_eq!(desk.open(&format!("{}.{body}.", base64(r#"{"alg":"none","typ":"JWT"}"#)), now()), None);
        let key = EncodingKey::from_secret(&Keys::from_root(&[1; 32]).derive("session"));
        let sealed = |body: serde_json::Value| encode(&Header::new(Algorithm::HS256), &body, &key).unwrap();
        let mut payload =
            serde_json::json!({"iss":"https://desk.test","aud":"panel","sub":"7","sid":"a","epoch":0,"iat":1,"exp":9_999_999_999_i64});
        assert!(desk.open(&sealed(payload.clone()), now()).is_some());
        payload["aud"] = "api".into();
        assert_eq!(desk.open(&sealed(payload.clone()), now()), None);
        payload["aud"] = "panel".into();
        payload.as_object_mut().unwrap().remove("exp");
        assert_eq!(desk.open(&sealed(payload), now()), None);
    }

    #[test]
    fn the_cookie_is_secure_but_for_plain_http_to_this_machine() {
        for (url, name) in [
            ("https://desk.test", "__Host-maildesk"),
            ("https://localhost", "__Host-maildesk"),
            ("http://desk.test", "__Host-maildesk"),
            ("http://127.0.0.1:8025", "maildesk"),
            ("http://[::1]:8025", "maildesk"),
            ("http://localhost:8025", "maildesk"),
        ] {
            let cookie = sessions(1, url).set_cookie("t", Keep::UntilTheBrowserCloses, &claims(), now());
            assert!(cookie.starts_with(&format!("{name}=t; Path=/; HttpOnly; SameSite=Lax")), "{cookie}");
            assert_eq!(cookie.contains("Secure"), name.starts_with("__Host-"), "{url}");
        }
    }
}
