//! Mail health: whether each mailbox is read, what waits to leave, what did not arrive.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{Kind, deliveries},
    desk::{
        delivery::DeliveryState,
        health::{Condition, MailboxFacts, condition},
        id::{DeliveryId, MailboxId, TicketNumber},
        permission::{Act, Verdict, may},
        round_trip::{Stage, Trip},
        settings::{AtWork, Mode, WayIn},
        trouble::TroubleKind,
    },
    panel::{
        Panel,
        backups::{self, Backups},
        connect::{Connection, connection},
        error::{PageError, sentence},
        first_meeting::{self, Meeting},
        form::Fields,
        page::{self, Flash, Place},
        url::{Path, Query},
        visitor::{Admin, Staff},
        words::{When, until},
    },
    store::{
        Conn,
        health::{self, Flow, Outgoing, Which},
        mailboxes::{self, Reader},
        oauth, round_trips,
    },
};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    list: Option<String>,
    #[serde(default, deserialize_with = "page::row_id")]
    before: Option<i64>,
}

#[derive(Serialize)]
struct Page {
    boxes: Vec<Mailbox>,
    well: usize,
    last_in: Option<When>,
    flow: FlowWords,
    /// None for helpers: what leaves may be about tickets out of their reach.
    outbox: Option<Outbox>,
    /// None for helpers.
    backups: Option<Backups>,
}

#[derive(Serialize)]
struct Mailbox {
    name: String,
    address: String,
    /// `ok`, `warn` or `bad`, for dot and badge.
    class: &'static str,
    state: String,
    facts: Vec<(&'static str, String)>,
    /// What its server says.
    error: Option<String>,
    /// None: it signs in with a password.
    connection: Option<Connection>,
    /// It is only tried out.
    shadow: bool,
    /// What lay there when it was met, while somebody has to say what is taken of it.
    meeting: Option<Meeting>,
}

#[derive(Serialize)]
struct FlowWords {
    waiting: i64,
    oldest: Option<String>,
    sent_today: i64,
    failed: i64,
    settled: i64,
}

#[derive(Serialize)]
struct Outbox {
    /// Which tab: `waiting`, `failed` or `withheld`.
    list: &'static str,
    /// Whether there is anything that a mailbox in shadow mode would have sent.
    shadow: bool,
    rows: Vec<Row>,
    next: Option<i64>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    address: String,
    subject: String,
    ticket: Option<i64>,
    state: &'static str,
    class: &'static str,
    tries: i64,
    next: String,
    when: When,
    words: Option<String>,
    may_retry: bool,
    may_cancel: bool,
}

/// What is known of each mailbox of the configuration, in its order.
async fn configured(panel: &Panel, conn: &mut Conn) -> Result<Vec<(MailboxId, MailboxFacts)>, PageError> {
    let known = health::mailboxes(conn).await?;
    let of = |id: MailboxId| known.iter().find(|(it, _)| *it == id).map(|(_, facts)| facts.clone()).unwrap_or_default();
    Ok(panel.desk.mailboxes.iter().map(|(id, it)| (id, of(id).by(it.way_in))).collect())
}

/// `GET /mail`: mailboxes for all staff, the outbox for admins.
pub(super) async fn show(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let now = panel.desk.clock.now();
    let zone = &panel.zone();
    let today = now.to_zoned(zone.clone()).start_of_day().map_or(now, |it| it.timestamp());
    let mut conn = panel.desk.store.read().await?;
    let facts = configured(&panel, &mut conn).await?;
    let mut readers = mailboxes::readers(&mut conn).await?;
    let flow = health::flow(&mut conn, today, now - SignedDuration::from_hours(7 * 24)).await?;
    let (outbox, backups) = match may(&visitor.person, Act::Manage, panel.desk.rules()) {
        Verdict::Allowed => (Some(outbox(&panel, &mut conn, &asked).await?), Some(backups::card(&panel, &mut conn).await?)),
        Verdict::Missing | Verdict::Forbidden => (None, None),
    };
    let tokens = oauth::all_facts(&mut conn).await?;
    let mut met = Vec::new();
    for (id, _) in &facts {
        met.push(mailboxes::existing(&mut conn, *id).await?);
    }
    let mut trips = round_trips(&panel, &mut conn, now).await?;
    drop(conn);
    let connection = |id| {
        let known = tokens.iter().find(|(it, _)| *it == id).map(|(_, facts)| facts);
        panel.desk.mailboxes.get(id).and_then(|it| connection(&panel, id, it, known))
    };
    let door_open = !panel.desk.health.troubles(now).iter().any(|it| it.trouble.kind == TroubleKind::Door);
    let conditions: Vec<Condition> = facts.iter().map(|(_, it)| condition(it, now, panel.desk.settings.alarm_after)).collect();
    let page = Page {
        well: conditions.iter().filter(|it| matches!(it, Condition::Well) || (door_open && matches!(it, Condition::HandedOver))).count(),
        last_in: facts.iter().filter_map(|(_, it)| it.last_mail_at).max().map(|at| When::new(at, now, zone)),
        boxes: facts
            .iter()
            .zip(conditions)
            .zip(met)
            .map(|(((id, facts), it), met)| {
                let reader = readers.remove(id).unwrap_or_default();
                let mut shown = Mailbox { connection: connection(*id), ..mailbox(&panel, *id, facts, (it, door_open), reader) };
                first_meeting::show(&panel, *id, met, &mut shown.facts, &mut shown.meeting);
                shown.facts.extend(trips.remove(id).map(|it| ("Round trip", it)));
                shown
            })
            .collect(),
        flow: flow_words(flow, now),
        outbox,
        backups,
    };
    page::show(&panel, &visitor, Place::Mailboxes, "mail.html", &page).await
}

/// How the last round trip went of each mailbox that makes any.
async fn round_trips(panel: &Panel, conn: &mut Conn, now: Timestamp) -> Result<BTreeMap<MailboxId, String>, PageError> {
    let mut words = BTreeMap::new();
    for (id, _) in panel.desk.mailboxes.iter().filter(|(_, it)| it.probes().is_some()) {
        let back = round_trips::last_trip(conn, id).await?.map(|Trip { back_at, took }| {
            let took = if took.as_secs() < 60 { format!("{} s", took.as_secs().max(1)) } else { until(now, now + took) };
            format!("{took}, {} ago, {}", until(now, back_at), When::new(back_at, now, &panel.zone()).clock)
        });
        let newest = round_trips::newest(conn, id).await?.map(|it| match it.stage {
            Stage::Waits => "one waits to leave",
            Stage::HandedOver(_) => "one is under way",
            Stage::Back => "",
            Stage::Over => "the last one was not sent",
        });
        let said = [back, newest.filter(|it| !it.is_empty()).map(str::to_owned)].into_iter().flatten().collect::<Vec<_>>().join("; ");
        words.insert(id, if said.is_empty() { "none yet".to_owned() } else { said });
    }
    Ok(words)
}

fn flow_words(flow: Flow, now: Timestamp) -> FlowWords {
    FlowWords {
        waiting: flow.waiting,
        oldest: flow.oldest.map(|at| until(now, at)),
        sent_today: flow.sent_today,
        failed: flow.failed_in_week,
        settled: flow.settled_in_week,
    }
}

fn mailbox(panel: &Panel, id: MailboxId, facts: &MailboxFacts, (condition, door_open): (Condition, bool), reader: Reader) -> Mailbox {
    let now = panel.desk.clock.now();
    let when = |at: Option<Timestamp>, never: &str| {
        at.map_or_else(|| never.to_owned(), |at| format!("{} ago, {}", until(now, at), When::new(at, now, &panel.zone()).clock))
    };
    let settings = panel.desk.mailboxes.get(id);
    let address = settings.map_or_else(String::new, |it| it.address.to_string());
    let (class, state) = match condition {
        Condition::Well => ("ok", "Reading"),
        Condition::HandedOver if door_open => ("ok", "By LMTP"),
        Condition::HandedOver => ("bad", "Not reachable"),
        Condition::NotYet => ("", "Not read yet"),
        Condition::Failing { .. } => ("bad", "Not reading"),
        Condition::Silent { .. } => ("bad", "Silent"),
    };
    let paused = settings.is_some_and(|it| it.work == AtWork::Paused);
    let (class, state) = if paused { ("warn", "Paused") } else { (class, state) };
    Mailbox {
        name: settings.map_or_else(String::new, |it| it.name.clone()),
        class,
        state: state.to_owned(),
        facts: match facts.way_in {
            WayIn::Folder => [
                ("Connected", when(facts.connected_since, "no").replace(" ago,", ", since")),
                ("Last check", when(facts.checked_at, "never")),
                ("Last mail", when(facts.last_mail_at, "none yet")),
                ("Waiting there", facts.waiting.to_string()),
            ]
            .into_iter()
            // Where there is one daemon alone, it is clear who.
            .chain(reader.name.filter(|_| !panel.desk.store.is_alone()).map(|it| ("Read by", it)))
            .chain(reader.not_filed.map(|it| ("Not filed", it)))
            .collect(),
            WayIn::HandedOver => {
                vec![("Comes in", "a mail server hands it over (LMTP)".to_owned()), ("Last mail", when(facts.last_mail_at, "none yet"))]
            }
        },
        error: facts.error.clone(),
        connection: None,
        shadow: settings.is_some_and(|it| it.mode == Mode::Shadow),
        meeting: None,
        address,
    }
}

async fn outbox(panel: &Panel, conn: &mut Conn, asked: &Asked) -> Result<Outbox, PageError> {
    let (which, list) = match asked.list.as_deref() {
        Some("failed") => (Which::NotDelivered, "failed"),
        Some("withheld") => (Which::Withheld, "withheld"),
        Some(_) | None => (Which::Waiting, "waiting"),
    };
    let in_shadow = panel.desk.mailboxes.iter().any(|(_, it)| it.mode == Mode::Shadow);
    let shadow = in_shadow || !health::outbox(conn, Which::Withheld, None, 1).await?.is_empty();
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut rows = health::outbox(conn, which, asked.before.map(DeliveryId), limit).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|it| it.id.0);
    Ok(Outbox { list, shadow, next, rows: rows.into_iter().map(|it| row(panel, it)).collect() })
}

fn row(panel: &Panel, it: Outgoing) -> Row {
    let now = panel.desk.clock.now();
    let (state, class) = match it.state {
        DeliveryState::Waiting => ("Waiting", ""),
        DeliveryState::Delayed => ("Delayed", "warn"),
        DeliveryState::Unknown => ("Unknown", "warn"),
        DeliveryState::Refused => ("Refused", "bad"),
        DeliveryState::Bounced => ("Bounced", "bad"),
        DeliveryState::Sent => ("Sent", "ok"),
        DeliveryState::Cancelled => ("Called off", ""),
        DeliveryState::Withheld => ("Not sent: shadow mode", ""),
    };
    let (state, class) = if it.held_back { ("Held back", "warn") } else { (state, class) };
    Row {
        id: it.id.0,
        address: it.address,
        subject: short(&it.subject, it.ticket),
        ticket: it.ticket.map(|it| it.0),
        state,
        class,
        tries: it.attempts,
        next: if it.held_back {
            "when you say so".to_owned()
        } else if it.state.is_open() {
            format!("in {}", until(it.next_at, now))
        } else {
            "none".to_owned()
        },
        when: When::new(it.created_at, now, &panel.zone()),
        words: it.words,
        // One that still waits for its first try may be in its undo window.
        may_retry: it.held_back || !matches!(it.state, DeliveryState::Waiting | DeliveryState::Sent | DeliveryState::Withheld),
        may_cancel: it.state.is_open(),
    }
}

/// Without the ticket's tag, which stands beside it; at most 80 characters.
pub(super) fn short(subject: &str, ticket: Option<TicketNumber>) -> String {
    let tag = ticket.map_or_else(String::new, |number| format!("[#{number}] "));
    let subject = subject.replacen(&tag, "", 1);
    let cut: String = subject.chars().take(80).collect();
    if cut == subject { cut } else { cut + "…" }
}

/// `POST /mail/outbox/{id}`.
pub(super) async fn settle(
    State(panel): State<Panel>,
    Admin(visitor): Admin,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "list"])?;
    let (done, told) = match fields.get("do") {
        "retry" => (deliveries::retry(&panel.desk, &visitor.person, DeliveryId(id)).await, "It is tried again now."),
        "cancel" => (deliveries::cancel(&panel.desk, &visitor.person, DeliveryId(id)).await, "Called off. Nothing more is tried."),
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    };
    let here = if fields.get("list") == "failed" { "/mail?list=failed#outbox" } else { "/mail#outbox" };
    match done {
        Ok(()) => Ok(page::go(&panel, &visitor, here, &Flash::done(told))),
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
            Ok(page::go(&panel, &visitor, here, &Flash::refused(sentence(&error))))
        }
        Err(error) => Err(error.into()),
    }
}
