//! Mail that was taken in and not acted on: read it, release it to a ticket, discard it, take that back.

use axum::{
    extract::{Path, Query, State},
    response::Response,
};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{Kind, held as actions, read_held::read_held},
    desk::{
        id::LedgerId,
        message::{IncomingMessage, Kind as MessageKind},
        permission::Act,
        triage::Trace,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        files::whole_mail,
        form::Fields,
        page::{self, Flash, Place},
        prose::from_text,
        visitor::Staff,
        words::{SenderMark, When, size},
    },
    store::{
        held::{self, HeldMail},
        messages::{Held, Taken},
    },
};

const PAGE: usize = 20;

/// So much of a message's text is shown; characters.
const SHOWN_TEXT: usize = 20_000;

/// A message up to so many bytes is read for the list itself; a larger one on its own page.
const READ_IN_LIST: i64 = 256 * 1024;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    state: Option<String>,
    before: Option<i64>,
}

#[derive(Serialize)]
struct List {
    discarded: bool,
    items: Vec<Item>,
    next: Option<i64>,
}

/// One held message.
#[derive(Serialize)]
struct Item {
    id: i64,
    subject: String,
    sender: String,
    to: String,
    when: When,
    /// What stopped it, in a word or two.
    badge: &'static str,
    /// Why, as a sentence.
    why: String,
    facts: Vec<(&'static str, String)>,
    /// As HTML; none: too large to be read here.
    text: Option<String>,
    cut: bool,
    /// `waiting`, `discarded` or `released`.
    state: &'static str,
    ticket: Option<i64>,
    /// Whether there is enough of it to make a ticket.
    whole: bool,
}

/// `GET /held`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let state = if asked.state.as_deref() == Some("discarded") { Held::Discarded } else { Held::Waiting };
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut conn = panel.desk.store.read().await?;
    let mut rows = held::list(&mut conn, state, asked.before.map(LedgerId), limit).await?;
    drop(conn);
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let message = if row.size <= READ_IN_LIST { Some(read_held(&panel.desk, &visitor.person, row.id).await?) } else { None };
        items.push(item(&panel, row, message.as_ref()));
    }
    let own = List { discarded: state == Held::Discarded, next: rows.last().filter(|_| more).map(|it| it.id.0), items };
    page::show(&panel, &visitor, Place::Held, "held.html", &own).await
}

#[derive(Serialize)]
struct One {
    item: Item,
    trace: Vec<crate::desk::triage::Asked>,
}

/// `GET /held/{id}`.
pub(super) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Path(id): Path<i64>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let row = held::get(&mut *panel.desk.store.read().await?, LedgerId(id)).await?.ok_or(PageError::Missing)?;
    let message = read_held(&panel.desk, &visitor.person, row.id).await?;
    let Trace(trace) = serde_json::from_str(&row.trace).unwrap_or_default();
    page::show(&panel, &visitor, Place::Held, "held-message.html", &One { item: item(&panel, &row, Some(&message)), trace }).await
}

/// `GET /held/{id}/source`: the octets as they came, to be saved.
pub(super) async fn source(State(panel): State<Panel>, Staff(visitor): Staff, Path(id): Path<i64>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let mut conn = panel.desk.store.read().await?;
    let row = held::get(&mut conn, LedgerId(id)).await?.ok_or(PageError::Missing)?;
    let raw = panel.desk.store.blobs().get(&mut conn, &row.sha256).await?.ok_or(PageError::Missing)?;
    Ok(whole_mail(&format!("held-message-{id}"), raw))
}

/// `POST /held/{id}`.
pub(super) async fn settle(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do"])?;
    let (desk, id) = (&panel.desk, LedgerId(id));
    let done = match fields.get("do") {
        "release" => actions::release(desk, &visitor.person, id)
            .await
            .map(|number| (format!("/tickets/{number}"), Flash::done(format!("Released to #{number}.")))),
        "discard" => actions::discard(desk, &visitor.person, id)
            .await
            .map(|()| ("/held".to_owned(), Flash::done("Discarded. It stays among the discarded, where it can be taken back."))),
        "back" => actions::take_back(desk, &visitor.person, id).await.map(|()| ("/held".to_owned(), Flash::done("Taken back."))),
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    match done {
        Ok((to, flash)) => Ok(page::go(&panel, &visitor, &to, &flash)),
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
            Ok(page::go(&panel, &visitor, &format!("/held/{id}"), &Flash::refused(sentence(&error))))
        }
        Err(error) => Err(error.into()),
    }
}

fn item(panel: &Panel, row: &HeldMail, message: Option<&IncomingMessage>) -> Item {
    let (now, zone) = (panel.desk.clock.now(), &panel.desk.settings.time_zone);
    let text = message.map(|it| it.text.trim());
    let Trace(trace) = serde_json::from_str(&row.trace).unwrap_or_default();
    let address = row.sender.clone().unwrap_or_else(|| "nobody".to_owned());
    Item {
        id: row.id.0,
        subject: if row.subject.trim().is_empty() { "(no subject)".to_owned() } else { row.subject.clone() },
        sender: row.sender_name.as_ref().filter(|it| !it.is_empty()).map_or_else(|| address.clone(), |name| format!("{name} <{address}>")),
        to: row.mailbox_address.clone(),
        when: When::new(row.received_at, now, zone),
        badge: trace.iter().rfind(|it| it.decides).map_or("Held", |it| badge(&it.question)),
        why: sentence(&row.reason),
        facts: facts(row, message, &When::new(row.received_at, now, zone)),
        cut: text.is_some_and(|it| it.chars().count() > SHOWN_TEXT),
        text: text.map(|it| {
            if it.is_empty() { "<p>(no text)</p>".to_owned() } else { from_text(&it.chars().take(SHOWN_TEXT).collect::<String>()) }
        }),
        state: row.held.as_str(),
        ticket: row.ticket.map(|it| it.0),
        whole: row.taken == Taken::Whole,
    }
}

/// What stopped a message, from the question that decided (`desk/triage`).
fn badge(question: &str) -> &'static str {
    match question {
        "A delivery report?" => "Delivery report",
        "Written by a machine?" => "Automatic",
        "Suspected?" => "Suspected",
        "Too many?" => "Too many",
        "A helper's answer to a notice?" => "Doubtful answer",
        "A new ticket?" => "No sender",
        "Can it be decided?" | "Poison?" => "Could not be read",
        "Too large?" => "Too large",
        "Can it be fetched?" => "Could not be fetched",
        _ => "Held",
    }
}

fn facts(row: &HeldMail, message: Option<&IncomingMessage>, received: &When) -> Vec<(&'static str, String)> {
    let mut facts = vec![("From", row.sender.clone().unwrap_or_else(|| "no usable address".to_owned()))];
    if let Some(message) = message {
        let list = |of: &[crate::desk::address::Named]| of.iter().take(20).map(|it| it.address.to_string()).collect::<Vec<_>>().join(", ");
        let answers: Vec<_> = message.reply_to.iter().filter(|it| Some(it.address.folded()) != row.sender).cloned().collect();
        for (name, value) in [("Answers to", list(&answers)), ("To", list(&message.to)), ("Cc", list(&message.cc))] {
            if !value.is_empty() {
                facts.push((name, value));
            }
        }
        facts.push(("Kind", kind(message.kind).to_owned()));
        let files: Vec<String> =
            message.attachments.iter().take(20).map(|it| it.filename.clone().unwrap_or_else(|| "unnamed".to_owned())).collect();
        if !files.is_empty() {
            facts.push(("Files", files.join(", ")));
        }
    }
    facts.push(("Sender", SenderMark::in_words(row.sender_check.as_ref())));
    facts.push(("Received", received.full.clone()));
    facts.push(("Size", size(u64::try_from(row.size).unwrap_or(0))));
    if let Some((name, _)) = &row.settled {
        facts.push((if row.held == Held::Released { "Released by" } else { "Settled by" }, name.clone()));
    }
    facts
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::New => "written by a person",
        MessageKind::Reply => "an answer by a person",
        MessageKind::AutoReply => "an automatic answer",
        MessageKind::AutoGenerated => "automatic or list mail",
        MessageKind::Bounce => "a delivery report",
        MessageKind::Report => "a report by a machine",
    }
}
