//! One held message: all that it says, why it is held, and where it may belong.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use crate::{
    actions::{
        held::Seen,
        read_held::{find_held, offered, read_held},
        sender_rules as rules,
    },
    desk::{
        address::{EmailAddress, Named},
        id::LedgerId,
        message::{IncomingAttachment, IncomingMessage, Kind as MessageKind},
        sender::{SenderPattern, SenderVerdict},
        triage::{Asked, Trace},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        files::{download, header_of, whole_mail},
        page::{self, Flash, Place},
        prose::{Picture, from_text, is_picture},
        row::RowView,
        url::Path,
        visitor::{Staff, Visitor},
        words::{SenderMark, When, size},
    },
    store::{
        Conn,
        held::HeldMail,
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
    /// The same, and when it was so, for the forms.
    seen: String,
    ticket: Option<i64>,
    /// Whether there is enough of it to make a ticket.
    whole: bool,
    has_requester: bool,
    /// As what it would join a ticket.
    joins: &'static str,
    typed: Typed,
    facts: Vec<(&'static str, String)>,
    /// As HTML.
    text: String,
    quoted: Option<String>,
    quote_title: &'static str,
    cut: bool,
    files: Vec<FileLink>,
    trace: Vec<Asked>,
    /// What reading it had to mend, guess or leave out.
    mended: Vec<String>,
    headers: String,
    offers: Vec<Offer>,
    from: Option<Sender>,
}

/// The number of a ticket that was refused, and why.
#[derive(Default, Serialize)]
struct Typed {
    number: String,
    err: Option<String>,
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

/// What the block list says of its sender, and what it could be told.
#[derive(Serialize)]
struct Sender {
    /// The rule that counts.
    rule: Option<String>,
    offers: Vec<RuleOffer>,
}

/// One row of buttons.
#[derive(Serialize)]
struct RuleOffer {
    title: &'static str,
    /// What a button sends, and whom it is about.
    patterns: Vec<(String, String)>,
}

/// `GET /held/{id}`.
pub(crate) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Path(id): Path<i64>) -> Result<Response, PageError> {
    let one = read(&panel, &visitor, id, Typed::default()).await?;
    page::show(&panel, &visitor, Place::Held, "held-message.html", &one).await
}

/// The page again, with what was typed and why it was refused; above the page where it has no field by now.
pub(super) async fn again(panel: &Panel, visitor: &Visitor, id: i64, number: &str, why: String) -> Result<Response, PageError> {
    let one = read(panel, visitor, id, Typed { number: number.to_owned(), err: Some(why.clone()) }).await?;
    let on_ticket = one.ticket.is_some() && one.state != Held::Waiting.as_str();
    if on_ticket || !one.whole {
        return Ok(page::go(panel, visitor, &format!("/held/{id}"), &Flash::refused(why)));
    }
    let mut response = page::show(panel, visitor, Place::Held, "held-message.html", &one).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn read(panel: &Panel, visitor: &Visitor, id: i64, typed: Typed) -> Result<One, PageError> {
    let now = panel.desk.clock.now();
    let mut conn = panel.desk.store.read().await?;
    let mail = find_held(&panel.desk, &mut conn, &visitor.person, LedgerId(id)).await?;
    let raw = panel.desk.store.blobs().get(&mut conn, &mail.sha256).await?.ok_or(PageError::Missing)?;
    let author = mail.sender.as_deref().and_then(|it| it.parse::<EmailAddress>().ok());
    let from = match &author {
        Some(author) => sender(panel, &mut conn, author).await?,
        None => None,
    };
    drop(conn);
    let message = read_held(&panel.desk, &visitor.person, mail.id).await?;
    let offers = match mail.held {
        Held::Waiting | Held::Discarded => offered(&panel.desk, &visitor.person, &message).await?,
        Held::Released => Vec::new(),
    };
    let Trace(trace) = serde_json::from_str(&mail.trace).unwrap_or_default();
    let (text, quoted, cut) = words(&message, id);
    let header = header_of(&raw);
    Ok(One {
        id,
        subject: super::subject(&mail),
        sender: super::sender(&mail),
        badge: mail.held_for.title(),
        why: sentence(&mail.reason),
        since: super::since(&mail, now),
        state: mail.held.as_str(),
        seen: Seen { held: mail.held, at: now }.word(),
        ticket: mail.ticket.map(|it| it.0),
        whole: mail.taken == Taken::Whole,
        has_requester: message.requester.is_some(),
        joins: joins(&message),
        typed,
        facts: facts(panel, &mail, &message),
        text,
        quoted,
        quote_title: match (message.quoted.trim().is_empty(), message.signature.trim().is_empty()) {
            (true, false) => "Signature",
            (false, true) => "Quoted text",
            (true, true) | (false, false) => "Quoted text and signature",
        },
        cut,
        files: files(&message),
        trace,
        mended: message.warnings.iter().map(|it| sentence(it)).collect(),
        headers: String::from_utf8_lossy(&header[..header.len().min(SHOWN_HEADER)]).into_owned(),
        offers: offers.iter().map(|it| Offer { ticket: RowView::new(panel, &it.ticket), because: it.because }).collect(),
        from,
    })
}

/// The rule that counts is said, and its opposite offered, for nothing less exact; where there is none, either.
async fn sender(panel: &Panel, conn: &mut Conn, author: &EmailAddress) -> Result<Option<Sender>, PageError> {
    let mut patterns = rules::offered(&panel.desk, conn, author).await?;
    let in_force = sender_rules::about(conn, [author].into_iter()).await?;
    let counts = in_force.iter().max_by_key(|it| (it.pattern.exactness(), it.verdict));
    patterns.retain(|it| counts.is_none_or(|rule| it.exactness() >= rule.pattern.exactness()));
    let verdicts = counts.map_or_else(|| vec![SenderVerdict::Hold, SenderVerdict::NeverHold], |it| vec![it.verdict.opposite()]);
    let rule = counts.map(|it| {
        let why = if it.note.is_empty() { String::new() } else { format!(": {}", it.note) };
        format!("{} (added by {}{why}).", it.verdict.of(&it.pattern), it.made_by)
    });
    let offers = verdicts.into_iter().map(|verdict| RuleOffer {
        title: verdict.title(),
        patterns: patterns.iter().map(|it| (verb(verdict, it).to_owned(), it.to_string())).collect(),
    });
    Ok((!patterns.is_empty()).then(|| Sender { rule, offers: offers.collect() }))
}

/// As `settle.rs` reads it.
fn verb(verdict: SenderVerdict, pattern: &SenderPattern) -> &'static str {
    match (verdict, pattern) {
        (SenderVerdict::Hold, SenderPattern::Address(_)) => "hold-address",
        (SenderVerdict::Hold, SenderPattern::Domain(_)) => "hold-domain",
        (SenderVerdict::NeverHold, SenderPattern::Address(_)) => "never-address",
        (SenderVerdict::NeverHold, SenderPattern::Domain(_)) => "never-domain",
    }
}

fn joins(message: &IncomingMessage) -> &'static str {
    if message.kind.automated() {
        "It is automatic: it joins as a folded message that only staff see, and nobody is added."
    } else if message.author().is_none() {
        "It names no sender: it joins as a folded message that only staff see, and nobody is added."
    } else {
        "Its sender takes part from now on: they are sent what is said from here, and may answer by mail."
    }
}

/// Its new words and its quoted ones, as HTML; and whether there is more.
fn words(message: &IncomingMessage, id: i64) -> (String, Option<String>, bool) {
    let all = message.reply.trim().is_empty();
    let text = if all { message.text.trim() } else { message.reply.trim() };
    let quoted = [message.quoted.trim(), message.signature.trim()].into_iter().filter(|it| !it.is_empty() && !all);
    let quoted = quoted.collect::<Vec<_>>().join("\n\n");
    let pictures = pictures(message, id);
    let start = |text: &str| from_text(&text.chars().take(SHOWN_TEXT).collect::<String>(), &pictures);
    let mut shown = if text.is_empty() { "<p>(no text)</p>".to_owned() } else { start(text) };
    shown.extend(message.invitation_beside_the_text().map(start));
    let cut = text.len().max(quoted.len()) > SHOWN_TEXT && text.chars().count().max(quoted.chars().count()) > SHOWN_TEXT;
    (shown, (!quoted.is_empty()).then(|| start(&quoted)), cut)
}

/// Those of its files that its text may show.
fn pictures(message: &IncomingMessage, id: i64) -> Vec<Picture> {
    let shown = message.attachments.iter().enumerate().filter(|(_, it)| is_picture(&it.content_type));
    let picture = |(at, it): (usize, &IncomingAttachment)| {
        Some(Picture { content_id: it.content_id.clone()?, src: format!("/held/{id}/files/{at}"), name: it.shown_name(at) })
    };
    shown.filter_map(picture).collect()
}

fn files(message: &IncomingMessage) -> Vec<FileLink> {
    let link = |(at, it): (usize, &IncomingAttachment)| FileLink {
        name: it.shown_name(at),
        size: size(it.bytes.len() as u64),
        icon: if it.content_type.starts_with("image/") { "image" } else { "file-text" },
    };
    message.attachments.iter().enumerate().map(link).collect()
}

fn facts(panel: &Panel, mail: &HeldMail, message: &IncomingMessage) -> Vec<(&'static str, String)> {
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
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
    let mut conn = panel.desk.store.read().await?;
    let row = find_held(&panel.desk, &mut conn, &visitor.person, LedgerId(id)).await?;
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
    let file = message.attachments.into_iter().nth(place).ok_or(PageError::Missing)?;
    Ok(download(&file.shown_name(place), file.bytes))
}
