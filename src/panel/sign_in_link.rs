//! Signing in by a mailed link: asked for, opened, and followed by a button.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};

use crate::{
    actions::people,
    auth::{keys::hashed, link::Purpose, session::Keep, throttle::Try},
    desk::address::EmailAddress,
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page,
        second_step::{Then, let_in},
        sign_in::{self, home},
        url::{Path, Query},
        visitor::{ClientAddress, Visitor},
        words::own_path,
    },
    store::{links, people as rows},
};

/// `POST /login/link`: the same answer, as fast, whether or not anybody has the address.
pub(super) async fn ask(
    State(panel): State<Panel>,
    ClientAddress(address): ClientAddress,
    jar: CookieJar,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["email", "password", "keep", "next"])?;
    let next = fields.given("next").and_then(own_path);
    let email: EmailAddress = match fields.get("email").parse() {
        Ok(email) => email,
        Err(error) => return sign_in::refuse_address(&panel, &jar, fields.get("email"), next, sentence(&error)),
    };
    if let Try::Wait { seconds } = panel.throttle.attempt_link(&email.folded(), address) {
        return Err(PageError::Wait { seconds });
    }
    let (desk, next) = (panel.desk.clone(), next.map(str::to_owned));
    // Beside the request: how long it takes would tell whether somebody has the address.
    tokio::spawn(async move {
        if let Err(error) = people::send_sign_in_link(&desk, &email, next.as_deref()).await {
            tracing::error!("a link to sign in could not be mailed: {error}");
        }
    });
    Ok(Redirect::to("/login/link").into_response())
}

#[derive(Serialize)]
struct Sent {}

/// `GET /login/link`: where to look for it.
pub(super) async fn sent(State(panel): State<Panel>, jar: CookieJar) -> Result<Response, PageError> {
    let visit = jar.get(panel.sessions.visit_cookie_name()).map(|it| it.value().to_owned());
    page::show_outside(&panel, visit.as_deref(), "login-link-sent.html", &Sent {})
}

#[derive(Deserialize)]
pub(super) struct Asked {
    next: Option<String>,
}

#[derive(Serialize)]
struct LinkPage<'a> {
    token: &'a str,
    email: &'a str,
    next: Option<&'a str>,
    /// Who is signed in here now, if somebody else is.
    instead_of: Option<&'a str>,
}

/// `GET /login/link/{token}`: opening it changes nothing, since programs that look for harm in mail open every link.
pub(super) async fn show(
    State(panel): State<Panel>,
    visitor: Option<Visitor>,
    Path(token): Path<String>,
    Query(asked): Query<Asked>,
    jar: CookieJar,
) -> Result<Response, PageError> {
    let now = panel.desk.clock.now();
    let next = asked.next.as_deref().and_then(own_path);
    let mut conn = panel.desk.store.read().await?;
    let link = links::get(&mut conn, &hashed(&token)).await?;
    let signs_in = |it: &links::Link| Purpose::parse(&it.purpose) == Some(Purpose::SignIn);
    let link = link.filter(signs_in);
    // Somebody who follows it once more, and is in already.
    if let Some(visitor) = visitor.as_ref().filter(|it| link.as_ref().is_some_and(|link| link.person == it.person.id)) {
        return Ok(Redirect::to(next.unwrap_or(home(visitor.person.role))).into_response());
    }
    let open = link.filter(|it| it.used_at.is_none() && now < it.expires_at).ok_or_else(|| {
        PageError::Forbidden("This link was used already, or it has expired. Ask for a new one where you sign in.".to_owned())
    })?;
    let person = rows::get(&mut conn, open.person).await?.ok_or(PageError::Missing)?;
    drop(conn);
    let instead_of = visitor.as_ref().map(|it| it.person.email.as_str());
    let own = LinkPage { token: &token, email: person.email.as_str(), next, instead_of };
    let visit = jar.get(panel.sessions.visit_cookie_name()).map(|it| it.value().to_owned());
    page::show_outside_to(&panel, visitor.as_ref(), visit.as_deref(), "login-link.html", &own)
}

/// `POST /login/link/{token}`.
pub(super) async fn follow(
    State(panel): State<Panel>,
    Path(token): Path<String>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["keep", "next"])?;
    let person = people::follow_sign_in_link(&panel.desk, &hashed(&token)).await?;
    let keep = if fields.given("keep").is_some() { Keep::UntilItEnds } else { Keep::UntilTheBrowserCloses };
    let_in(&panel, person, Then { next: fields.given("next").and_then(own_path), keep }, &headers, address).await
}
