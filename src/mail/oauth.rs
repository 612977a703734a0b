//! Access tokens for IMAP and SMTP: asked of an authorisation server (RFC 6749), whose answer is believed over TLS alone.

mod answer;
mod error;

use std::{fmt, time::Duration};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

pub use self::error::OAuthError;
use super::{
    http::{self, Question},
    tls::{self, Protocol},
};
use crate::{
    clock::random_bytes,
    desk::{
        mailbox::{MailServer, Tls},
        oauth::{AccessToken, ClientAuthentication, OAuthClient, form},
        public_url::Scheme,
    },
};

/// To connect, to agree on TLS, and for the whole of the answer: each.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an authorisation server gave.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What a mail server takes.
    pub access_token: AccessToken,
    /// What the next one is asked for with; none: the one before stays, or none is needed.
    pub refresh_token: Option<RefreshToken>,
    /// For how long the access token is good.
    pub good_for: SignedDuration,
    /// Who agreed, where it is told: an address, in lower case.
    pub account: Option<String>,
}

/// What a new access token is had for (RFC 6749 §1.5). Prints as `…`.
#[derive(Clone)]
pub struct RefreshToken(SecretString);

impl RefreshToken {
    /// As it was given, or kept.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The token itself: for the request and the sealed row alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// The two halves of a proof that whoever brings the code is who sent the person (RFC 7636 §4.1, §4.2): verifier and its challenge.
#[must_use]
pub fn proof() -> (String, String) {
    let verifier = BASE64URL_NOPAD.encode(&random_bytes::<32>());
    let challenge = challenge(&verifier);
    (verifier, challenge)
}

fn challenge(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes()).as_ref())
}

/// Tokens for the code that a person’s browser brought back (RFC 6749 §4.1.3). `redirect` is the one that the person was sent with.
///
/// # Errors
/// When the server gives none; the code is used up either way.
pub async fn exchange(client: &OAuthClient, code: &str, verifier: &str, redirect: &str) -> Result<Grant, OAuthError> {
    let fields = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier)];
    ask(client, &fields).await
}

/// A new access token for a refresh token (RFC 6749 §6), and sometimes a refresh token in its place.
///
/// # Errors
/// When the server gives none.
pub async fn refresh(client: &OAuthClient, token: &RefreshToken) -> Result<Grant, OAuthError> {
    ask(client, &[("grant_type", "refresh_token"), ("refresh_token", token.expose())]).await
}

/// An access token for the application itself (RFC 6749 §4.4).
///
/// # Errors
/// When the server gives none.
pub async fn client_credentials(client: &OAuthClient) -> Result<Grant, OAuthError> {
    ask(client, &[("grant_type", "client_credentials"), ("scope", &client.scope)]).await
}

async fn ask(client: &OAuthClient, fields: &[(&str, &str)]) -> Result<Grant, OAuthError> {
    let address = &client.token_url;
    let place = MailServer {
        host: address.host().to_owned(),
        port: address.port(),
        tls: match address.scheme() {
            Scheme::Https => Tls::Implicit,
            Scheme::Http => Tls::None,
        },
        ca_file: client.ca_file.clone(),
    };
    let question = question(client, fields);
    let link = tls::connect(&place, Protocol::Http, PATIENCE).await?;
    let came = http::ask(link.stream, question, PATIENCE).await;
    let came = came.map_err(|why| OAuthError::NoAnswer { server: address.authority(), why })?;
    answer::read(client, &came)
}

fn question(client: &OAuthClient, fields: &[(&str, &str)]) -> Question {
    let mut fields = fields.to_vec();
    let mut authorization = None;
    match (&client.client_secret, client.client_authentication) {
        (Some(secret), ClientAuthentication::Basic) => {
            // Encoded before it is put together (RFC 6749 §2.3.1).
            let pair = form(&[(&client.client_id, secret.expose_secret())]).replacen('=', ":", 1);
            authorization = Some(format!("Basic {}", BASE64.encode(pair.as_bytes())));
        }
        (Some(secret), ClientAuthentication::Post) => {
            fields.extend([("client_id", client.client_id.as_str()), ("client_secret", secret.expose_secret())]);
        }
        (None, ClientAuthentication::Basic | ClientAuthentication::Post) => fields.push(("client_id", &client.client_id)),
    }
    let address = &client.token_url;
    Question { host: address.authority(), path: address.path().to_owned(), form: Some(form(&fields)), authorization }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        assert_eq!(challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let (verifier, challenge) = proof();
        assert_eq!((verifier.len(), challenge.len()), (43, 43));
        assert_ne!(proof().0, verifier);
    }
}
