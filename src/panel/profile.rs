//! One's own page: the theme, the password, where one is signed in.

use std::net::IpAddr;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;

use crate::{
    actions::sign_in::{self, Theme},
    auth::{
        password::{Match, NewPassword},
        session::Keep,
        throttle::Try,
    },
    desk::{person::Role, placeholder::Placeholder},
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        sign_in::begin_session,
        signatures::{self, OwnSignature},
        two_factor::{self, Standing},
        visitor::{ClientAddress, Visitor},
        words::When,
    },
    store::sessions::{self, Session},
};

#[derive(Serialize)]
struct ProfilePage {
    name: String,
    email: String,
    shown_theme: String,
    sessions: Vec<SessionRow>,
    others: bool,
    customer: bool,
    /// For staff.
    signature: Option<OwnSignature>,
    placeholders: Vec<&'static str>,
    /// For staff.
    two_factor: Option<Standing>,
}

#[derive(Serialize)]
struct SessionRow {
    id: String,
    browser: String,
    address: String,
    when: When,
    this: bool,
}

/// `GET /profile`.
pub(super) async fn show(State(panel): State<Panel>, visitor: Visitor) -> Result<Response, PageError> {
    draw(&panel, &visitor, None).await
}

/// The page, with a signature that was typed and refused, and why.
pub(super) async fn draw(panel: &Panel, visitor: &Visitor, refused: Option<(String, String)>) -> Result<Response, PageError> {
    let customer = visitor.person.role == Role::Customer;
    let signature = if customer { None } else { Some(signatures::own(panel, visitor, refused).await?) };
    let mut conn = panel.desk.store.read().await?;
    let sessions = sessions::of(&mut conn, visitor.person.id).await?;
    let two_factor = if customer { None } else { Some(two_factor::state(panel, visitor, &mut conn).await?) };
    drop(conn);
    let page = ProfilePage {
        name: visitor.person.name.clone(),
        email: visitor.person.email.to_string(),
        shown_theme: visitor.theme().unwrap_or("system").to_owned(),
        others: sessions.len() > 1,
        sessions: sessions.iter().map(|it| row(panel, visitor, it)).collect(),
        customer,
        signature,
        two_factor,
        placeholders: Placeholder::ALL.map(Placeholder::as_str).to_vec(),
    };
    let template = if page.customer { "portal_profile.html" } else { "profile.html" };
    page::show(panel, visitor, Place::Elsewhere, template, &page).await
}

fn row(panel: &Panel, visitor: &Visitor, session: &Session) -> SessionRow {
    SessionRow {
        id: session.id.clone(),
        browser: browser(&session.agent),
        address: session.address.clone(),
        when: When::new(session.seen_at, panel.desk.clock.now(), &panel.desk.settings.time_zone),
        this: session.id == visitor.session,
    }
}

/// `Firefox on Linux`, from what the browser calls itself; its first words where it is none of the usual.
fn browser(agent: &str) -> String {
    let first = |names: &[(&'static str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let name = first(&[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) if agent.is_empty() => "Another program".to_owned(),
        (None, _) => agent.chars().take(40).collect(),
    }
}

/// `POST /profile/theme`.
pub(super) async fn theme(State(panel): State<Panel>, visitor: Visitor, headers: HeaderMap, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["theme"])?;
    let theme = Theme::parse(fields.get("theme")).ok_or_else(|| PageError::Invalid("There is no such theme.".to_owned()))?;
    sign_in::set_theme(&panel.desk, &visitor.person, theme).await?;
    let referer = headers.get(axum::http::header::REFERER).and_then(|it| it.to_str().ok());
    let back = referer.and_then(|it| it.strip_prefix(&panel.desk.url.to_string())).and_then(crate::panel::words::own_path);
    Ok(Redirect::to(back.unwrap_or("/profile")).into_response())
}

/// `POST /profile/password`: every session ends, and this browser gets a new one.
pub(super) async fn password(
    State(panel): State<Panel>,
    visitor: Visitor,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["old", "new", "username"])?;
    let refused = |text: String| Ok(page::go(&panel, &visitor, "/profile", &Flash::refused(text)));
    if own_password(&panel, &visitor, address, fields.text("old")).await? == Match::Wrong {
        return refused("Not changed: the current password is another one.".to_owned());
    }
    let new = match NewPassword::parse(fields.text("new")) {
        Ok(new) => panel.passwords.hash(&new).await?,
        Err(error) => return refused(format!("Not changed. {}", sentence(&error))),
    };
    sign_in::change_password(&panel.desk, &visitor.person, &new).await?;
    let mut response = Redirect::to("/profile").into_response();
    begin_session(&panel, &mut response, visitor.person.id, Keep::UntilItEnds, &headers, address).await?;
    Ok(response)
}

/// Whether `typed` is their password; counted as a try to sign in is.
pub(super) async fn own_password(panel: &Panel, visitor: &Visitor, address: IpAddr, typed: &str) -> Result<Match, PageError> {
    if let Try::Wait { seconds } = panel.throttle.attempt(&visitor.person.email.folded(), address) {
        return Err(PageError::Wait { seconds });
    }
    let mut conn = panel.desk.store.read().await?;
    let kept = sessions::credentials(&mut conn, &visitor.person.email).await?.and_then(|it| it.password_hash);
    drop(conn);
    Ok(panel.passwords.check(typed, kept).await?)
}

/// `POST /profile/sessions`: ends one of one's own sessions, or all the others.
pub(super) async fn end_sessions(State(panel): State<Panel>, visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["end"])?;
    let told = match fields.get("end") {
        "others" => {
            sign_in::sign_out_elsewhere(&panel.desk, &visitor.person, &visitor.session).await?;
            "Signed out everywhere else."
        }
        session => {
            sign_in::sign_out(&panel.desk, &visitor.person, session).await?;
            "Signed out there."
        }
    };
    Ok(page::go(&panel, &visitor, "/profile", &Flash::done(told)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_its_name() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Safari/604.1", "Safari on iPhone"),
            ("curl/8", "curl/8"),
            ("", "Another program"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }
}
