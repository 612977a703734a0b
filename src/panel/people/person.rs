//! One user: name, role, how they get in.

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        ActionError, Kind,
        erase::{self, Erased, Swept},
        people::{self, By},
    },
    desk::{
        address::{EmailAddress, NotAnAddress},
        id::{PersonId, TicketNumber},
        person::Role,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        people::Row,
        url::Path,
        visitor::{Admin, Visitor},
        words::{When, browser},
    },
    store::{api_tokens, directory, erasures, sessions, two_factor},
};

#[derive(Serialize)]
struct Page {
    user: Row,
    role: &'static str,
    staff: bool,
    invited_until: Option<When>,
    devices: Vec<Device>,
    mailbox: bool,
    erased: Option<ErasedPage>,
    /// Since when a code is asked for; none: two-factor sign-in is off.
    two_factor: Option<When>,
    codes_left: i64,
}

/// That a customer was erased.
#[derive(Serialize)]
struct ErasedPage {
    when: When,
    by: String,
    counts: String,
}

#[derive(Serialize)]
struct Device {
    name: String,
    seen: When,
    this: bool,
}

/// `GET /users/{id}`.
pub(in crate::panel) async fn show(State(panel): State<Panel>, Admin(visitor): Admin, Path(id): Path<i64>) -> Result<Response, PageError> {
    let now = panel.desk.clock.now();
    let zone = &panel.zone();
    let mut conn = panel.desk.store.read().await?;
    let entry = directory::get(&mut conn, PersonId(id), now).await?.ok_or(PageError::Missing)?;
    let sessions = sessions::of(&mut conn, entry.id).await?;
    let erased = erasures::of(&mut conn, entry.id).await?.map(|it| ErasedPage {
        when: When::new(it.at, now, zone),
        by: it.by.unwrap_or_else(|| "somebody on the shell".to_owned()),
        counts: it.counts.in_words(),
    });
    let two_factor = two_factor::on_since(&mut conn, entry.id).await?.map(|at| When::new(at, now, zone));
    let codes_left = two_factor::codes_left(&mut conn, entry.id).await?;
    drop(conn);
    let live = sessions.iter().filter(|it| now < it.expires_at && now.duration_since(it.seen_at) <= panel.desk.settings.sessions.idle);
    let own = Page {
        user: Row::new(&panel, &visitor, &entry),
        role: entry.role.as_str(),
        staff: entry.role.is_staff(),
        invited_until: entry.invited_until.map(|at| When::new(at, now, zone)),
        devices: live
            .map(|it| Device { name: browser(&it.agent), seen: When::new(it.seen_at, now, zone), this: it.id == visitor.session })
            .collect(),
        mailbox: panel.desk.mailboxes.iter().next().is_some(),
        erased,
        two_factor,
        codes_left,
    };
    page::show(&panel, &visitor, Place::Users, "user.html", &own).await
}

/// `POST /users/{id}`.
pub(in crate::panel) async fn change(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "name", "role", "email", "typed"])?;
    let id = PersonId(id);
    let here = format!("/users/{id}");
    match carry_out(&panel, &visitor, id, &fields).await {
        Ok(flash) => Ok(page::go(&panel, &visitor, &here, &flash)),
        // What can be mended is told on the page; what was typed there was a name at most.
        Err(Failed::Action(error)) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
            Ok(page::go(&panel, &visitor, &here, &Flash::refused(sentence(&error))))
        }
        Err(Failed::Action(error)) => Err(error.into()),
        Err(Failed::Page(error)) => Err(error),
    }
}

enum Failed {
    Action(ActionError),
    Page(PageError),
}

impl From<ActionError> for Failed {
    fn from(error: ActionError) -> Self {
        Self::Action(error)
    }
}

async fn carry_out(panel: &Panel, visitor: &Visitor, id: PersonId, fields: &Fields) -> Result<Flash, Failed> {
    let (desk, by) = (&panel.desk, By::Admin(&visitor.person));
    match fields.get("do") {
        "save" => {
            let role = Role::parse(fields.get("role")).ok_or_else(|| Failed::Page(PageError::Invalid("Choose a role.".to_owned())))?;
            let readdressed = match fields.given("email") {
                Some(typed) => people::set_address(desk, by, id, &address(typed)?).await?,
                None => false,
            };
            people::rename(desk, by, id, fields.get("name")).await?;
            let back = people::set_role(desk, by, id, role).await?;
            let told = if readdressed { " A mail to the address before tells them of the new one." } else { "" };
            Ok(Flash::done(format!("Saved.{told}{}", handed_back(&back))))
        }
        "reset" => {
            people::reset_password(desk, by, id).await?;
            Ok(Flash::done("A link to choose a password is on its way. The present password works until it is used."))
        }
        "two-factor" => {
            people::reset_two_factor(desk, by, id).await?;
            Ok(Flash::done(
                "Two-factor sign-in is off for them, and they are signed out everywhere. They can set it up again in their profile.",
            ))
        }
        "signout" => {
            people::sign_out_everywhere(desk, by, id).await?;
            Ok(Flash::done(format!("Signed out on every device.{}", tokens_left(panel, id).await?)))
        }
        "disable" => {
            let back = people::disable(desk, by, id).await?;
            let tokens = if tokens(panel, id).await? > 0 { " Their API tokens open nothing while they are disabled." } else { "" };
            Ok(Flash::done(format!("Disabled and signed out everywhere.{}{tokens} It can be undone below.", handed_back(&back))))
        }
        "erase" => {
            let Erased { counts, swept } = erase::erase(desk, by, id, fields.get("typed")).await?;
            let rest = match swept {
                Swept::Done => String::new(),
                Swept::NotYet(why) => format!(" What is left in free space of the database and in files is removed within minutes: {why}."),
            };
            Ok(Flash::done(format!("Erased: {}.{rest}", counts.in_words())))
        }
        "enable" => {
            people::enable(desk, by, id).await?;
            Ok(Flash::done("Enabled. Their role, password and API tokens are as they were."))
        }
        _ => Err(Failed::Page(PageError::Invalid("The form does not say what to do.".to_owned()))),
    }
}

fn address(typed: &str) -> Result<EmailAddress, ActionError> {
    let refused = |error: NotAnAddress| ActionError::Invalid { field: "email", why: format!("nothing was saved: {error}") };
    typed.parse().map_err(refused)
}

/// How many API tokens of theirs are good.
async fn tokens(panel: &Panel, id: PersonId) -> Result<i64, Failed> {
    let now = panel.desk.clock.now();
    let mut conn = panel.desk.store.read().await.map_err(|error| Failed::Page(error.into()))?;
    api_tokens::good_of(&mut conn, id, now).await.map_err(|error| Failed::Page(error.into()))
}

/// A token is no session: a program does not sign in again by itself.
async fn tokens_left(panel: &Panel, id: PersonId) -> Result<String, Failed> {
    Ok(match tokens(panel, id).await? {
        0 => String::new(),
        1 => " Their API token still works: it is revoked under Settings, API tokens.".to_owned(),
        n => format!(" Their {n} API tokens still work: they are revoked under Settings, API tokens."),
    })
}

fn handed_back(tickets: &[TicketNumber]) -> String {
    match tickets {
        [] => String::new(),
        [one] => format!(" #{one} went back to Unassigned."),
        many => format!(" {} open tickets went back to Unassigned.", many.len()),
    }
}
