//! A page: what every page shows, and its own values.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    desk::look::Look,
    panel::{
        Panel, assets,
        csrf::Tie,
        error::PageError,
        heartbeat::{self, Heartbeat},
        keyboard::Keyboard,
        navigation::{Counted, Navigation},
        visitor::Visitor,
        words::Face,
    },
};

pub use crate::panel::navigation::Place;

/// The row that a list goes on from, as its address says it; what is no id is none, and the list begins at its beginning.
pub(super) fn row_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(String::deserialize(from)?.parse().ok())
}

#[derive(Serialize)]
struct Me {
    id: i64,
    name: String,
    role: &'static str,
    ini: String,
    h: u8,
}

/// What the last step did, told on the next page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Flash {
    /// `ok`, `warn` or `bad`.
    kind: String,
    text: String,
    /// The draft in the browser that was sent and need not be kept.
    clears: Option<String>,
    /// A form that undoes it, or does it all the same.
    undo: Option<Undo>,
}

/// A form behind one button: where it goes, and its fields.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Undo {
    action: String,
    fields: Vec<(String, String)>,
    /// What its button says; none: Undo.
    #[serde(default)]
    label: Option<String>,
}

/// A cookie holds so much of a form at most; browsers take 4 KB a cookie.
const LONGEST_UNDO: usize = 1600;

impl Flash {
    /// It was done.
    #[must_use]
    pub fn done(text: impl Into<String>) -> Self {
        Self { kind: "ok".to_owned(), text: text.into(), clears: None, undo: None }
    }

    /// It was done in part, or there is more to know.
    #[must_use]
    pub fn warn(text: impl Into<String>) -> Self {
        Self { kind: "warn".to_owned(), text: text.into(), clears: None, undo: None }
    }

    /// It was not done.
    #[must_use]
    pub fn refused(text: impl Into<String>) -> Self {
        Self { kind: "bad".to_owned(), text: text.into(), clears: None, undo: None }
    }

    /// And a form undoes it. One that a cookie cannot hold is left out: the list that the things are in has the same buttons.
    #[must_use]
    pub fn undo(self, action: &str, fields: Vec<(String, String)>) -> Self {
        let length: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
        if length > LONGEST_UNDO {
            return self;
        }
        Self { undo: Some(Undo { action: action.to_owned(), fields, label: None }), ..self }
    }

    /// And a form does it all the same.
    #[must_use]
    pub fn all_the_same(self, label: &str, action: &str, fields: Vec<(String, String)>) -> Self {
        Self { undo: Some(Undo { action: action.to_owned(), fields, label: Some(label.to_owned()) }), ..self }
    }

    /// And the draft of this name was sent.
    #[must_use]
    pub fn clearing(self, draft: impl Into<String>) -> Self {
        Self { clears: Some(draft.into()), ..self }
    }
}

#[derive(Serialize)]
struct Shared<'a, T> {
    desk: &'a str,
    v: &'a str,
    theme: Option<&'a str>,
    density: &'static str,
    keys: &'static str,
    csrf: String,
    active: Place,
    /// Where the history of the desk ended when the page was made: what follows, it is told of (live.rs).
    followed: i64,
    me: Me,
    #[serde(flatten)]
    navigation: Navigation,
    heartbeat: Option<Heartbeat>,
    flash: Option<&'a Flash>,
    /// The help of the keyboard, as HTML.
    keyboard: &'a str,
    #[serde(flatten)]
    own: &'a T,
}

/// Draws a page for somebody signed in: the frame's values and `own`, which may not use the frame's names.
///
/// # Errors
/// When the database refuses, or the template lacks something.
pub async fn show(panel: &Panel, visitor: &Visitor, place: Place, template: &str, own: &impl Serialize) -> Result<Response, PageError> {
    show_with(panel, visitor, place, template, own, None).await
}

/// [`show`], telling something on the very page.
///
/// # Errors
/// As [`show`].
pub async fn show_with(
    panel: &Panel,
    visitor: &Visitor,
    place: Place,
    template: &str,
    own: &impl Serialize,
    flash: Option<&Flash>,
) -> Result<Response, PageError> {
    let navigation = match visitor.person.role.is_staff() {
        true => Counted::now(panel, visitor).await?.navigation(panel, visitor),
        false => Navigation::default(),
    };
    draw(panel, visitor, place, template, own, navigation, flash)
}

/// [`show_with`] to staff, where the page itself has read what the navigation counts.
///
/// # Errors
/// When the template lacks something.
pub(super) fn show_counted(
    panel: &Panel,
    visitor: &Visitor,
    place: Place,
    template: &str,
    own: &impl Serialize,
    flash: Option<&Flash>,
    counted: &Counted,
) -> Result<Response, PageError> {
    draw(panel, visitor, place, template, own, counted.navigation(panel, visitor), flash)
}

fn draw(
    panel: &Panel,
    visitor: &Visitor,
    place: Place,
    template: &str,
    own: &impl Serialize,
    navigation: Navigation,
    flash: Option<&Flash>,
) -> Result<Response, PageError> {
    let me = &visitor.person;
    let heartbeat = if me.role.is_staff() { heartbeat::of(panel, me) } else { None };
    let face = Face::of(me);
    let keys = visitor.look.keys.as_str();
    let keyboard = Keyboard::of(keys, &navigation).draw(panel)?;
    let shared = Shared {
        desk: &panel.desk.settings.name,
        v: &assets::VERSION,
        theme: visitor.theme(),
        density: visitor.look.density.as_str(),
        keys,
        csrf: Tie::to_session(visitor).token(&panel.desk.keys),
        active: place,
        followed: visitor.followed.0,
        me: Me { id: me.id.0, name: face.name, role: me.role.title(), ini: face.ini, h: face.h },
        navigation,
        heartbeat,
        flash: flash.or(visitor.flash.as_ref()),
        keyboard: &keyboard,
        own,
    };
    let page = panel.desk.templates.render(template, &shared)?;
    let mut response = html(StatusCode::OK, page);
    if visitor.flash.is_some() {
        set_cookie(&mut response, &format!("{FLASH_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"));
    }
    Ok(response)
}

#[derive(Serialize)]
struct Bare<'a, T> {
    desk: &'a str,
    v: &'a str,
    theme: Option<&'a str>,
    density: &'static str,
    keys: &'static str,
    csrf: String,
    #[serde(flatten)]
    own: &'a T,
}

/// Draws a page for somebody who has not signed in, tied to their visit.
///
/// # Errors
/// When the template lacks something.
pub fn show_outside(panel: &Panel, visit: Option<&str>, template: &str, own: &impl Serialize) -> Result<Response, PageError> {
    show_outside_to(panel, None, visit, template, own)
}

/// [`show_outside`] also to somebody who is signed in, perhaps as somebody else.
///
/// # Errors
/// As [`show_outside`].
pub fn show_outside_to(
    panel: &Panel,
    visitor: Option<&Visitor>,
    visit: Option<&str>,
    template: &str,
    own: &impl Serialize,
) -> Result<Response, PageError> {
    let new = (visitor.is_none() && visit.is_none()).then(crate::clock::random_token);
    let visit = visit.or(new.as_deref()).unwrap_or_default();
    let tie = visitor.map_or_else(|| Tie::to_visit(visit), Tie::to_session);
    let (desk, theme) = (panel.desk.settings.name.as_str(), visitor.and_then(Visitor::theme));
    let look = visitor.map_or(Look::PLAIN, |it| it.look);
    let (density, keys) = (look.density.as_str(), look.keys.as_str());
    let bare = Bare { desk, v: &assets::VERSION, theme, density, keys, csrf: tie.token(&panel.desk.keys), own };
    let mut response = html(StatusCode::OK, panel.desk.templates.render(template, &bare)?);
    if new.is_some() {
        set_cookie(&mut response, &panel.sessions.visit_cookie(visit));
    }
    Ok(response)
}

/// A page's text as an answer.
pub fn html(status: StatusCode, page: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// Adds a `Set-Cookie`; our own cookies hold nothing that a header cannot.
pub(super) fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Where a flash waits for the next page.
pub(super) const FLASH_COOKIE: &str = "maildesk-flash";

/// 303 to an own page, which tells what was done.
pub fn go(panel: &Panel, visitor: &Visitor, to: &str, flash: &Flash) -> Response {
    let mut response = Redirect::to(to).into_response();
    let payload = serde_json::to_vec(flash).unwrap_or_default();
    let mac = panel.desk.keys.mac("flash", &[visitor.session.as_bytes(), &payload]);
    let value = format!("{}.{}", BASE64URL_NOPAD.encode(&payload), BASE64URL_NOPAD.encode(&mac[..16]));
    set_cookie(&mut response, &format!("{FLASH_COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60"));
    response
}

/// The flash of a cookie, when it was made for this session.
pub(super) fn read_flash(panel: &Panel, session: &str, cookie: &str) -> Option<Flash> {
    let (payload, mac) = cookie.split_once('.')?;
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).ok()?;
    let mac = BASE64URL_NOPAD.decode(mac.as_bytes()).ok()?;
    let ours = panel.desk.keys.verify("flash", &[session.as_bytes(), &payload], &mac);
    if ours { serde_json::from_slice(&payload).ok() } else { None }
}
