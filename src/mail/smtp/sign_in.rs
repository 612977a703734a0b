//! Signing in to a server for outgoing mail (RFC 4954): with a password, or with an access token.

use data_encoding::BASE64;
use lettre::transport::smtp::{
    authentication::{Credentials, Mechanism as Passwords},
    response::Response,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::timeout;

use super::session::{Fault, Session, SmtpError, step};
use crate::{
    desk::{
        mailbox::{SignIn, SmtpAccount},
        oauth::{AccessToken, CurrentToken},
    },
    mail::bearer::{Mechanism, refusal},
};

/// The longest command line, without its end (RFC 5321 §4.5.3.1.4); a response that would be longer has a line of its own (RFC 4954 §4).
const LONGEST_COMMAND: usize = 510;

/// Codes that speak of the account and its credentials (RFC 4954 §6).
const REFUSALS: std::ops::RangeInclusive<u16> = 500..=599;

pub(super) async fn sign_in(session: &mut Session, account: &SmtpAccount) -> Result<(), SmtpError> {
    match &account.sign_in {
        None => Ok(()),
        Some((user, SignIn::Password(password))) => with_password(session, account, user, password).await,
        Some((user, SignIn::Token(current))) => with_token(session, account, user, current).await,
    }
}

async fn with_password(session: &mut Session, account: &SmtpAccount, user: &str, password: &SecretString) -> Result<(), SmtpError> {
    let server = account.server.to_string();
    let mechanisms = [Passwords::Plain, Passwords::Login];
    if session.connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
        return Err(SmtpError::NoSignIn { server });
    }
    let credentials = Credentials::new(user.to_owned(), password.expose_secret().to_owned());
    let limit = session.limits.hello;
    let signed_in = timeout(limit, session.connection.auth(&mechanisms, &credentials)).await;
    match step(signed_in, limit) {
        Ok(_) => Ok(()),
        Err(Fault::Reply { code, words }) if REFUSALS.contains(&code) => Err(SmtpError::SignIn { server, user: user.to_owned(), words }),
        Err(fault) => Err(fault.about(server)),
    }
}

async fn with_token(session: &mut Session, account: &SmtpAccount, user: &str, current: &CurrentToken) -> Result<(), SmtpError> {
    let server = account.server.to_string();
    let token = current.get().map_err(|why| SmtpError::NoToken { server: server.clone(), user: user.to_owned(), why })?;
    let mechanism = mechanism(session).await.map_err(|fault| fault.about(server.clone()))?;
    let mechanism = mechanism.ok_or_else(|| SmtpError::TakesNoTokens { server: server.clone() })?;
    match exchange(session, account, mechanism, user, &token).await {
        Ok(()) => Ok(()),
        Err(Fault::Reply { code, words }) if REFUSALS.contains(&code) => {
            current.refuse(&token, &words);
            Err(SmtpError::TokenRefused { server, user: user.to_owned(), words })
        }
        Err(fault) => Err(fault.about(server)),
    }
}

/// Said again, because lettre keeps the mechanisms that it knows itself and no other.
async fn mechanism(session: &mut Session) -> Result<Option<Mechanism>, Fault> {
    if session.connection.server_info().supports_auth_mechanism(Passwords::Xoauth2) {
        return Ok(Some(Mechanism::XOAuth2));
    }
    let reply = say(session, "EHLO localhost").await?;
    let offered = reply.message().filter(|line| line.get(..5).is_some_and(|it| it.eq_ignore_ascii_case("AUTH ")));
    Ok(Mechanism::pick(&offered.flat_map(str::split_whitespace).skip(1).map(str::to_owned).collect::<Vec<_>>()))
}

/// The token, and the end of the exchange where the server says what is wrong with it (RFC 7628 §3.2.3).
async fn exchange(
    session: &mut Session,
    account: &SmtpAccount,
    mechanism: Mechanism,
    user: &str,
    token: &AccessToken,
) -> Result<(), Fault> {
    let response = BASE64.encode(mechanism.initial_response(user, token, &account.server).as_bytes());
    let in_one = format!("AUTH {} {response}", mechanism.name());
    let mut reply = if in_one.len() <= LONGEST_COMMAND {
        say(session, &in_one).await?
    } else {
        let asked = say(session, &format!("AUTH {}", mechanism.name())).await?;
        if asked.has_code(334) { say(session, &response).await? } else { asked }
    };
    let mut failure = None;
    if reply.has_code(334) {
        failure = reply.first_word().and_then(|it| BASE64.decode(it.as_bytes()).ok());
        reply = match say(session, &BASE64.encode(mechanism.end_of_failure().as_bytes())).await {
            Ok(reply) => reply,
            Err(Fault::Reply { code, words }) => return Err(Fault::Reply { code, words: refusal(&words, failure.as_deref()) }),
            Err(fault) => return Err(fault),
        };
    }
    if reply.has_code(235) {
        return Ok(());
    }
    let words = format!("{} to a sign-in", reply.code());
    Err(Fault::Reply { code: 535, words: refusal(&words, failure.as_deref()) })
}

async fn say(session: &mut Session, line: &str) -> Result<Response, Fault> {
    let limit = session.limits.hello;
    let said = timeout(limit, session.connection.command(format!("{line}\r\n"))).await;
    step(said, limit)
}
