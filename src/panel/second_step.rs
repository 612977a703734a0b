//! Letting somebody in whose first step was right: at once, or after a code where they have two-factor sign-in.

use std::net::IpAddr;

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    actions::two_factor::{self, Second},
    auth::{session::Keep, throttle::Try},
    desk::{
        id::PersonId,
        person::{Person, PersonState},
    },
    panel::{
        Panel,
        error::PageError,
        form::Fields,
        page,
        sign_in::{begin_session, home},
        visitor::{ClientAddress, Visitor},
        words::own_path,
    },
    store::{people, sessions, two_factor as rows},
};

/// So long the code may take.
const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// What the cookie between the two steps is sealed for.
const PURPOSE: &str = "second step";

/// Who has done the first step, in a sealed cookie: nothing is kept of it here.
#[derive(Serialize, Deserialize)]
struct Waiting {
    person: i64,
    /// A new password, or being signed out everywhere, ends it.
    epoch: i64,
    keep: bool,
    next: String,
    /// Seconds since 1970.
    until: i64,
}

/// How somebody goes on once they are in.
pub(super) struct Then<'a> {
    /// To which own path; none: to where their work is.
    pub next: Option<&'a str>,
    /// How long the browser keeps the session.
    pub keep: Keep,
}

/// Lets somebody in, or asks for their code first.
pub(super) async fn let_in(
    panel: &Panel,
    person: PersonId,
    then: Then<'_>,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let known = people::get(&mut conn, person).await?.ok_or(PageError::Missing)?;
    let (asked, epoch) = (rows::on_since(&mut conn, person).await?.is_some(), sessions::epoch(&mut conn, person).await?);
    drop(conn);
    let next = then.next.unwrap_or(home(known.role));
    if !asked {
        let mut response = Redirect::to(next).into_response();
        begin_session(panel, &mut response, person, then.keep, headers, address).await?;
        return Ok(response);
    }
    let waiting = Waiting {
        person: person.0,
        epoch: epoch.ok_or(PageError::Missing)?,
        keep: then.keep == Keep::UntilItEnds,
        next: next.to_owned(),
        until: panel.desk.clock.now().saturating_add(LASTS).unwrap_or(Timestamp::MAX).as_second(),
    };
    let sealed = panel.desk.keys.seal(PURPOSE, &[], &serde_json::to_vec(&waiting).map_err(|error| PageError::broken(&error))?);
    let mut response = Redirect::to("/login/code").into_response();
    page::set_cookie(&mut response, &panel.sessions.step_cookie(&BASE64URL_NOPAD.encode(&sealed), LASTS.as_secs()));
    Ok(response)
}

/// Who it is that has done the first step in this browser, a short time ago, and may still sign in.
async fn waiting(panel: &Panel, jar: &CookieJar) -> Result<Option<(Waiting, Person)>, PageError> {
    let sealed = jar.get(panel.sessions.step_cookie_name()).and_then(|it| BASE64URL_NOPAD.decode(it.value().as_bytes()).ok());
    let opened = sealed.and_then(|it| panel.desk.keys.unseal(PURPOSE, &[], &it));
    let Some(waiting) = opened.and_then(|it| serde_json::from_slice::<Waiting>(&it).ok()) else { return Ok(None) };
    if panel.desk.clock.now().as_second() >= waiting.until {
        return Ok(None);
    }
    let mut conn = panel.desk.store.read().await?;
    let person = people::get(&mut conn, PersonId(waiting.person)).await?.filter(|it| it.state == PersonState::Active);
    let Some(person) = person else { return Ok(None) };
    let same = sessions::epoch(&mut conn, person.id).await? == Some(waiting.epoch) && rows::on_since(&mut conn, person.id).await?.is_some();
    Ok(same.then_some((waiting, person)))
}

#[derive(Serialize)]
struct CodePage {
    email: String,
    failed: Option<String>,
}

fn draw(panel: &Panel, jar: &CookieJar, person: &Person, failed: Option<String>) -> Result<Response, PageError> {
    let visit = jar.get(panel.sessions.visit_cookie_name()).map(|it| it.value().to_owned());
    page::show_outside(panel, visit.as_deref(), "login-code.html", &CodePage { email: person.email.to_string(), failed })
}

/// `GET /login/code`.
pub(super) async fn form(State(panel): State<Panel>, visitor: Option<Visitor>, jar: CookieJar) -> Result<Response, PageError> {
    if let Some(visitor) = visitor {
        return Ok(Redirect::to(home(visitor.person.role)).into_response());
    }
    match waiting(&panel, &jar).await? {
        Some((_, person)) => draw(&panel, &jar, &person, None),
        None => Ok(Redirect::to("/login").into_response()),
    }
}

/// `POST /login/code`.
pub(super) async fn sign_in(
    State(panel): State<Panel>,
    ClientAddress(address): ClientAddress,
    jar: CookieJar,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["code"])?;
    let Some((waiting, person)) = waiting(&panel, &jar).await? else { return Ok(Redirect::to("/login").into_response()) };
    let left = match panel.throttle.attempt_code(&person.id.to_string(), address) {
        Try::Go { left } => left,
        Try::Wait { seconds } => return Err(PageError::Wait { seconds }),
    };
    if two_factor::answer(&panel.desk, &person, fields.text("code")).await? == Second::Wrong {
        let mut response = draw(&panel, &jar, &person, Some(refusal(left)))?;
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(response);
    }
    let mut response = Redirect::to(own_path(&waiting.next).unwrap_or("/")).into_response();
    page::set_cookie(&mut response, &panel.sessions.step_cookie("", 0));
    let keep = if waiting.keep { Keep::UntilItEnds } else { Keep::UntilTheBrowserCloses };
    begin_session(&panel, &mut response, person.id, keep, &headers, address).await?;
    Ok(response)
}

fn refusal(left: u32) -> String {
    let tries = match left {
        0 => "This was the last try before a pause.".to_owned(),
        1 => "One try is left before a pause.".to_owned(),
        _ => format!("{left} tries are left before a pause."),
    };
    format!("This code is not right, or it was used already. Wait for the next one. {tries}")
}
