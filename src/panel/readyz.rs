//! `/readyz`: whether everything is well, with what is not and the mend, for a monitor.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::{
    actions::Desk,
    auth::keys::same,
    desk::{
        health::{Round, Shown},
        id::MailboxId,
        settings::WayIn,
        trouble::{TroubleKind, sentence, without_addresses},
    },
    panel::{Panel, visitor::Visitor},
};

#[derive(Serialize)]
struct Answer {
    ready: bool,
    #[serde(flatten)]
    told: Option<Told>,
    /// Why no more is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<&'static str>,
}

/// What a monitor is told, and nobody else.
#[derive(Serialize)]
struct Told {
    /// When the last round was; none: none was made yet.
    checked_at: Option<Timestamp>,
    troubles: Vec<Trouble>,
    mailboxes: Vec<Mailbox>,
}

#[derive(Serialize)]
struct Trouble {
    kind: &'static str,
    /// A mailbox's short name, or none.
    mailbox: Option<String>,
    since: Timestamp,
    says: String,
    mend: String,
}

#[derive(Serialize)]
struct Mailbox {
    name: String,
    /// `imap` or `lmtp`: what is handed over is never looked for.
    by: &'static str,
    last_check: Option<Timestamp>,
    last_mail: Option<Timestamp>,
    /// Listed on the server and not yet in the ledger.
    waiting: i64,
}

/// `GET /readyz`: 200 when everything is well, 503 when something is not. Everybody learns which; what is not well, and how it stands
/// with each mailbox, only who brings the `health_token`, or is signed in as staff. Nothing in it is a secret or a customer's address.
pub(super) async fn show(State(panel): State<Panel>, visitor: Option<Visitor>, headers: HeaderMap) -> Response {
    let staff = visitor.is_some_and(|it| it.person.role.is_staff());
    answer_to(&panel, staff || is_a_monitor(&panel, &headers))
}

/// The whole of it, for who may know.
pub(super) fn answer(panel: &Panel) -> Response {
    answer_to(panel, true)
}

fn answer_to(panel: &Panel, knows: bool) -> Response {
    let troubles = panel.desk.health.troubles(panel.desk.clock.now());
    let ready = troubles.is_empty() && panel.desk.health.get().is_some_and(|it| it.not_looked_into.is_empty());
    let more = (!knows).then_some("bring the health_token as Authorization: Bearer, or sign in as staff, to be told more");
    let answer = Answer { ready, told: knows.then(|| told(panel, &troubles)), more };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

/// Whether a request brings the configured token, or that of this desk's own commands.
pub(super) fn is_a_monitor(panel: &Panel, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).and_then(|it| it.strip_prefix("Bearer "));
    let Some(given) = given.map(|it| it.trim().as_bytes()) else { return false };
    let configured = panel.health_token.as_ref().is_some_and(|it| same(it.expose_secret().as_bytes(), given));
    configured || same(panel.desk.keys.monitor_token().as_bytes(), given)
}

fn told(panel: &Panel, troubles: &[Shown]) -> Told {
    let desk = &panel.desk;
    let ours: Vec<String> = desk.mailboxes.iter().map(|(_, it)| it.address.to_string()).collect();
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let round = desk.health.get();
    let mut told: Vec<Trouble> = troubles
        .iter()
        .map(|Shown { trouble, .. }| Trouble {
            kind: trouble.kind.as_str(),
            mailbox: desk.mailboxes.iter().find(|(_, it)| it.name == trouble.about).map(|(_, it)| it.name.clone()),
            since: trouble.since,
            says: sentence(&without_addresses(&trouble.says, &ours)),
            mend: sentence(&without_addresses(&trouble.mend, &ours)),
        })
        .collect();
    if round.is_none() {
        let (says, mend) = ("The desk has only begun and has not looked yet.".to_owned(), "Ask again in a few seconds.".to_owned());
        told.push(Trouble { kind: TroubleKind::Rounds.as_str(), mailbox: None, since: desk.clock.now(), says, mend });
    }
    let unknown: Vec<Trouble> = round.iter().flat_map(|it| not_looked_into(desk, it, &told)).collect();
    told.splice(..0, unknown);
    let mailboxes = round.iter().flat_map(|it| &it.mailboxes).map(|(id, facts)| Mailbox {
        name: desk.mailboxes.get(*id).map_or_else(String::new, |it| it.name.clone()),
        by: match facts.way_in {
            WayIn::Folder => "imap",
            WayIn::HandedOver => "lmtp",
        },
        last_check: facts.checked_at,
        last_mail: facts.last_mail_at,
        waiting: facts.waiting,
    });
    Told { checked_at: round.as_ref().map(|it| it.at), troubles: told, mailboxes: mailboxes.collect() }
}

/// Mailboxes of which nothing is known since they were begun to be read: right after a start, and as long as their server does not answer.
fn not_looked_into(desk: &Desk, round: &Round, told: &[Trouble]) -> Vec<Trouble> {
    let name = |id: &MailboxId| desk.mailboxes.get(*id).map(|it| it.name.clone());
    let unsaid = round
        .not_looked_into
        .iter()
        .filter_map(name)
        .filter(|it| !told.iter().any(|said| said.kind == TroubleKind::Mailbox.as_str() && said.mailbox.as_ref() == Some(it)));
    let one = |name: String| {
        // What has only begun to be wrong is no trouble yet; it says more all the same.
        let passing = round.passing.iter().find(|it| it.trouble.kind == TroubleKind::Mailbox && it.trouble.about == name);
        let says = passing.map_or_else(|| "it was not looked into since the desk began".to_owned(), |it| it.trouble.says.clone());
        let mend = passing.map_or_else(|| "ask again in a few seconds".to_owned(), |it| it.trouble.mend.clone());
        let ours: Vec<String> = desk.mailboxes.iter().map(|(_, it)| it.address.to_string()).collect();
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        Trouble {
            kind: TroubleKind::Mailbox.as_str(),
            mailbox: Some(name),
            since: passing.map_or(round.at, |it| it.trouble.since),
            says: sentence(&without_addresses(&says, &ours)),
            mend: sentence(&without_addresses(&mend, &ours)),
        }
    };
    unsaid.map(one).collect()
}
