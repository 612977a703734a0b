//! Every message that ever arrived, and what became of it: what is on no other page is on this one.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{ActionError, read_again::read_again},
    desk::{
        id::LedgerId,
        permission::Act,
        triage::{Asked, Trace},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        files::{gone_in_words, whole_mail},
        page::{self, Place},
        url::{Path, Query},
        visitor::Admin,
        words::{SenderMark, When},
    },
    store::{
        StoreError,
        corrections::{self, Gone},
        ledger::{self, Line, Probes},
    },
};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Behind {
    #[serde(default, deserialize_with = "page::row_id")]
    before: Option<i64>,
    /// `shown`: round-trip probes, too.
    probes: Option<String>,
}

#[derive(Serialize)]
struct List {
    /// Whether a mailbox writes to itself; none: no.
    probes: Option<&'static str>,
    lines: Vec<Shown>,
    next: Option<i64>,
}

/// One message.
#[derive(Serialize)]
struct Shown {
    id: i64,
    subject: String,
    sender: String,
    to: String,
    when: When,
    /// What became of it, in a word or two, and the colour of it.
    became: &'static str,
    class: &'static str,
    why: String,
    /// What people made of it since, oldest first.
    since: Vec<String>,
    ticket: Option<i64>,
    held: bool,
    sightings: i64,
}

#[derive(Serialize)]
struct One {
    message: Shown,
    /// What our mail server says about the sender; none before the message is decided.
    sender: Option<String>,
    trace: Vec<Asked>,
    /// What reading it had to mend, guess or leave out.
    mended: Vec<String>,
    /// Why its source cannot be saved any more.
    expired: Option<String>,
}

/// `GET /mail/messages`.
pub(super) async fn list(State(panel): State<Panel>, Admin(visitor): Admin, Query(asked): Query<Behind>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::Manage)?;
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut conn = panel.desk.store.read().await?;
    let probes = if asked.probes.as_deref() == Some("shown") { Probes::Shown } else { Probes::LeftOut };
    let mut rows = ledger::list(&mut conn, probes, asked.before.map(LedgerId), limit).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let gone = corrections::ways_of_mails(&mut conn, &rows.iter().map(|it| it.id).collect::<Vec<_>>()).await?;
    drop(conn);
    let lines = rows.iter().map(|it| shown(&panel, it, &gone)).collect();
    let any = panel.desk.mailboxes.iter().any(|(_, it)| it.probes().is_some());
    let probes = match probes {
        Probes::Shown => Some("shown"),
        Probes::LeftOut => any.then_some("left out"),
    };
    let own = List { probes, next: rows.last().filter(|_| more).map(|it| it.id.0), lines };
    page::show(&panel, &visitor, Place::Mailboxes, "ledger.html", &own).await
}

/// `GET /mail/messages/{id}`.
pub(super) async fn show(State(panel): State<Panel>, Admin(visitor): Admin, Path(id): Path<i64>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::Manage)?;
    let mut conn = panel.desk.store.read().await?;
    let line = ledger::get(&mut conn, LedgerId(id)).await?.ok_or(PageError::Missing)?;
    let gone = corrections::ways_of_mails(&mut conn, &[line.id]).await?;
    drop(conn);
    let Trace(trace) = serde_json::from_str(&line.trace).unwrap_or_default();
    let sender = line.decision.is_some().then(|| SenderMark::in_words(line.sender_check.as_ref()));
    // Without its octets, what is known of it is shown all the same.
    let mail = read_again(&panel.desk, &line.sha256).await;
    let expired = match &mail {
        Err(ActionError::Store(why @ (StoreError::Expired | StoreError::Erased))) => Some(sentence(why)),
        Ok(_) | Err(_) => None,
    };
    let mended = mail.iter().flat_map(|it| &it.warnings).map(|it| sentence(it)).collect();
    let own = One { message: shown(&panel, &line, &gone), sender, trace, mended, expired };
    page::show(&panel, &visitor, Place::Mailboxes, "ledger-message.html", &own).await
}

/// `GET /mail/messages/{id}/source`: the octets as they came, to be saved.
pub(super) async fn source(State(panel): State<Panel>, Admin(visitor): Admin, Path(id): Path<i64>) -> Result<Response, PageError> {
    panel.desk.allow(&visitor.person, Act::Manage)?;
    let mut conn = panel.desk.store.read().await?;
    let line = ledger::get(&mut conn, LedgerId(id)).await?.ok_or(PageError::Missing)?;
    let raw = panel.desk.store.blobs().get(&mut conn, &line.sha256).await?.ok_or(PageError::Missing)?;
    Ok(whole_mail(&format!("message-{id}"), raw))
}

/// The reason is what was decided when it came; what people did since stands behind it.
fn shown(panel: &Panel, line: &Line, gone: &[(LedgerId, Gone)]) -> Shown {
    let (became, class) = became(line);
    Shown {
        id: line.id.0,
        subject: if line.subject.trim().is_empty() { "(no subject)".to_owned() } else { line.subject.clone() },
        sender: line.sender.clone().unwrap_or_else(|| "nobody".to_owned()),
        to: line.mailbox.clone(),
        when: When::new(line.received_at, panel.desk.clock.now(), &panel.zone()),
        became,
        class,
        why: sentence(&line.reason),
        since: gone.iter().filter(|(id, _)| *id == line.id).map(|(_, it)| sentence(&gone_in_words(it))).collect(),
        ticket: line.ticket.map(|it| it.0),
        held: line.held.is_some(),
        sightings: line.sightings,
    }
}

fn became(line: &Line) -> (&'static str, &'static str) {
    match (line.decision.as_deref(), line.held.as_deref()) {
        (_, Some("waiting")) => ("Held", "warn"),
        (_, Some("discarded")) => ("Discarded", ""),
        (Some("open-ticket"), _) => ("New ticket", "ok"),
        (Some("add-comment"), _) => ("Joined", "ok"),
        (Some("record-bounce"), _) => ("Bounce noted", ""),
        (Some("ignore"), _) => ("Ignored", ""),
        (Some(_), _) => ("Held", "warn"),
        (None, _) => ("Not decided yet", "warn"),
    }
}
