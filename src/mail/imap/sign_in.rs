//! From a connection to a signed-in dialog.

use std::time::Duration;

use async_imap::{
    Authenticator, Client,
    error::Error,
    imap_proto::{Capability, Outcome, Response, ResponseCode, Status},
};
use secrecy::ExposeSecret;
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout, timeout_at},
};

use super::{
    super::{
        bearer::{Mechanism, refusal},
        bounded::{Struck, words},
    },
    ImapError, Wire,
    dialog::{Dialog, read_response, said},
};
use crate::desk::{
    mailbox::{ImapAccount, SignIn},
    oauth::{AccessToken, CurrentToken},
};

/// Of the one command before the sign-in; async-imap’s own are a letter and four digits.
const TAG: &str = "offer";

/// What a server says, before anybody signed in, of how one may.
#[derive(Default)]
struct Offer {
    /// It said anything at all.
    told: bool,
    /// `LOGIN` is not taken.
    login_disabled: bool,
    /// `AUTHENTICATE` takes its first response on the same line (RFC 4959).
    initial_response: bool,
    /// The mechanisms of `AUTHENTICATE`.
    mechanisms: Vec<String>,
}

impl Offer {
    fn of(capabilities: &[Capability<'_>]) -> Self {
        let has = |name: &str| capabilities.iter().any(|it| matches!(it, Capability::Atom(it) if it.eq_ignore_ascii_case(name)));
        let mechanism = |it: &Capability<'_>| match it {
            Capability::Auth(name) => Some(name.to_string()),
            Capability::Atom(_) | Capability::Imap4rev1 => None,
        };
        Self {
            told: true,
            login_disabled: has("LOGINDISABLED"),
            initial_response: has("SASL-IR"),
            mechanisms: capabilities.iter().filter_map(mechanism).collect(),
        }
    }
}

pub(super) async fn sign_in(wire: Wire, greeted: bool, account: &ImapAccount, limit: Duration) -> Result<Dialog, ImapError> {
    let mut client = Client::new(wire);
    let offer = if greeted { Offer::default() } else { greeting(&mut client, &account.server.to_string(), limit).await? };
    match &account.sign_in {
        SignIn::Password(password) => with_password(client, &offer, account, password.expose_secret(), limit).await,
        SignIn::Token(current) => with_token(client, offer, account, current, limit).await,
    }
}

/// Reads the greeting, and what it says of signing in.
async fn greeting(client: &mut Client<Wire>, server: &str, limit: Duration) -> Result<Offer, ImapError> {
    let read = timeout(limit, client.read_response()).await;
    let read = read.map_err(|_| ImapError::TimedOut { server: server.to_owned(), limit })?;
    let response = read_response(server, read)?;
    match response.parsed() {
        Response::Data { status: Status::Ok, outcome: Outcome { code: Some(ResponseCode::Capabilities(all)), .. } } => Ok(Offer::of(all)),
        Response::Data { status: Status::Ok, .. } => Ok(Offer::default()),
        Response::Data { outcome, .. } => Err(ImapError::Refused { server: server.to_owned(), words: said(outcome) }),
        _ => Err(ImapError::Lost { server: server.to_owned(), why: "what answers there is no IMAP server".to_owned() }),
    }
}

/// By `LOGIN`, which every server knows; by `AUTHENTICATE PLAIN` (RFC 4616) where LOGIN is disabled, and for words outside ASCII, which
/// LOGIN cannot say.
async fn with_password(
    client: Client<Wire>,
    offer: &Offer,
    account: &ImapAccount,
    password: &str,
    limit: Duration,
) -> Result<Dialog, ImapError> {
    let (server, user) = (account.server.to_string(), account.user.as_str());
    let signing_in = async {
        if offer.login_disabled || !user.is_ascii() || !password.is_ascii() {
            client.authenticate("PLAIN", Plain { user, password }).await
        } else {
            client.login(user, password).await
        }
    };
    let signed_in = timeout(limit, signing_in).await.map_err(|_| ImapError::TimedOut { server: server.clone(), limit })?;
    match signed_in {
        Ok(session) => Ok(Dialog::new(session, server, limit)),
        Err((error, _)) => Err(match not_signed_in(error, &server) {
            Refusal::OfTheSignIn(words) => ImapError::SignInRefused { server, user: user.to_owned(), words },
            Refusal::Other(error) => error,
        }),
    }
}

/// By a mechanism that takes a bearer token and that the server offers.
async fn with_token(
    mut client: Client<Wire>,
    mut offer: Offer,
    account: &ImapAccount,
    current: &CurrentToken,
    limit: Duration,
) -> Result<Dialog, ImapError> {
    let (server, user) = (account.server.to_string(), account.user.clone());
    let token = current.get().map_err(|why| ImapError::NoToken { server: server.clone(), user: user.clone(), why })?;
    if !offer.told {
        offer = asked(&mut client, &server, limit).await?;
    }
    let mechanism = Mechanism::pick(&offer.mechanisms).ok_or_else(|| ImapError::TakesNoTokens { server: server.clone() })?;
    let mut bearer = Bearer::new(mechanism, account, &token);
    let command = match bearer.on_the_command_line(&offer) {
        Some(response) => format!("{} {response}", mechanism.name()),
        None => mechanism.name().to_owned(),
    };
    let signed_in = timeout(limit, client.authenticate(command, &mut bearer)).await;
    match signed_in.map_err(|_| ImapError::TimedOut { server: server.clone(), limit })? {
        Ok(session) => Ok(Dialog::new(session, server, limit)),
        Err((error, _)) => Err(match not_signed_in(error, &server) {
            Refusal::OfTheSignIn(words) => {
                let words = refusal(&words, bearer.failure.as_deref());
                current.refuse(&token, &words);
                ImapError::TokenRefused { server, user, words }
            }
            Refusal::Other(error) => error,
        }),
    }
}

/// Asks what a server offers that did not say so in its greeting, or said it before TLS.
async fn asked(client: &mut Client<Wire>, server: &str, limit: Duration) -> Result<Offer, ImapError> {
    let until = Instant::now() + limit;
    let timed_out = || ImapError::TimedOut { server: server.to_owned(), limit };
    // Said on the wire itself: async-imap has no command of ours before the sign-in.
    let wire = client.get_mut();
    let said_so = async { wire.write_all(format!("{TAG} CAPABILITY\r\n").as_bytes()).await.and(wire.flush().await) };
    let sent = timeout_at(until, said_so).await.map_err(|_| timed_out())?;
    sent.map_err(|error| ImapError::Lost { server: server.to_owned(), why: words(&error.to_string()) })?;
    let mut offer = Offer::default();
    loop {
        let read = timeout_at(until, client.read_response()).await.map_err(|_| timed_out())?;
        let response = read_response(server, read)?;
        match response.parsed() {
            Response::Capabilities(all) => offer = Offer::of(all),
            Response::Done { tag, status: Status::Ok, .. } if tag.0 == TAG => return Ok(offer),
            Response::Done { tag, outcome, .. } if tag.0 == TAG => {
                return Err(ImapError::Refused { server: server.to_owned(), words: said(outcome) });
            }
            Response::Data { status: Status::Bye, outcome } => {
                return Err(ImapError::Lost { server: server.to_owned(), why: said(outcome) });
            }
            _ => (),
        }
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

/// One exchange with a token. async-imap asks it again with the server's failure as the challenge, which has to be answered too: with
/// the token once more the exchange would go on for ever.
struct Bearer {
    mechanism: Mechanism,
    /// What is still to be said; taken as it is said.
    response: Option<String>,
    failure: Option<Vec<u8>>,
}

impl Bearer {
    fn new(mechanism: Mechanism, account: &ImapAccount, token: &AccessToken) -> Self {
        Self { mechanism, response: Some(mechanism.initial_response(&account.user, token, &account.server)), failure: None }
    }

    /// The first response in base64, where the server takes it on the command's own line.
    fn on_the_command_line(&mut self, offer: &Offer) -> Option<String> {
        let response = self.response.take_if(|_| offer.initial_response)?;
        Some(data_encoding::BASE64.encode(response.as_bytes()))
    }
}

impl Authenticator for &mut Bearer {
    type Response = String;

    fn process(&mut self, challenge: &[u8]) -> String {
        match self.response.take() {
            Some(response) => response,
            None => {
                self.failure = Some(challenge.to_owned());
                self.mechanism.end_of_failure().to_owned()
            }
        }
    }
}

/// Why there is no session.
enum Refusal {
    /// The server will not have this sign-in, in its words.
    OfTheSignIn(String),
    Other(ImapError),
}

fn not_signed_in(error: Error, server: &str) -> Refusal {
    let server = server.to_owned();
    Refusal::Other(match error {
        // RFC 5530 §3: the server is the trouble, not the sign-in.
        Error::No(said) if ["[UNAVAILABLE]", "[INUSE]", "[LIMIT]"].iter().any(|it| said.contains(it)) => {
            ImapError::Refused { server, words: bare(&said) }
        }
        Error::No(said) | Error::Bad(said) => return Refusal::OfTheSignIn(bare(&said)),
        Error::Io(error) => match error.get_ref().and_then(|it| it.downcast_ref::<Struck>()) {
            Some(struck) => ImapError::bound(&server, *struck),
            None => ImapError::Lost { server, why: words(&error.to_string()) },
        },
        Error::Validate(_) => {
            return Refusal::OfTheSignIn("the user or the password holds a line break, which no sign-in can say".to_owned());
        }
        other => ImapError::Lost { server, why: words(&other.to_string()) },
    })
}

/// The server's words out of async-imap's: `code: None, info: Some("[AUTHENTICATIONFAILED] no")`.
fn bare(said: &str) -> String {
    let inner = said.split_once("info: Some(\"").and_then(|(_, rest)| rest.strip_suffix("\")"));
    words(inner.unwrap_or(said))
}
