//! `[mailbox.oauth]`: the application that maildesk is to an authorisation server.

use std::path::PathBuf;

use jiff::civil::Date;
use secrecy::SecretString;

use super::{Flow, Provider, WebAddress};

/// How a mailbox comes by its tokens.
#[derive(Clone, Debug)]
pub struct OAuthClient {
    /// Who keeps the mailbox.
    pub provider: Provider,
    /// How a token is come by.
    pub flow: Flow,
    /// Which application asks.
    pub client_id: String,
    /// What proves that it does; none: a public client (RFC 6749 §2.1).
    pub client_secret: Option<SecretString>,
    /// The last day on which the secret is good, where one knows.
    pub client_secret_expires: Option<Date>,
    /// How the secret is said.
    pub client_authentication: ClientAuthentication,
    /// Where a person agrees; none: nobody needs to.
    pub authorize_url: Option<WebAddress>,
    /// Where tokens are given.
    pub token_url: WebAddress,
    /// What is asked for; words between spaces.
    pub scope: String,
    /// Who signs in to the mail servers.
    pub user: String,
    /// Certificates in PEM that are trusted for the authorisation server besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// How a client proves itself to the token endpoint (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// As fields of the request: what Google and Microsoft show.
    Post,
    /// As user and password of HTTP.
    Basic,
}

impl ClientAuthentication {
    /// As the configuration writes them.
    pub const WORDS: &[(&str, Self)] = &[("post", Self::Post), ("basic", Self::Basic)];
}

impl OAuthClient {
    /// What a token was given for: with another application, account or scope it is of no use any more.
    #[must_use]
    pub fn purpose(&self) -> String {
        format!("{} {} {} {}", self.token_url, self.client_id, self.user, self.scope)
    }

    /// Where the browser goes for a person to agree (RFC 6749 §4.1.1, RFC 7636 §4.3).
    ///
    /// `redirect` is the callback page as it was registered; `challenge` is the verifier's SHA-256 in base64url. None: nobody needs to.
    #[must_use]
    pub fn authorize_address(&self, redirect: &str, state: &str, challenge: &str) -> Option<String> {
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", redirect),
            ("scope", &self.scope),
            ("state", state),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", &self.user),
        ];
        fields.extend_from_slice(self.provider.asks_with());
        Some(self.authorize_url.as_ref()?.with_query(&form(&fields)))
    }
}

/// Fields as `application/x-www-form-urlencoded`.
#[must_use]
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_asked_for_a_code_with_a_challenge() {
        let preset = Provider::Google.preset(Flow::Code, "").unwrap();
        let client = OAuthClient {
            provider: Provider::Google,
            flow: Flow::Code,
            client_id: "1-a.apps.googleusercontent.com".to_owned(),
            client_secret: None,
            client_secret_expires: None,
            client_authentication: ClientAuthentication::Post,
            authorize_url: preset.authorize_url.parse().ok(),
            token_url: preset.token_url.parse().unwrap(),
            scope: preset.scope.to_owned(),
            user: "support@desk.test".to_owned(),
            ca_file: None,
        };
        assert_eq!(
            client.authorize_address("https://desk.test/mail/oauth/callback", "s t", "c").unwrap(),
            "https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=1-a.apps.googleusercontent.com\
             &redirect_uri=https%3A%2F%2Fdesk.test%2Fmail%2Foauth%2Fcallback&scope=https%3A%2F%2Fmail.google.com%2F%20openid%20email\
             &state=s%20t&code_challenge=c&code_challenge_method=S256&login_hint=support%40desk.test&access_type=offline\
             &prompt=consent%20select_account"
        );
    }

    #[test]
    fn a_form_holds_any_text() {
        assert_eq!(form(&[("a", "é&=+ ~"), ("b", "")]), "a=%C3%A9%26%3D%2B%20~&b=");
    }
}
