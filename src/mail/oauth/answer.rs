//! What an authorisation server said: tokens (RFC 6749 §5.1) or an error (§5.2).

use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde::Deserialize;

use super::{
    super::{bounded::words, http::Answer},
    Grant, OAuthError, RefreshToken,
};
use crate::desk::oauth::{AccessToken, OAuthClient};

/// Where the server does not say how long a token is good, as it should (RFC 6749 §5.1).
const GOOD_FOR: i64 = 30 * 60;

/// No token is trusted for longer without being renewed: a day; seconds.
const LONGEST: i64 = 24 * 60 * 60;

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Option<Seconds>,
    refresh_token: Option<String>,
    id_token: Option<String>,
}

/// A number, which some servers put into quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
struct Failure {
    error: String,
    error_description: Option<String>,
}

/// What an ID token says of who agreed (OpenID Connect Core §5.1; `preferred_username` and `upn` are Microsoft's).
#[derive(Deserialize)]
struct Claims {
    email: Option<String>,
    preferred_username: Option<String>,
    upn: Option<String>,
}

pub(super) fn read(client: &OAuthClient, answer: &Answer) -> Result<Grant, OAuthError> {
    let server = client.token_url.authority();
    let odd = |why| OAuthError::NotUnderstood { server: server.clone(), status: answer.status, why };
    match answer.status {
        200 => (),
        // Some are in trouble with an error in JSON, most with a page of a proxy.
        429 | 500..=599 => return Err(OAuthError::InTrouble { server, status: answer.status }),
        300..=399 => return Err(odd("wants to be asked elsewhere")),
        _ => {
            let failure: Failure = serde_json::from_slice(&answer.body).map_err(|_| odd("no reason that can be read"))?;
            return Err(OAuthError::refused(client, &failure.error, said(&failure)));
        }
    }
    // GitHub and its like refuse with 200.
    if let Ok(failure) = serde_json::from_slice::<Failure>(&answer.body) {
        return Err(OAuthError::refused(client, &failure.error, said(&failure)));
    }
    let tokens: Tokens = serde_json::from_slice(&answer.body).map_err(|_| odd("no tokens in JSON"))?;
    if tokens.token_type.as_deref().is_some_and(|it| !it.eq_ignore_ascii_case("bearer")) {
        return Err(odd("a token that is not a bearer token, which mail servers do not take"));
    }
    let access_token = AccessToken::parse(tokens.access_token).ok_or_else(|| odd("an access token that cannot be one"))?;
    let seconds = match tokens.expires_in {
        Some(Seconds::Number(number)) => number as i64,
        Some(Seconds::Text(text)) => text.trim().parse().unwrap_or(GOOD_FOR),
        None => GOOD_FOR,
    };
    Ok(Grant {
        access_token,
        refresh_token: tokens.refresh_token.filter(|it| !it.is_empty()).map(RefreshToken::new),
        good_for: SignedDuration::from_secs(seconds.clamp(0, LONGEST)),
        account: tokens.id_token.as_deref().and_then(account),
    })
}

fn said(failure: &Failure) -> String {
    // Microsoft appends what only Microsoft can look up.
    let description = failure.error_description.as_deref().unwrap_or_default();
    let description = description.split(" Trace ID:").next().unwrap_or_default();
    words(&format!("{}: {description}", failure.error)).trim_end_matches([':', ' ']).to_owned()
}

/// Who agreed. The signature is not looked at: the token came from the server itself, over TLS (OpenID Connect Core §3.1.3.7, 6), and
/// gives nobody a right.
fn account(id_token: &str) -> Option<String> {
    let payload = BASE64URL_NOPAD.decode(id_token.split('.').nth(1)?.trim_end_matches('=').as_bytes()).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let address = [claims.email, claims.preferred_username, claims.upn].into_iter().flatten().find(|it| it.contains('@'))?;
    Some(words(&address).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::oauth::{ClientAuthentication, Flow, Provider, Remedy};

    fn client(flow: Flow) -> OAuthClient {
        OAuthClient {
            provider: Provider::Other,
            flow,
            client_id: "desk".to_owned(),
            client_secret: None,
            client_secret_expires: None,
            client_authentication: ClientAuthentication::Post,
            authorize_url: None,
            token_url: "https://login.test/t".parse().unwrap(),
            scope: "mail".to_owned(),
            user: "support@desk.test".to_owned(),
            ca_file: None,
        }
    }

    fn said(status: u16, body: &str) -> Result<Grant, OAuthError> {
        read(&client(Flow::Code), &Answer { status, date: None, body: body.into() })
    }

    #[test]
    fn tokens_are_read_as_servers_write_them() {
        let id = BASE64URL_NOPAD.encode(br#"{"aud":"desk","preferred_username":"Support@Desk.test"}"#);
        let body = format!(
            r#"{{"access_token":"at","token_type":"bearer","expires_in":3599,"refresh_token":"rt","scope":"mail","id_token":"x.{id}.y"}}"#
        );
        let grant = said(200, &body).unwrap();
        assert_eq!((grant.access_token.expose(), grant.refresh_token.unwrap().expose()), ("at", "rt"));
        assert_eq!((grant.good_for.as_secs(), grant.account.as_deref()), (3599, Some("support@desk.test")));
        for (more, seconds) in [("", 1800), (r#","expires_in":"600""#, 600), (r#","expires_in":1e30"#, 86_400), (r#","expires_in":-5"#, 0)]
        {
            let grant = said(200, &format!(r#"{{"access_token":"at"{more}}}"#)).unwrap();
            assert_eq!((grant.good_for.as_secs(), grant.refresh_token.is_none(), grant.account), (seconds, true, None), "{more}");
        }
    }

    #[test]
    fn a_refusal_says_what_it_means_and_what_helps() {
        let google = r#"{"error": "invalid_grant", "error_description": "Token has been expired or revoked."}"#;
        let microsoft = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired. Trace ID: 1-2 Correlation ID: 3 Timestamp: 4","error_codes":[7000222]}"#;
        for (status, body, remedy, says) in [
            (
                400,
                google,
                Remedy::Connect,
                "connect the mailbox again on the page Mail of the panel (invalid_grant: Token has been expired or revoked.)",
            ),
            (401, microsoft, Remedy::Configure, "restart (invalid_client: AADSTS7000222: The provided client secret keys are expired.)"),
            (400, r#"{"error":"invalid_scope"}"#, Remedy::Configure, "(invalid_scope)"),
            (200, r#"{"error":"bad","error_description":""}"#, Remedy::Wait, "(bad)"),
            (503, "<html>", Remedy::Wait, "login.test is in trouble (HTTP 503)"),
            (302, "", Remedy::Configure, "wants to be asked elsewhere; is token_url"),
            (404, "<html>", Remedy::Configure, "HTTP 404 and no reason that can be read"),
            (200, "<html>", Remedy::Configure, "no tokens in JSON"),
            (200, r#"{"access_token":"a b"}"#, Remedy::Configure, "cannot be one"),
            (200, r#"{"access_token":"a","token_type":"mac"}"#, Remedy::Configure, "not a bearer token"),
        ] {
            let error = said(status, body).unwrap_err();
            assert_eq!(error.remedy(), remedy, "{body}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn nothing_in_an_id_token_stops_anything() {
        for odd in ["", "x", "a.b", "a.!!.c", "a.e30.c", &format!("a.{}.c", BASE64URL_NOPAD.encode(b"{\"email\":\"nobody\"}"))] {
            assert_eq!(account(odd), None, "{odd}");
        }
    }
}
