//! Saved replies: the page where they are kept, and what a ticket offers of them.

use axum::{extract::State, http::StatusCode, response::Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind,
        saved_replies::{self as actions, may_share},
    },
    desk::{
        id::{MailboxId, SavedReplyId},
        person::Person,
        placeholder::Placeholder,
        ticket::Ticket,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        settings::{self, Tab},
        url::{Path, Query},
        visitor::{Staff, Visitor},
        words::{Choice, When},
    },
    store::{
        Conn,
        saved_replies::{self, SavedReply, Saving},
    },
};

/// Uses are counted for so long.
pub(crate) const COUNTED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One as the composer offers it.
#[derive(Serialize)]
pub(super) struct Offer {
    id: i64,
    name: String,
    start: String,
    own: bool,
}

/// What somebody may put into a reply on this ticket: those sent most often first.
pub(super) async fn offers(panel: &Panel, conn: &mut Conn, me: &Person, ticket: &Ticket) -> Result<Vec<Offer>, PageError> {
    let mut all = saved_replies::of(conn, me.id, since(panel)).await?;
    all.retain(|it| it.mailbox.is_none_or(|mailbox| mailbox == ticket.mailbox));
    all.sort_by_key(|it| std::cmp::Reverse(it.used));
    Ok(all.into_iter().map(|it| Offer { id: it.id.0, start: start(&it.body), name: it.name, own: it.owner.is_some() }).collect())
}

fn since(panel: &Panel) -> Timestamp {
    panel.desk.clock.now() - COUNTED_FOR
}

/// The first words, on one line.
fn start(body: &str) -> String {
    body.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(80).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    q: String,
    /// The one to change.
    #[serde(deserialize_with = "page::row_id")]
    edit: Option<i64>,
    /// A new one.
    new: Option<u8>,
}

#[derive(Serialize)]
struct ListPage {
    words: String,
    rows: Vec<Row>,
    /// Whether there are any at all.
    any: bool,
    form: Option<Form>,
    mailboxes: Vec<Choice>,
    may_share: bool,
    placeholders: Vec<&'static str>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    name: String,
    start: String,
    mailbox: String,
    own: bool,
    may_change: bool,
    used: i64,
    by: String,
    when: When,
}

/// What is being written, or was and was refused.
#[derive(Clone, Debug, Default, Serialize)]
struct Form {
    id: Option<i64>,
    name: String,
    body: String,
    mailbox: String,
    shared: bool,
    /// The field that is wrong, and why.
    field: &'static str,
    err: String,
}

impl Form {
    fn of(it: &SavedReply) -> Self {
        Self {
            id: Some(it.id.0),
            name: it.name.clone(),
            body: it.body.clone(),
            mailbox: it.mailbox.map(|it| it.to_string()).unwrap_or_default(),
            shared: it.owner.is_none(),
            ..Self::default()
        }
    }
}

/// `GET /settings/canned`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    draw(&panel, &visitor, &asked, None).await
}

async fn draw(panel: &Panel, visitor: &Visitor, asked: &Asked, typed: Option<Form>) -> Result<Response, PageError> {
    let me = &visitor.person;
    let mut conn = panel.desk.store.read().await?;
    let all = saved_replies::of(&mut conn, me.id, since(panel)).await?;
    drop(conn);
    let shares = may_share(&panel.desk, me);
    let words: String = asked.q.trim().chars().take(100).collect();
    let edited = asked.edit.and_then(|id| all.iter().find(|it| it.id.0 == id && (it.owner.is_some() || shares)));
    if asked.edit.is_some() && edited.is_none() && typed.is_none() {
        return Err(PageError::Missing);
    }
    let new = asked.new.is_some().then(|| Form { shared: shares, ..Form::default() });
    let list = ListPage {
        any: !all.is_empty(),
        rows: all.iter().filter(|it| says(it, &words)).map(|it| row(panel, it, shares)).collect(),
        form: typed.or_else(|| edited.map(Form::of)).or(new),
        mailboxes: panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, it.address.to_string())).collect(),
        may_share: shares,
        placeholders: Placeholder::ALL.map(Placeholder::as_str).to_vec(),
        words,
    };
    settings::show(panel, visitor, Tab::SavedReplies, "settings-canned.html", &list, None).await
}

fn says(it: &SavedReply, words: &str) -> bool {
    let text = format!("{}\n{}", it.name, it.body).to_lowercase();
    words.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

fn row(panel: &Panel, it: &SavedReply, shares: bool) -> Row {
    let mailbox =
        it.mailbox.map(|id| panel.desk.mailboxes.get(id).map_or_else(|| "a mailbox that is gone".to_owned(), |it| it.address.to_string()));
    Row {
        id: it.id.0,
        name: it.name.clone(),
        start: start(&it.body),
        mailbox: mailbox.unwrap_or_else(|| "All".to_owned()),
        own: it.owner.is_some(),
        may_change: it.owner.is_some() || shares,
        used: it.used,
        by: it.changed_by.clone(),
        when: When::new(it.changed_at, panel.desk.clock.now(), &panel.zone()),
    }
}

fn typed(fields: &Fields, id: Option<i64>) -> Form {
    Form {
        id,
        name: fields.get("name").to_owned(),
        body: fields.text("body").to_owned(),
        mailbox: fields.get("mailbox").to_owned(),
        shared: fields.get("whose") == "shared",
        ..Form::default()
    }
}

fn saving(form: &Form, visitor: &Visitor) -> Result<Saving, PageError> {
    let unknown = |_| PageError::Invalid("There is no such mailbox; choose one of the list.".to_owned());
    let mailbox = Some(&form.mailbox).filter(|it| !it.is_empty()).map(|it| it.parse().map(MailboxId)).transpose().map_err(unknown)?;
    let owner = (!form.shared).then_some(visitor.person.id);
    Ok(Saving { owner, mailbox, name: form.name.clone(), body: form.body.clone() })
}

/// `POST /settings/canned`: a new one.
pub(super) async fn add(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["name", "body", "mailbox", "whose", "do"])?;
    let form = typed(&fields, None);
    match actions::add(&panel.desk, &visitor.person, &saving(&form, &visitor)?).await {
        Ok(_) => Ok(done(&panel, &visitor, &format!("Saved: “{}”.", form.name))),
        Err(error) => refused(&panel, &visitor, form, error).await,
    }
}

/// `POST /settings/canned/{id}`: changes one, or removes it.
pub(super) async fn change(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["name", "body", "mailbox", "whose", "do"])?;
    let (desk, me) = (&panel.desk, &visitor.person);
    if fields.get("do") == "delete" {
        let was = actions::remove(desk, me, SavedReplyId(id)).await?;
        let whose = if was.owner.is_some() { "own" } else { "shared" };
        let mailbox = was.mailbox.map(|it| it.to_string()).unwrap_or_default();
        let again = [("name", was.name.clone()), ("body", was.body), ("mailbox", mailbox), ("whose", whose.to_owned())];
        let again = again.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let flash = Flash::done(format!("Removed: “{}”.", was.name)).undo("/settings/canned", again);
        return Ok(page::go(&panel, &visitor, "/settings/canned", &flash));
    }
    let form = typed(&fields, Some(id));
    match actions::change(desk, me, SavedReplyId(id), &saving(&form, &visitor)?).await {
        Ok(()) => Ok(done(&panel, &visitor, &format!("Saved: “{}”.", form.name))),
        Err(error) => refused(&panel, &visitor, form, error).await,
    }
}

fn done(panel: &Panel, visitor: &Visitor, told: &str) -> Response {
    page::go(panel, visitor, "/settings/canned", &Flash::done(told))
}

/// The form again, with what was typed.
async fn refused(panel: &Panel, visitor: &Visitor, form: Form, error: ActionError) -> Result<Response, PageError> {
    match (&error, error.kind()) {
        (ActionError::Invalid { field, why }, _) => {
            let form = Form { field, err: sentence(why), ..form };
            let mut response = draw(panel, visitor, &Asked::default(), Some(form)).await?;
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(response)
        }
        (_, Kind::Missing | Kind::Forbidden | Kind::Conflict | Kind::Invalid | Kind::Broken) => Err(error.into()),
    }
}
