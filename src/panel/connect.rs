//! A mailbox that signs in with OAuth 2.0: how that stands, and the way to the authorisation server and back.
//!
//! The browser is sent on by a link and not by a redirect: `form-action 'self'` would stop a form that ends elsewhere, and nobody knows
//! through which hosts a provider leads. It comes back with a GET, as every authorisation server does it; that page changes nothing. Its
//! button sends the code and the one-time state, which are taken in the session alone that they began in.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind,
        connect_mailbox::{self as actions, redirect},
    },
    desk::{
        id::MailboxId,
        oauth::{Flow, OAuthClient, TokenFacts, TokenState, judge, secret_trouble},
        settings::MailboxSettings,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        url::{Path, Query},
        visitor::Admin,
        words::{When, until},
    },
};

/// How the sign-in of a mailbox stands, for its card.
#[derive(Serialize)]
pub(super) struct Connection {
    id: i64,
    /// How, in a few words.
    state: String,
    /// What is wrong, and the mend.
    trouble: Option<String>,
    /// What ends soon.
    soon: Option<String>,
    /// What the button says; none: nobody needs to agree.
    button: Option<String>,
}

/// For the card of a mailbox; none where it signs in with a password.
pub(super) fn connection(panel: &Panel, id: MailboxId, settings: &MailboxSettings, facts: Option<&TokenFacts>) -> Option<Connection> {
    let client = settings.oauth.as_ref()?;
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let state = judge(client, facts);
    let who = facts.and_then(|it| it.account.as_deref()).map_or_else(String::new, |it| format!(" as {it}"));
    let clock = |at| When::new(at, now, zone).clock;
    let words = match &state {
        TokenState::Well { until } => match client.flow {
            Flow::Code => format!("Connected{who}; token good until {}, renewed by itself", clock(*until)),
            Flow::ClientCredentials => format!("Signed in as the application; token good until {}, renewed by itself", clock(*until)),
        },
        TokenState::NotYet => "Fetching its first token".to_owned(),
        TokenState::NotConnected => "Not connected".to_owned(),
        TokenState::Failing { since, .. } => format!("No new token for {}", until(now, *since)),
    };
    let again = !matches!(state, TokenState::NotConnected);
    let verb = if again { "Connect again with" } else { "Connect with" };
    Some(Connection {
        id: id.0,
        state: words,
        trouble: state.trouble(now).map(|it| capital(&it)),
        soon: secret_trouble(client, now.to_zoned(zone.clone()).date()).map(|it| capital(&it)),
        button: (client.flow == Flow::Code).then(|| format!("{verb} {}", client.provider.name())),
    })
}

fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    let first = chars.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

#[derive(Serialize)]
struct Page<'a> {
    /// `go`, `back` or `failed`.
    step: &'static str,
    mailbox: &'a str,
    user: &'a str,
    provider: &'static str,
    /// Where the browser goes.
    address: String,
    /// Where it comes back to.
    redirect: String,
    code: &'a str,
    state: &'a str,
    trouble: String,
}

impl<'a> Page<'a> {
    fn new(panel: &Panel, step: &'static str) -> Self {
        Page {
            step,
            mailbox: "",
            user: "",
            provider: "the authorisation server",
            address: String::new(),
            redirect: redirect(&panel.desk),
            code: "",
            state: "",
            trouble: String::new(),
        }
    }

    fn of(panel: &Panel, step: &'static str, settings: &'a MailboxSettings, client: &'a OAuthClient) -> Self {
        Page { mailbox: settings.address.as_str(), user: &client.user, provider: client.provider.name(), ..Self::new(panel, step) }
    }
}

/// A mailbox that somebody can connect.
fn connectable(panel: &Panel, id: MailboxId) -> Result<(&MailboxSettings, &OAuthClient), PageError> {
    let found = panel.desk.mailboxes.iter().find(|(it, _)| *it == id).map(|(_, it)| it);
    found.and_then(|it| Some((it, it.oauth.as_ref()?))).ok_or(PageError::Missing)
}

/// `POST /mail/mailboxes/{id}/connect`: begins, and shows the link that leads away.
pub(super) async fn begin(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&[])?;
    let (settings, client) = connectable(&panel, MailboxId(id))?;
    let address = actions::begin(&panel.desk, &visitor.person, &visitor.session, MailboxId(id)).await?;
    let own = Page { address, ..Page::of(&panel, "go", settings, client) };
    page::show(&panel, &visitor, Place::Mailboxes, "connect.html", &own).await
}

/// What an authorisation server says by the browser (RFC 6749 §4.1.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Brought {
    state: String,
    code: String,
    error: String,
    error_description: String,
}

/// `GET /mail/oauth/callback`: shows what was brought; changes nothing.
pub(super) async fn back(State(panel): State<Panel>, Admin(visitor): Admin, Query(brought): Query<Brought>) -> Result<Response, PageError> {
    let mailbox = match actions::expected(&panel.desk, &visitor.person, &visitor.session, &brought.state).await {
        Ok(mailbox) => mailbox,
        Err(error) => return failed(&panel, &visitor, error).await,
    };
    let (settings, client) = connectable(&panel, mailbox)?;
    let own = Page { code: &brought.code, state: &brought.state, ..Page::of(&panel, "back", settings, client) };
    if brought.error.is_empty() && !brought.code.is_empty() {
        return page::show(&panel, &visitor, Place::Mailboxes, "connect.html", &own).await;
    }
    let own = Page { step: "failed", trouble: refused(&brought), ..own };
    page::show(&panel, &visitor, Place::Mailboxes, "connect.html", &own).await
}

/// `POST /mail/oauth/callback`: takes it.
pub(super) async fn finish(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["state", "code"])?;
    let done = actions::finish(&panel.desk, &visitor.person, &visitor.session, fields.get("state"), fields.get("code")).await;
    let connected = match done {
        Ok(connected) => connected,
        Err(error) => return failed(&panel, &visitor, error).await,
    };
    let (settings, client) = connectable(&panel, connected.mailbox)?;
    let flash = match &connected.account {
        Some(account) if client.user.contains('@') && !account.eq_ignore_ascii_case(&client.user) => Flash::warn(format!(
            "{} is connected as {account}, and signs in as {}. That is right for a shared mailbox that {account} may open.",
            settings.address, client.user
        )),
        Some(_) | None => Flash::done(format!("{} is connected. Its mail is read from now on.", settings.address)),
    };
    Ok(page::go(&panel, &visitor, "/mail", &flash))
}

async fn failed(panel: &Panel, visitor: &crate::panel::visitor::Visitor, error: ActionError) -> Result<Response, PageError> {
    match error.kind() {
        Kind::Conflict | Kind::Invalid => {
            let own = Page { trouble: sentence(&error), ..Page::new(panel, "failed") };
            page::show(panel, visitor, Place::Mailboxes, "connect.html", &own).await
        }
        Kind::Missing | Kind::Forbidden | Kind::Broken => Err(error.into()),
    }
}

/// In plain words, with the server's own behind them: at most 300 characters, as anybody can write that address.
fn refused(brought: &Brought) -> String {
    let plain = match brought.error.as_str() {
        "access_denied" | "consent_required" => {
            "Consent was refused. Connect again and agree, or ask the provider’s administrator to consent"
        }
        "login_required" | "interaction_required" => "The sign-in was not finished. Connect again",
        "invalid_scope" => {
            "The provider does not give what is asked for. See scope in the configuration, and the application’s permissions"
        }
        "unauthorized_client" | "invalid_request" | "unsupported_response_type" => {
            "The provider does not know this application, or not this way back. See client_id, and the redirect address of its registration"
        }
        "temporarily_unavailable" | "server_error" => "The provider is in trouble. Try again in a while",
        _ => "The provider brought no code. Connect again",
    };
    let said = format!("{} {}", brought.error, brought.error_description);
    let said: String = said.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|it| !it.is_control()).take(300).collect();
    if said.is_empty() { format!("{plain}.") } else { format!("{plain} ({said}).") }
}
