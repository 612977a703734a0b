//! The first admin of a fresh desk, and people who were invited: each chooses a name and a password.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use axum_extra::extract::CookieJar;
use data_encoding::BASE32_NOPAD;
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        sign_in::{self, FirstAdmin, Invited},
    },
    auth::{
        keys::{hashed, same},
        link::Purpose,
        password::NewPassword,
        session::Keep,
    },
    desk::address::EmailAddress,
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page,
        second_step::{Then, let_in},
        url::{Path, Query},
        visitor::ClientAddress,
    },
    store::{Conn, links, people, sessions},
};

#[derive(Serialize)]
struct EnterPage<'a> {
    action: &'a str,
    head: &'a str,
    text: &'a str,
    button: &'a str,
    ask_email: bool,
    name: &'a str,
    email: &'a str,
    failed: Option<String>,
}

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    key: Option<String>,
}

/// What the daemon's log tells while there is no admin: 128 bits that follow from the root secret.
pub(super) fn key(panel: &Panel) -> String {
    BASE32_NOPAD.encode(&panel.desk.keys.mac("set-up", &[])[..16]).to_lowercase()
}

/// `GET /setup`: for whoever reads the daemon's log, while there is no admin.
pub(super) async fn form(State(panel): State<Panel>, Query(asked): Query<Asked>, jar: CookieJar) -> Result<Response, PageError> {
    let given = asked.key.unwrap_or_default();
    guard(&panel, &given).await?;
    draw_set_up(&panel, &jar, &given, "", "", None)
}

async fn guard(panel: &Panel, given: &str) -> Result<(), PageError> {
    let mut conn = panel.desk.store.read().await?;
    if sessions::has_admin(&mut conn).await? {
        return Err(PageError::Missing);
    }
    if same(given.as_bytes(), key(panel).as_bytes()) {
        return Ok(());
    }
    Err(PageError::Forbidden(
        "This desk has no admin yet. Open the set-up address that the daemon wrote to its log when it started; it ends in a key."
            .to_owned(),
    ))
}

fn draw_set_up(panel: &Panel, jar: &CookieJar, key: &str, name: &str, email: &str, failed: Option<String>) -> Result<Response, PageError> {
    let enter = EnterPage {
        action: &format!("/setup?key={key}"),
        head: "Make the first admin",
        text: "An admin manages people and sees everything. More admins can be made later.",
        button: "Make the admin and sign in",
        ask_email: true,
        name,
        email,
        failed,
    };
    draw(panel, jar, &enter)
}

fn draw(panel: &Panel, jar: &CookieJar, enter: &EnterPage<'_>) -> Result<Response, PageError> {
    let visit = jar.get(panel.sessions.visit_cookie_name()).map(|it| it.value().to_owned());
    let mut response = page::show_outside(panel, visit.as_deref(), "enter.html", enter)?;
    if enter.failed.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /setup`.
pub(super) async fn make_first_admin(
    State(panel): State<Panel>,
    Query(asked): Query<Asked>,
    ClientAddress(address): ClientAddress,
    jar: CookieJar,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["name", "email", "password"])?;
    let given = asked.key.unwrap_or_default();
    guard(&panel, &given).await?;
    let again = |failed: String| draw_set_up(&panel, &jar, &given, fields.get("name"), fields.get("email"), Some(failed));
    let email: EmailAddress = match fields.get("email").parse() {
        Ok(email) => email,
        Err(error) => return again(sentence(&error)),
    };
    let password = match NewPassword::parse(fields.text("password")) {
        Ok(password) => panel.passwords.hash(&password).await?,
        Err(error) => return again(sentence(&error)),
    };
    let new = FirstAdmin { name: fields.get("name").to_owned(), email, password_hash: password };
    let person = match sign_in::make_first_admin(&panel.desk, new).await {
        Ok(person) => person,
        Err(error) => return refused(error, again),
    };
    let_in(&panel, person, Then { next: None, keep: Keep::UntilItEnds }, &headers, address).await
}

/// What can be mended in the form is said in the form.
fn refused(error: ActionError, again: impl Fn(String) -> Result<Response, PageError>) -> Result<Response, PageError> {
    match error.kind() {
        Kind::Invalid | Kind::Conflict => again(sentence(&error)),
        Kind::Missing | Kind::Forbidden | Kind::Broken => Err(error.into()),
    }
}

/// `GET /invite/{token}`: opening it changes nothing.
pub(super) async fn invitation(State(panel): State<Panel>, Path(token): Path<String>, jar: CookieJar) -> Result<Response, PageError> {
    draw_invitation(&panel, &jar, &token, None, None).await
}

async fn draw_invitation(
    panel: &Panel,
    jar: &CookieJar,
    token: &str,
    name: Option<&str>,
    failed: Option<String>,
) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (link, purpose) = open_link(panel, &mut conn, token).await?;
    let person = people::get(&mut conn, link.person).await?.ok_or(PageError::Missing)?;
    let (head, text) = match purpose {
        Purpose::Invitation => ("Welcome", "Choose the name that customers see and a password."),
        Purpose::Reset => ("Choose a new password", "Everything else stays as it was."),
        Purpose::SignIn | Purpose::Address => return Err(PageError::Missing),
    };
    let action = format!("/invite/{token}");
    let enter = EnterPage {
        action: &action,
        head,
        text,
        button: "Save and sign in",
        ask_email: false,
        name: name.unwrap_or(&person.name),
        email: person.email.as_str(),
        failed,
    };
    draw(panel, jar, &enter)
}

/// A link that still opens something.
async fn open_link(panel: &Panel, conn: &mut Conn, token: &str) -> Result<(links::Link, Purpose), PageError> {
    let now = panel.desk.clock.now();
    let open = links::get(conn, &hashed(token)).await?.filter(|it| it.used_at.is_none() && now < it.expires_at);
    open.and_then(|it| Purpose::parse(&it.purpose).map(|purpose| (it, purpose)))
        .ok_or_else(|| PageError::Forbidden("This link was used already, or it has expired. An admin can send you a new one.".to_owned()))
}

/// `POST /invite/{token}`.
pub(super) async fn accept_invitation(
    State(panel): State<Panel>,
    Path(token): Path<String>,
    ClientAddress(address): ClientAddress,
    jar: CookieJar,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["name", "username", "password"])?;
    // Before the password is hashed: whoever has no link must not make the machine work.
    open_link(&panel, &mut *panel.desk.store.read().await?, &token).await?;
    let name = fields.get("name");
    let password = match NewPassword::parse(fields.text("password")) {
        Ok(password) => password,
        Err(error) => return draw_invitation(&panel, &jar, &token, Some(name), Some(sentence(&error))).await,
    };
    let password_hash = panel.passwords.hash(&password).await?;
    let invited = Invited { token_hash: hashed(&token), name: name.to_owned(), password_hash };
    let person = sign_in::accept_invitation(&panel.desk, invited).await?;
    let_in(&panel, person, Then { next: None, keep: Keep::UntilItEnds }, &headers, address).await
}
