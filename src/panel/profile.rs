//! One's own page: who one is, how the panel looks, what one is told, the password, where one is signed in.

use std::net::IpAddr;

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::{
    actions::{Kind, own_profile, sign_in},
    auth::{
        password::{Match, NewPassword},
        session::Keep,
        throttle::Try,
    },
    desk::{
        digest,
        look::{Density, Keys, Look, Theme},
        person::{NoticeKind, Notify, Role},
        placeholder::Placeholder,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        sign_in::begin_session,
        signatures::{self, OwnSignature},
        two_factor::{self, Standing},
        visitor::{ClientAddress, Staff, Visitor},
        words::{Face, When, browser},
    },
    store::{
        api_tokens,
        sessions::{self, Session},
    },
};

#[derive(Serialize)]
struct ProfilePage {
    face: Face,
    email: String,
    /// The zone that they chose; empty: the desk's, which is called `desk_zone`.
    zone: String,
    desk_zone: String,
    zones: Vec<String>,
    shown_theme: &'static str,
    shown_density: &'static str,
    keys_on: bool,
    sessions: Vec<SessionRow>,
    others: bool,
    customer: bool,
    has_password: bool,
    staff: Option<OfStaff>,
}

/// What staff alone have there.
#[derive(Serialize)]
struct OfStaff {
    signature: OwnSignature,
    placeholders: Vec<&'static str>,
    two_factor: Standing,
    notices: Vec<NoticeRow>,
    /// How soon: word and title.
    paces: Vec<(&'static str, &'static str)>,
    digest_hour: i8,
}

#[derive(Serialize)]
struct NoticeRow {
    field: String,
    title: &'static str,
    chosen: &'static str,
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
    let staff = if visitor.person.role.is_staff() { Some(of_staff(panel, visitor, refused).await?) } else { None };
    let mut conn = panel.desk.store.read().await?;
    let sessions = sessions::of(&mut conn, visitor.person.id).await?;
    drop(conn);
    let name = |zone: &TimeZone| zone.iana_name().unwrap_or("UTC").to_owned();
    let page = ProfilePage {
        face: Face::of(&visitor.person),
        email: visitor.person.email.to_string(),
        zone: visitor.zone.as_ref().map(name).unwrap_or_default(),
        desk_zone: name(&panel.desk.settings.time_zone),
        zones: zones(),
        shown_theme: visitor.look.theme.as_str(),
        shown_density: visitor.look.density.as_str(),
        keys_on: visitor.look.keys == Keys::On,
        others: sessions.len() > 1,
        sessions: sessions.iter().map(|it| row(panel, visitor, it)).collect(),
        customer: staff.is_none(),
        has_password: has_password(panel, visitor).await?,
        staff,
    };
    let template = if page.customer { "portal_profile.html" } else { "profile.html" };
    page::show(panel, visitor, Place::Elsewhere, template, &page).await
}

async fn of_staff(panel: &Panel, visitor: &Visitor, refused: Option<(String, String)>) -> Result<OfStaff, PageError> {
    let signature = signatures::own(panel, visitor, refused).await?;
    let two_factor = two_factor::state(panel, visitor, &mut *panel.desk.store.read().await?).await?;
    let notice =
        |kind: NoticeKind| NoticeRow { field: notice_field(kind), title: kind.title(), chosen: visitor.person.notices.of(kind).as_str() };
    Ok(OfStaff {
        signature,
        placeholders: Placeholder::ALL.map(Placeholder::as_str).to_vec(),
        two_factor,
        notices: NoticeKind::ALL.map(notice).into(),
        paces: Notify::ALL.map(|it| (it.as_str(), it.title())).to_vec(),
        digest_hour: digest::HOUR,
    })
}

/// The zones of places, by name.
fn zones() -> Vec<String> {
    let of_a_place =
        |name: &str| name.contains('/') && !["Etc/", "SystemV/", "posix/", "right/", "US/"].iter().any(|it| name.starts_with(it));
    jiff::tz::db().available().map(|it| it.to_string()).filter(|it| it == "UTC" || of_a_place(it)).collect()
}

fn row(panel: &Panel, visitor: &Visitor, session: &Session) -> SessionRow {
    SessionRow {
        id: session.id.clone(),
        browser: browser(&session.agent),
        address: session.address.clone(),
        when: When::new(session.seen_at, panel.desk.clock.now(), &panel.zone()),
        this: session.id == visitor.session,
    }
}

/// `POST /profile`: name and time zone.
pub(super) async fn you(State(panel): State<Panel>, visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["name", "zone"])?;
    let flash = match own_profile::set_self(&panel.desk, &visitor.person, fields.get("name"), fields.get("zone")).await {
        Ok(()) => Flash::done("Saved."),
        Err(error) if error.kind() == Kind::Invalid => Flash::refused(format!("Not saved. {}", sentence(&error))),
        Err(error) => return Err(error.into()),
    };
    Ok(page::go(&panel, &visitor, "/profile", &flash))
}

/// `POST /profile/look`.
pub(super) async fn look(State(panel): State<Panel>, visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["theme", "density", "keys"])?;
    let unknown = || PageError::Invalid("The form has a choice that this page does not know.".to_owned());
    let look = Look {
        theme: Theme::parse(fields.get("theme")).ok_or_else(unknown)?,
        // A customer's pages have neither.
        density: fields.given("density").map_or(Some(visitor.look.density), Density::parse).ok_or_else(unknown)?,
        keys: match visitor.person.role {
            Role::Customer => visitor.look.keys,
            Role::Helper | Role::Admin => fields.given("keys").map_or(Some(Keys::Off), Keys::parse).ok_or_else(unknown)?,
        },
    };
    own_profile::set_look(&panel.desk, &visitor.person, look).await?;
    Ok(page::go(&panel, &visitor, "/profile", &Flash::done("Saved.")))
}

fn notice_field(kind: NoticeKind) -> String {
    format!("tell-{}", kind.as_str())
}

/// `POST /profile/notices`: how soon one hears of each kind; what the form does not name stays.
pub(super) async fn notices(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    let names = NoticeKind::ALL.map(notice_field);
    fields.only(&names.each_ref().map(String::as_str))?;
    let mut notices = visitor.person.notices;
    for (kind, name) in NoticeKind::ALL.into_iter().zip(&names) {
        if let Some(word) = fields.given(name) {
            let notify =
                Notify::parse(word).ok_or_else(|| PageError::Invalid("The form has a choice that this page does not know.".to_owned()))?;
            notices = notices.with(kind, notify);
        }
    }
    own_profile::set_notices(&panel.desk, &visitor.person, notices).await?;
    Ok(page::go(&panel, &visitor, "/profile#notices", &Flash::done("Saved.")))
}

/// `POST /profile/theme`.
pub(super) async fn theme(State(panel): State<Panel>, visitor: Visitor, headers: HeaderMap, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["theme"])?;
    let theme = Theme::parse(fields.get("theme")).ok_or_else(|| PageError::Invalid("There is no such theme.".to_owned()))?;
    own_profile::set_theme(&panel.desk, &visitor.person, theme).await?;
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
    if has_password(&panel, &visitor).await? && own_password(&panel, &visitor, address, fields.text("old")).await? == Match::Wrong {
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

/// Whoever signs in by mailed links may choose a first password without an old one.
pub(super) async fn has_password(panel: &Panel, visitor: &Visitor) -> Result<bool, PageError> {
    let known = sessions::credentials(&mut *panel.desk.store.read().await?, &visitor.person.email).await?;
    Ok(known.is_some_and(|it| it.password_hash.is_some()))
}

/// `POST /profile/sessions`: ends one of one's own sessions, or all the others.
pub(super) async fn end_sessions(State(panel): State<Panel>, visitor: Visitor, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["end"])?;
    let told = match fields.get("end") {
        "others" => {
            sign_in::sign_out_elsewhere(&panel.desk, &visitor.person, &visitor.session).await?;
            let mut conn = panel.desk.store.read().await?;
            match api_tokens::good_of(&mut conn, visitor.person.id, panel.desk.clock.now()).await? {
                0 => "Signed out everywhere else.",
                _ => "Signed out everywhere else. Your API tokens still work: they are revoked under Settings, API tokens.",
            }
        }
        session => {
            sign_in::sign_out(&panel.desk, &visitor.person, session).await?;
            "Signed out there."
        }
    };
    Ok(page::go(&panel, &visitor, "/profile", &Flash::done(told)))
}
