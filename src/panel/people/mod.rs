//! Users: the list, and somebody new.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind,
        people::{self, By, NewUser, Start},
    },
    auth::password::NewPassword,
    desk::{
        address::EmailAddress,
        person::{Arrived, PersonState, Role},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        url::Query,
        visitor::{Admin, Visitor},
        words::{Face, When},
    },
    store::directory::{self, Entry, Group, HasPassword, Key},
};

pub(super) mod person;

const PAGE: usize = 50;

/// What the list's address says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    group: Option<String>,
    q: Option<String>,
    /// The name and id of the row before the page.
    #[serde(default, deserialize_with = "page::row_id")]
    after: Option<i64>,
    name: Option<String>,
}

#[derive(Serialize)]
struct List<'a> {
    group: &'static str,
    words: &'a str,
    sizes: [(&'static str, &'static str, i64); 3],
    rows: Vec<Row>,
    next: Option<String>,
}

/// Somebody as the list shows them.
#[derive(Serialize)]
pub(super) struct Row {
    id: i64,
    face: Face,
    email: String,
    you: bool,
    role: &'static str,
    /// `Admin`, `Helper`, `Customer`; or what keeps them from working.
    badge: &'static str,
    badge_class: &'static str,
    disabled: bool,
    signs_in: bool,
    /// Of the staff, and has never been here.
    not_yet: bool,
    open: i64,
    seen: Option<When>,
}

impl Row {
    fn new(panel: &Panel, visitor: &Visitor, entry: &Entry) -> Self {
        let now = panel.desk.clock.now();
        let not_yet = entry.arrived() == Arrived::NotYet;
        let invited = not_yet && entry.invited_until.is_some();
        let (badge, badge_class) = match (entry.state, entry.role) {
            (PersonState::Disabled, _) => ("Disabled", ""),
            (PersonState::Active, _) if invited => ("Invited", "warn"),
            (PersonState::Active, Role::Admin | Role::Helper) if not_yet => ("Invitation expired", "warn"),
            (PersonState::Active, Role::Admin) => ("Admin", "info"),
            (PersonState::Active, Role::Helper) => ("Helper", ""),
            (PersonState::Active, Role::Customer) => ("Customer", ""),
        };
        Self {
            id: entry.id.0,
            face: Face::new(&entry.name, &entry.email),
            email: entry.email.clone(),
            you: entry.id == visitor.person.id,
            role: entry.role.title(),
            badge,
            badge_class,
            disabled: entry.state == PersonState::Disabled,
            signs_in: entry.password == HasPassword::Yes,
            not_yet: not_yet && entry.role.is_staff() && entry.state == PersonState::Active,
            open: entry.open,
            seen: entry.seen_at.map(|at| When::new(at, now, &panel.zone())),
        }
    }
}

/// `GET /users`.
pub(super) async fn list(State(panel): State<Panel>, Admin(visitor): Admin, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let (group, word) = match asked.group.as_deref() {
        Some("customers") => (Group::Customers, "customers"),
        Some("disabled") => (Group::Disabled, "disabled"),
        Some(_) | None => (Group::Staff, "staff"),
    };
    let words = asked.q.as_deref().unwrap_or_default().trim();
    let after = asked.after.map(|id| Key { name: asked.name.clone().unwrap_or_default(), id });
    let mut conn = panel.desk.store.read().await?;
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut entries = directory::list(&mut conn, group, words, after.as_ref(), limit, panel.desk.clock.now()).await?;
    let sizes = directory::sizes(&mut conn).await?;
    drop(conn);
    let more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let next =
        entries.last().filter(|_| more).map(|it| format!("group={word}&q={}&after={}&name={}", escape(words), it.id, escape(&it.name)));
    let own = List {
        group: word,
        words,
        sizes: [
            ("staff", "Helpers and admins", sizes.staff),
            ("customers", "Customers", sizes.customers),
            ("disabled", "Disabled", sizes.disabled),
        ],
        rows: entries.iter().map(|it| Row::new(&panel, &visitor, it)).collect(),
        next,
    };
    page::show(&panel, &visitor, Place::Users, "users.html", &own).await
}

/// A value in a query.
pub(super) fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The form for somebody new, with what was typed and what is wrong with it.
#[derive(Default, Serialize)]
struct New {
    name: String,
    email: String,
    role: String,
    start: String,
    /// Whether a link could be mailed.
    mailbox: bool,
    /// Field and sentence.
    wrong: Option<(&'static str, String)>,
}

/// `GET /users/new`.
pub(super) async fn new(State(panel): State<Panel>, Admin(visitor): Admin) -> Result<Response, PageError> {
    draw_new(&panel, &visitor, New { role: "helper".to_owned(), ..New::default() }).await
}

async fn draw_new(panel: &Panel, visitor: &Visitor, form: New) -> Result<Response, PageError> {
    let mailbox = panel.desk.mailboxes.iter().next().is_some();
    let start = if form.start.is_empty() { if mailbox { "invite" } else { "password" } } else { &form.start }.to_owned();
    let wrong = form.wrong.is_some();
    let mut response = page::show(panel, visitor, Place::Users, "user-new.html", &New { mailbox, start, ..form }).await?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /users`.
pub(super) async fn add(State(panel): State<Panel>, Admin(visitor): Admin, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["name", "email", "role", "start", "password"])?;
    let typed = |wrong| New {
        name: fields.get("name").to_owned(),
        email: fields.get("email").to_owned(),
        role: fields.get("role").to_owned(),
        start: fields.get("start").to_owned(),
        wrong: Some(wrong),
        mailbox: false,
    };
    let email: EmailAddress = match fields.get("email").parse() {
        Ok(email) => email,
        Err(error) => return draw_new(&panel, &visitor, typed(("email", sentence(&error)))).await,
    };
    let role = Role::parse(fields.get("role")).ok_or_else(|| PageError::Invalid("Choose a role.".to_owned()))?;
    let start = match fields.get("start") {
        "password" => match NewPassword::parse(fields.text("password")) {
            Ok(password) => Start::Password(panel.passwords.hash(&password).await?),
            Err(error) => return draw_new(&panel, &visitor, typed(("password", sentence(&error)))).await,
        },
        _ => Start::InvitationByMail,
    };
    let invited = matches!(start, Start::InvitationByMail);
    let user = NewUser { name: fields.get("name").to_owned(), email, role, start };
    match people::add(&panel.desk, By::Admin(&visitor.person), &user).await {
        Ok(_) if invited => {
            let text = format!("Invitation sent to {}. The link is valid for three days.", user.email);
            Ok(page::go(&panel, &visitor, "/users", &Flash::done(text)))
        }
        Ok((id, _)) => {
            let text = format!("{} can sign in now. Give them the password; they can change it in their profile.", user.name);
            Ok(page::go(&panel, &visitor, &format!("/users/{id}"), &Flash::done(text)))
        }
        Err(ActionError::Invalid { field, why }) => draw_new(&panel, &visitor, typed((field, sentence(&why)))).await,
        Err(error) if error.kind() == Kind::Conflict => draw_new(&panel, &visitor, typed(("start", sentence(&error)))).await,
        Err(error) => Err(error.into()),
    }
}
