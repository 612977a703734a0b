//! How an access token is said to a mail server: XOAUTH2, as Google and Microsoft describe it, and OAUTHBEARER (RFC 7628).

use serde::Deserialize;

use super::bounded::words;
use crate::desk::{mailbox::MailServer, oauth::AccessToken};

/// A SASL mechanism that takes a bearer token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mechanism {
    XOAuth2,
    OAuthBearer,
}

impl Mechanism {
    /// The one to use of those that a server offers. XOAUTH2 first: where both are offered it is the one that everybody else uses.
    pub(super) fn pick(offered: &[String]) -> Option<Self> {
        [Self::XOAuth2, Self::OAuthBearer].into_iter().find(|it| offered.iter().any(|name| name.eq_ignore_ascii_case(it.name())))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::XOAuth2 => "XOAUTH2",
            Self::OAuthBearer => "OAUTHBEARER",
        }
    }

    /// The first thing that the client says, not yet in base64.
    pub(super) fn initial_response(self, user: &str, token: &AccessToken, server: &MailServer) -> String {
        let token = token.expose();
        match self {
            Self::XOAuth2 => format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}"),
            Self::OAuthBearer => {
                // RFC 5801 §4: what a name may not hold.
                let user = user.replace('=', "=3D").replace(',', "=2C");
                format!("n,a={user},\u{1}host={}\u{1}port={}\u{1}auth=Bearer {token}\u{1}\u{1}", server.host, server.port)
            }
        }
    }

    /// What ends a failed exchange: until it is said, the server waits with its refusal (RFC 7628 §3.2.3).
    pub(super) fn end_of_failure(self) -> &'static str {
        match self {
            Self::XOAuth2 => "",
            Self::OAuthBearer => "\u{1}",
        }
    }
}

/// What a server says of a token that it refuses, as JSON (RFC 7628 §3.2.2).
#[derive(Deserialize)]
struct Failure {
    status: Option<String>,
    scope: Option<String>,
}

/// The server's own words for a refusal with what it said of the token before: `NO … (status 400)`.
pub(super) fn refusal(said: &str, challenge: Option<&[u8]>) -> String {
    let Some(failure) = challenge.and_then(|it| serde_json::from_slice::<Failure>(it).ok()) else { return said.to_owned() };
    let parts = [("status", failure.status), ("scope", failure.scope)].into_iter().filter_map(|(name, value)| Some((name, value?)));
    let told: Vec<String> = parts.filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}")).collect();
    if told.is_empty() { said.to_owned() } else { words(&format!("{said} ({})", told.join(", "))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::mailbox::Tls;

    #[test]
    fn a_token_is_said_as_both_mechanisms_write_it() {
        let server = MailServer { host: "imap.desk.test".to_owned(), port: 993, tls: Tls::Implicit, ca_file: None };
        let token = AccessToken::parse("vF9dft4q".to_owned()).unwrap();
        assert_eq!(
            Mechanism::XOAuth2.initial_response("a@desk.test", &token, &server),
            "user=a@desk.test\u{1}auth=Bearer vF9dft4q\u{1}\u{1}"
        );
        assert_eq!(
            Mechanism::OAuthBearer.initial_response("a=b,c@desk.test", &token, &server),
            "n,a=a=3Db=2Cc@desk.test,\u{1}host=imap.desk.test\u{1}port=993\u{1}auth=Bearer vF9dft4q\u{1}\u{1}"
        );
    }

    #[test]
    fn the_mechanism_is_one_that_the_server_offers() {
        let pick = |names: &[&str]| Mechanism::pick(&names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(pick(&["PLAIN", "OAUTHBEARER", "xoauth2"]), Some(Mechanism::XOAuth2));
        assert_eq!(pick(&["PLAIN", "OAuthBearer"]), Some(Mechanism::OAuthBearer));
        assert_eq!(pick(&["PLAIN", "LOGIN"]), None);
    }

    #[test]
    fn a_refusal_tells_what_the_server_said_of_the_token() {
        let challenge = br#"{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}"#;
        assert_eq!(refusal("no", Some(challenge)), "no (status 400, scope https://mail.google.com/)");
        assert_eq!(refusal("no", Some(b"{}")), "no");
        assert_eq!(refusal("no", Some(b"\xff")), "no");
        assert_eq!(refusal("no", None), "no");
    }
}
