//! One held message: all that it says, why it is held, and where it may belong.

use axum::{
    extract::{Path, State},
    response::Response,
};
use serde::Serialize;

use crate::{
    actions::read_held::{file_name, offered, read_held},
    desk::{
        address::{EmailAddress, Named},
        id::LedgerId,
        message::{IncomingMessage, Kind as MessageKind},
        permission::Act,
        sender::SenderPattern,
        triage::{Asked, Trace},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        files::{download, header_of, whole_mail},
        page::{self, Place},
        prose::from_text,
        tickets::RowView,
        visitor::Staff,
        words::{SenderMark, When, size},
    },
    store::{
        held::{self, HeldMail},
        messages::{Held, Taken},
        sender_rules,
    },
};

/// So much of a message's text is shown; characters.
const SHOWN_TEXT: usize = 100_000;

/// So much of its header; bytes.
const SHOWN_HEADER: usize = 64 * 1024;

#[derive(Serialize)]
struct One {
    id: i64,
    subject: String,
    sender: super::SenderWords,
    badge: &'static str,
    why: String,
    since: String,
    /// `waiting`, `discarded` or `released`.
    state: &'static str,
    ticket: Option<i64>,
    /// Whether there is enough of it to make a ticket.
    whole: bool,
    has_requester: bool,
    automatic: bool,
    facts: Vec<(&'static str, String)>,
    /// As HTML.
    text: String,
    quoted: Option<String>,
    cut: bool,
    files: Vec<FileLink>,
    trace: Vec<Asked>,
    headers: String,
    offers: Vec<Offer>,
    from: Option<Sender>,
    rules: Vec<String>,
}

#[derive(Serialize)]
struct FileLink {
    name: String,
    size: String,
    icon: &'static str,
}

/// A ticket that it may belong to.
#[derive(Serialize)]
struct Offer {
    #[serde(flatten)]
    ticket: RowView,
    because: &'static str,
}

/// Whom a rule would be about.
#[derive(Serialize)]
struct Sender {
    address: String,
    domain: String,
}

/// `GET /held/{id}`.
pub(crate) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Path(id): Path<i64>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let mut conn = panel.desk.store.read().await?;
    let mail = held::get(&mut conn, LedgerId(id)).await?.ok_or(PageError::Missing)?;
    let raw = panel.desk.store.blobs().get(&mut conn, &mail.sha256).await?.ok_or(PageError::Missing)?;
    let author = mail.sender.as_deref().and_then(|it| it.parse::<EmailAddress>().ok());
    let rules = sender_rules::about(&mut conn, author.iter()).await?;
    drop(conn);
    let message = read_held(&panel.desk, &visitor.person, mail.id).await?;
    let offers = match mail.held {
        Held::Waiting | Held::Discarded => offered(&panel.desk, &visitor.person, &message).await?,
        Held::Released => Vec::new(),
    };
    let Trace(trace) = serde_json::from_str(&mail.trace).unwrap_or_default();
    let (text, quoted, cut) = words(&message);
    let header = header_of(&raw);
    let one = One {
        id,
        subject: super::subject(&mail),
        sender: super::sender(&mail),
        badge: mail.held_for.title(),
        why: sentence(&mail.reason),
        since: super::since(&mail, panel.desk.clock.now()),
        state: mail.held.as_str(),
        ticket: mail.ticket.map(|it| it.0),
        whole: mail.taken == Taken::Whole,
        has_requester: message.requester.is_some(),
        automatic: message.kind.automated() || message.author().is_none(),
        facts: facts(&panel, &mail, &message),
        text,
        quoted,
        cut,
        files: files(&message),
        trace,
        headers: String::from_utf8_lossy(&header[..header.len().min(SHOWN_HEADER)]).into_owned(),
        offers: offers.iter().map(|it| Offer { ticket: RowView::new(&panel, &it.ticket), because: it.because }).collect(),
        from: author.map(|it| Sender { domain: SenderPattern::Domain(it.domain().to_owned()).to_string(), address: it.folded() }),
        rules: rules.iter().map(|it| format!("{}: {}", it.verdict.title(), it.pattern)).collect(),
    };
    page::show(&panel, &visitor, Place::Held, "held-message.html", &one).await
}

/// Its new words and its quoted ones, as HTML; and whether there is more.
fn words(message: &IncomingMessage) -> (String, Option<String>, bool) {
    let all = message.reply.trim().is_empty();
    let text = if all { message.text.trim() } else { message.reply.trim() };
    let quoted = [message.quoted.trim(), message.signature.trim()].into_iter().filter(|it| !it.is_empty() && !all);
    let quoted = quoted.collect::<Vec<_>>().join("\n\n");
    let start = |text: &str| from_text(&text.chars().take(SHOWN_TEXT).collect::<String>());
    let shown = if text.is_empty() { "<p>(no text)</p>".to_owned() } else { start(text) };
    let cut = text.len().max(quoted.len()) > SHOWN_TEXT && text.chars().count().max(quoted.chars().count()) > SHOWN_TEXT;
    (shown, (!quoted.is_empty()).then(|| start(&quoted)), cut)
}

fn files(message: &IncomingMessage) -> Vec<FileLink> {
    let link = |(at, it): (usize, &crate::desk::message::IncomingAttachment)| FileLink {
        name: file_name(it.filename.as_deref(), at),
        size: size(it.bytes.len() as u64),
        icon: if it.content_type.starts_with("image/") { "image" } else { "file-text" },
    };
    message.attachments.iter().enumerate().map(link).collect()
}

fn facts(panel: &Panel, mail: &HeldMail, message: &IncomingMessage) -> Vec<(&'static str, String)> {
    let (now, zone) = (panel.desk.clock.now(), &panel.desk.settings.time_zone);
    let list = |of: &[Named]| of.iter().take(20).map(|it| it.address.to_string()).collect::<Vec<_>>().join(", ");
    let answers: Vec<_> = message.reply_to.iter().filter(|it| Some(it.address.folded()) != mail.sender).cloned().collect();
    let mut facts = vec![("From", mail.sender.clone().unwrap_or_else(|| "no usable address".to_owned()))];
    for (name, value) in [("Answers to", list(&answers)), ("To", list(&message.to)), ("Cc", list(&message.cc))] {
        if !value.is_empty() {
            facts.push((name, value));
        }
    }
    facts.push(("Kind", kind(message.kind).to_owned()));
    facts.push(("Sender", SenderMark::in_words(mail.sender_check.as_ref())));
    facts.push(("Mailbox", mail.mailbox_address.clone()));
    facts.push(("Received", When::new(mail.received_at, now, zone).full));
    facts.push(("Size", size(u64::try_from(mail.size).unwrap_or(0))));
    if let Some((name, at)) = &mail.settled {
        let what = match mail.held {
            Held::Waiting => "Put back by",
            Held::Released => "Released by",
            Held::Discarded => "Discarded by",
        };
        facts.push((what, format!("{name}, {}", When::new(*at, now, zone).full)));
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

/// `GET /held/{id}/source`: the octets as they came, to be saved.
pub(crate) async fn source(State(panel): State<Panel>, Staff(visitor): Staff, Path(id): Path<i64>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let mut conn = panel.desk.store.read().await?;
    let row = held::get(&mut conn, LedgerId(id)).await?.ok_or(PageError::Missing)?;
    let raw = panel.desk.store.blobs().get(&mut conn, &row.sha256).await?.ok_or(PageError::Missing)?;
    Ok(whole_mail(&format!("held-message-{id}"), raw))
}

/// `GET /held/{id}/files/{place}`: an attachment, counted from 0.
pub(crate) async fn file(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path((id, place)): Path<(i64, usize)>,
) -> Result<Response, PageError> {
    let message = read_held(&panel.desk, &visitor.person, LedgerId(id)).await?;
    let mut attachments = message.attachments;
    if place >= attachments.len() {
        return Err(PageError::Missing);
    }
    let file = attachments.swap_remove(place);
    Ok(download(&file_name(file.filename.as_deref(), place), file.bytes))
}
