//! Signing in and out.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::Serialize;

use crate::{
    actions::sign_in::{self, NewSession},
    auth::{
        password::Match,
        session::{Claims, Keep},
        throttle::Try,
    },
    desk::{
        address::EmailAddress,
        id::PersonId,
        person::{PersonState, Role},
    },
    panel::{
        Panel,
        error::PageError,
        form::Fields,
        page,
        second_step::{Then, let_in},
        url::Query,
        visitor::{ClientAddress, Visitor},
        words::own_path,
    },
    store::sessions,
};

#[derive(Default, Serialize)]
struct LoginPage<'a> {
    email: &'a str,
    next: Option<&'a str>,
    keep: bool,
    failed: Option<String>,
    notice: Option<&'static str>,
    address: Option<String>,
    /// Whether a link can be mailed.
    mails: bool,
}

#[derive(serde::Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

/// `GET /`: to where somebody's work is.
pub(super) async fn start(State(panel): State<Panel>, visitor: Option<Visitor>) -> Result<Redirect, PageError> {
    if let Some(visitor) = visitor {
        return Ok(Redirect::to(home(visitor.person.role)));
    }
    let mut conn = panel.desk.store.read().await?;
    Ok(Redirect::to(if sessions::has_admin(&mut conn).await? { "/login" } else { "/setup" }))
}

/// Where the work of a role is.
pub(super) fn home(role: Role) -> &'static str {
    match role {
        Role::Admin | Role::Helper => "/tickets",
        Role::Customer => "/my",
    }
}

/// `GET /login`.
pub(super) async fn form(
    State(panel): State<Panel>,
    visitor: Option<Visitor>,
    Query(asked): Query<Asked>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let next = asked.next.as_deref().and_then(own_path);
    if let Some(visitor) = visitor {
        return Ok(Redirect::to(next.unwrap_or(home(visitor.person.role))).into_response());
    }
    draw(&panel, &jar, LoginPage { next, keep: true, notice: next.map(|_| "Sign in to go on."), ..LoginPage::default() })
}

fn draw(panel: &Panel, jar: &CookieJar, login: LoginPage<'_>) -> Result<Response, PageError> {
    let visit = jar.get(panel.sessions.visit_cookie_name()).map(|it| it.value().to_owned());
    let address = panel.desk.mailboxes.iter().next().map(|(_, it)| it.address.to_string());
    let mails = panel.desk.mailboxes.sending().is_some();
    page::show_outside(panel, visit.as_deref(), "login.html", &LoginPage { address, mails, ..login })
}

/// `POST /login`.
pub(super) async fn sign_in(
    State(panel): State<Panel>,
    ClientAddress(address): ClientAddress,
    jar: CookieJar,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["email", "password", "keep", "next"])?;
    let email = fields.get("email");
    let left = match panel.throttle.attempt(&email.to_lowercase(), address) {
        Try::Go { left } => left,
        Try::Wait { seconds } => return Err(PageError::Wait { seconds }),
    };
    let next = fields.given("next").and_then(own_path);
    let keep = if fields.given("keep").is_some() { Keep::UntilItEnds } else { Keep::UntilTheBrowserCloses };
    let Some(person) = who(&panel, email, fields.text("password")).await? else {
        let failed = Some(refusal(left));
        let mut response = draw(&panel, &jar, LoginPage { email, next, keep: keep == Keep::UntilItEnds, failed, ..LoginPage::default() })?;
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    };
    let_in(&panel, person, Then { next, keep }, &headers, address).await
}

/// The page again, with an address at which nobody can be written to.
pub(super) fn refuse_address(panel: &Panel, jar: &CookieJar, email: &str, next: Option<&str>, why: String) -> Result<Response, PageError> {
    let mut response = draw(panel, jar, LoginPage { email, next, keep: true, failed: Some(why), ..LoginPage::default() })?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Whose password it is. The same work whether the address is known or not.
async fn who(panel: &Panel, email: &str, password: &str) -> Result<Option<PersonId>, PageError> {
    let found = match email.parse::<EmailAddress>() {
        Ok(email) => {
            let mut conn = panel.desk.store.read().await?;
            sessions::credentials(&mut conn, &email).await?.filter(|it| it.state == PersonState::Active)
        }
        Err(_) => None,
    };
    let person = found.as_ref().map(|it| it.person);
    match panel.passwords.check(password, found.and_then(|it| it.password_hash)).await? {
        Match::Right => Ok(person),
        Match::Wrong => Ok(None),
    }
}

fn refusal(left: u32) -> String {
    let tries = match left {
        0 => "This was the last try before a pause.".to_owned(),
        1 => "One try is left before a pause.".to_owned(),
        2..=4 => format!("{left} tries are left before a pause."),
        _ => String::new(),
    };
    format!("Address and password do not match. {tries}").trim_end().to_owned()
}

/// Begins a session of its own and gives the browser its cookie.
pub(super) async fn begin_session(
    panel: &Panel,
    response: &mut Response,
    person: PersonId,
    keep: Keep,
    headers: &HeaderMap,
    address: std::net::IpAddr,
) -> Result<(), PageError> {
    let agent = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let new = NewSession { agent: agent.chars().take(200).collect(), address };
    let started = sign_in::sign_in(&panel.desk, person, new).await?;
    let claims = Claims { person, session: started.id, epoch: started.epoch, expires_at: started.expires_at };
    let now = panel.desk.clock.now();
    let token = panel.sessions.seal(&claims, now).map_err(|error| PageError::broken(&error))?;
    page::set_cookie(response, &panel.sessions.set_cookie(&token, keep, &claims, now));
    Ok(())
}

/// `POST /logout`.
pub(super) async fn sign_out(State(panel): State<Panel>, visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    fields.only(&[])?;
    sign_in::sign_out(&panel.desk, &visitor.person, &visitor.session).await?;
    let mut response = Redirect::to("/login").into_response();
    page::set_cookie(&mut response, &panel.sessions.clear_cookie());
    // The queues that the browser keeps to ask again whether they have changed.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}
