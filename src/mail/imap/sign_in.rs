//! From a connection to a signed-in dialog.

use std::time::Duration;

use async_imap::{
    Authenticator, Client,
    error::Error,
    imap_proto::{Capability, Outcome, Response, ResponseCode, Status},
};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use super::{
    super::bounded::{Struck, words},
    ImapError, Wire,
    dialog::{Dialog, read_response, said},
};
use crate::desk::mailbox::ImapAccount;

/// How the sign-in is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `LOGIN`: every server knows it.
    Login,
    /// `AUTHENTICATE PLAIN` (RFC 4616): where LOGIN is disabled, and for words outside ASCII, which LOGIN cannot say.
    Plain,
}

pub(super) async fn sign_in(wire: Wire, greeted: bool, account: &ImapAccount, limit: Duration) -> Result<Dialog, ImapError> {
    let server = account.server.to_string();
    let mut client = Client::new(wire);
    let mut login_disabled = false;
    if !greeted {
        login_disabled = greeting(&mut client, &server, limit).await?;
    }
    let (user, password) = (account.user.as_str(), account.password.expose_secret());
    let way = if login_disabled || !user.is_ascii() || !password.is_ascii() { Way::Plain } else { Way::Login };
    let signing_in = async {
        match way {
            Way::Login => client.login(user, password).await,
            Way::Plain => client.authenticate("PLAIN", Plain { user, password }).await,
        }
    };
    let signed_in = timeout(limit, signing_in).await.map_err(|_| ImapError::TimedOut { server: server.clone(), limit })?;
    match signed_in {
        Ok(session) => Ok(Dialog::new(session, server, limit)),
        Err((error, _)) => Err(not_signed_in(error, server, user)),
    }
}

/// Reads the greeting; whether it says that LOGIN is disabled.
async fn greeting(client: &mut Client<Wire>, server: &str, limit: Duration) -> Result<bool, ImapError> {
    let read = timeout(limit, client.read_response()).await;
    let read = read.map_err(|_| ImapError::TimedOut { server: server.to_owned(), limit })?;
    let response = read_response(server, read)?;
    match response.parsed() {
        Response::Data { status: Status::Ok, outcome: Outcome { code: Some(ResponseCode::Capabilities(all)), .. } } => {
            Ok(all.iter().any(|it| matches!(it, Capability::Atom(it) if it.eq_ignore_ascii_case("LOGINDISABLED"))))
        }
        Response::Data { status: Status::Ok, .. } => Ok(false),
        Response::Data { outcome, .. } => Err(ImapError::Refused { server: server.to_owned(), words: said(outcome) }),
        _ => Err(ImapError::Lost { server: server.to_owned(), why: "what answers there is no IMAP server".to_owned() }),
    }
}

struct Plain<'a> {
    user: &'a str,
    password: &'a str,
}

impl Authenticator for Plain<'_> {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("\0{}\0{}", self.user, self.password)
    }
}

fn not_signed_in(error: Error, server: String, user: &str) -> ImapError {
    match error {
        // RFC 5530 §3: the server is the trouble, not the password.
        Error::No(said) if ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]"].iter().any(|it| said.contains(it)) => {
            ImapError::Refused { server, words: bare(&said) }
        }
        Error::No(said) | Error::Bad(said) => ImapError::SignInRefused { server, user: user.to_owned(), words: bare(&said) },
        Error::Io(error) => match error.get_ref().and_then(|it| it.downcast_ref::<Struck>()) {
            Some(struck) => ImapError::bound(&server, *struck),
            None => ImapError::Lost { server, why: words(&error.to_string()) },
        },
        Error::Validate(_) => ImapError::SignInRefused {
            server,
            user: user.to_owned(),
            words: "the user or the password holds a line break, which no sign-in can say".to_owned(),
        },
        other => ImapError::Lost { server, why: words(&other.to_string()) },
    }
}

/// The server's words out of async-imap's: `code: None, info: Some("[AUTHENTICATIONFAILED] no")`.
fn bare(said: &str) -> String {
    let inner = said.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    words(inner.unwrap_or(said))
}
