//! What was not sent: to whom, why in plain words, and what can be done about it. In the navigation as long as there is any.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{ActionError, Kind, deliveries},
    desk::{
        address::EmailAddress,
        delivery::DeliveryState,
        id::DeliveryId,
        permission::{Act, Verdict, may},
        person::Person,
        reason,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        unchanged::LAG,
        url::{Path, Query},
        visitor::{Staff, Visitor},
        words::{When, until},
    },
    store::{
        self, Conn,
        not_sent::{self, Counts, NotSent, Rest, Sight},
    },
};

/// Rows on a page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default, deserialize_with = "page::row_id")]
    before: Option<i64>,
}

#[derive(Serialize)]
struct Page {
    rows: Vec<Row>,
    next: Option<i64>,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    address: String,
    what: &'static str,
    subject: String,
    ticket: Option<i64>,
    author: Option<String>,
    state: &'static str,
    class: &'static str,
    /// What happened, in a sentence.
    why: String,
    words: Option<String>,
    /// Since when.
    when: When,
    tries: i64,
    next: Option<String>,
    may_cancel: bool,
    may_go_elsewhere: bool,
}

/// What somebody may see of it: tickets in their reach; mail about none is an admin's.
fn sight(panel: &Panel, visitor: &Visitor) -> Sight {
    let rest = match may(&visitor.person, Act::Manage, panel.desk.rules()) {
        Verdict::Allowed => Rest::Shown,
        Verdict::Missing | Verdict::Forbidden => Rest::Hidden,
    };
    Sight { scope: visitor.scope(panel.desk.rules()), rest }
}

/// How much there is, for the navigation; of the database as of this version or later.
pub(super) async fn counts(panel: &Panel, visitor: &Visitor, version: &str, conn: &mut Conn) -> store::Result<Counts> {
    let (sight, now) = (sight(panel, visitor), panel.desk.clock.now());
    let count = not_sent::count(conn, sight, deliveries::not_sent_since(now));
    Ok(*panel.known.not_sent.of(version, (sight, now.as_second() / LAG), count).await?)
}

/// `GET /not-sent`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let since = deliveries::not_sent_since(panel.desk.clock.now());
    let mut conn = panel.desk.store.read().await?;
    let mut rows = not_sent::list(&mut conn, sight(&panel, &visitor), since, asked.before.map(DeliveryId), limit).await?;
    drop(conn);
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|it| it.id.0);
    let page = Page { rows: rows.into_iter().map(|it| row(&panel, it)).collect(), next };
    page::show(&panel, &visitor, Place::NotSent, "not-sent.html", &page).await
}

fn row(panel: &Panel, it: NotSent) -> Row {
    let now = panel.desk.clock.now();
    let (state, class, what) = match it.state {
        DeliveryState::Waiting => {
            ("Waiting", "warn", "It still waits to leave. The mailbox’s server takes no mail from us now, or not so much.")
        }
        DeliveryState::Delayed => ("Delayed", "warn", "The mail server put it off."),
        DeliveryState::Unknown => ("Unknown", "warn", "The connection broke before the mail server’s answer: it may have arrived."),
        DeliveryState::Refused => ("Refused", "bad", "The mail server refuses it for good."),
        DeliveryState::Bounced => ("Came back", "bad", "A delivery report says that it did not arrive."),
        DeliveryState::Sent => ("Sent", "ok", ""),
        DeliveryState::Cancelled => ("Called off", "", ""),
        DeliveryState::Withheld => ("Shadow mode", "", ""),
    };
    let (state, what) = it.held_back.as_deref().map_or((state, what.to_owned()), |why| ("Held back", sentence(&why)));
    let plain = it.words.as_deref().and_then(reason::plainly).map(|plain| format!(" {}", sentence(&plain)));
    let open = it.state.is_open();
    Row {
        id: it.id.0,
        what: called(&it.kind),
        subject: super::mailboxes::short(&it.subject, it.ticket),
        ticket: it.ticket.map(|it| it.0),
        author: it.author,
        state,
        class,
        why: format!("{what}{}", plain.unwrap_or_default()),
        when: When::new(it.settled_at.unwrap_or(it.created_at), now, &panel.zone()),
        tries: it.attempts,
        next: (open && it.held_back.is_none())
            .then(|| if it.next_at <= now { "as soon as it may".to_owned() } else { format!("in {}", until(it.next_at, now)) }),
        may_cancel: open,
        may_go_elsewhere: it.ticket.is_some() && deliveries::is_for_customers(&it.kind),
        address: it.address,
        words: it.words,
    }
}

/// What sort of mail it is, as people say it.
fn called(kind: &str) -> &'static str {
    match kind {
        "reply" => "Reply",
        "relay" => "Customer’s words to the others",
        "receipt" => "Receipt",
        "status" => "Status notice",
        "staff" => "Notice to a colleague",
        "link" => "Invitation or link",
        "address" => "Change of address",
        _ => "Notice",
    }
}

/// `POST /not-sent/{id}`: one of them.
pub(super) async fn settle(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "address"])?;
    match act(&panel, &visitor.person, DeliveryId(id), &fields).await? {
        Ok(told) => Ok(page::go(&panel, &visitor, "/not-sent", &Flash::done(told))),
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => {
            Ok(page::go(&panel, &visitor, "/not-sent", &Flash::refused(format!("Not done. {}", sentence(&error)))))
        }
        Err(error) => Err(error.into()),
    }
}

/// What a form wants done with a copy, and what is told when it is done.
pub(super) async fn act(panel: &Panel, me: &Person, id: DeliveryId, fields: &Fields) -> Result<Result<String, ActionError>, PageError> {
    let desk = &panel.desk;
    let done = |it: Result<(), ActionError>, told: &str| it.map(|()| told.to_owned());
    Ok(match fields.get("do") {
        "retry" => done(deliveries::retry(desk, me, id).await, "It is being sent again."),
        "cancel" => done(deliveries::cancel(desk, me, id).await, "Called off: nothing more is tried."),
        "aside" => done(deliveries::set_aside(desk, me, id).await, "Set aside. What became of it still stands on the ticket."),
        "elsewhere" => match fields.get("address").trim().parse::<EmailAddress>() {
            Ok(to) => {
                let told = format!("It goes to {to} now. Who takes part in the ticket stays as it was.");
                deliveries::send_elsewhere(desk, me, id, &to).await.map(|()| told)
            }
            Err(error) => Err(ActionError::Invalid { field: "address", why: error.to_string() }),
        },
        _ => return Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    })
}

/// `POST /not-sent/bulk`: each for itself, and every refusal is told.
pub(super) async fn bulk(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["d", "do"])?;
    if !matches!(fields.get("do"), "retry" | "aside") {
        return Err(PageError::Invalid("Several can be tried again or set aside.".to_owned()));
    }
    let (mut done, mut refusals) = (0, Vec::new());
    for id in fields.all("d").take(200) {
        let id = id.parse().map(DeliveryId).map_err(|_| PageError::Invalid("The list cannot be read; reload the page.".to_owned()))?;
        match act(&panel, &visitor.person, id, &fields).await? {
            Ok(_) => done += 1,
            Err(error) if error.kind() == Kind::Broken => return Err(error.into()),
            Err(error) => refusals.push(error.to_string()),
        }
    }
    let what = if fields.get("do") == "retry" { "tried again now" } else { "set aside" };
    let many = |n: usize| if n == 1 { "1 message is".to_owned() } else { format!("{n} messages are") };
    refusals.sort_unstable();
    refusals.dedup();
    let flash = match (done, refusals.is_empty()) {
        (0, true) => Flash::warn("Nothing was done: no message was selected."),
        (done, true) => Flash::done(format!("{} {what}.", many(done))),
        (done, false) => Flash::warn(format!("{} {what}. The others stayed as they were: {}.", many(done), refusals.join("; "))),
    };
    Ok(page::go(&panel, &visitor, "/not-sent", &flash))
}
