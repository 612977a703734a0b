//! Rows of `events`: a ticket's history. Written only at the door of `actions`.

use jiff::Timestamp;

use crate::{
    desk::{
        event::EventKind,
        id::{CommentId, PersonId, SenderRuleId, TicketNumber},
        ticket::Status,
    },
    store::{Conn, Result, Tx, ms, on, word},
};

/// How a ticket came to be that mail of a file opened, in its first line.
pub const BY_IMPORT: &str = "import";

/// One line of the history.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Whose history.
    pub ticket: TicketNumber,
    /// What happened.
    pub kind: EventKind,
    /// Who did it; none: maildesk itself.
    pub actor: Option<PersonId>,
    /// What it was.
    pub old: Option<String>,
    /// What it is now.
    pub new: Option<String>,
    /// The comment it is about.
    pub comment: Option<CommentId>,
}

/// Writes one line; nothing in its transaction reads it again.
pub fn insert(tx: &mut Tx, event: NewEvent, at: Timestamp) {
    tx.later.events.push((event, at));
}

/// What one line of the history changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// What happened.
    pub kind: EventKind,
    /// What it was.
    pub old: Option<String>,
    /// What it became.
    pub new: Option<String>,
}

/// The lines that were written at one instant: those of one action.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn at(conn: &mut Conn, ticket: TicketNumber, at: Timestamp) -> Result<Vec<EventRow>> {
    let sql = "select kind, old, new from events where ticket = $1 and at = $2 order by id";
    let rows: Vec<(String, Option<String>, Option<String>)> =
        on!(conn, c => sqlx::query_as(sql).bind(ticket.0).bind(ms(at)).fetch_all(c).await)?;
    let row = |(kind, old, new): (String, Option<String>, Option<String>)| {
        Ok(EventRow { kind: word("events", "kind", &kind, EventKind::parse)?, old, new })
    };
    rows.into_iter().map(row).collect()
}

/// When the history of a ticket was last written, and who did that; none: it has none.
///
/// # Errors
/// When the database refuses.
pub async fn latest(conn: &mut Conn, ticket: TicketNumber) -> Result<Option<(Timestamp, Option<PersonId>)>> {
    let sql = "select at, actor from events where ticket = $1 order by id desc limit 1";
    let row: Option<(i64, Option<i64>)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_optional(c).await)?;
    Ok(row.map(|(at, actor)| (crate::store::at(at), actor.map(PersonId))))
}

/// A place in the history of the whole desk, which grows with each line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub i64);

/// Where the desk stands for whoever cannot hear of it otherwise: the end of its history, its newest message, and how much is held and
/// undecided. What another process did changes one of them.
///
/// # Errors
/// When the database refuses.
pub async fn standing(conn: &mut Conn) -> Result<(i64, i64, i64, i64)> {
    let sql = "select coalesce((select max(id) from events), 0), coalesce((select max(id) from messages), 0),
        (select count(*) from messages where held = 'waiting'), (select count(*) from messages where state = 'stored')";
    Ok(on!(conn, c => sqlx::query_as(sql).fetch_one(c).await)?)
}

/// A line as whoever follows the history needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Its place.
    pub place: Place,
    /// Whose history.
    pub ticket: TicketNumber,
    /// Who did it; none: maildesk itself.
    pub actor: Option<PersonId>,
}

/// PostgreSQL gives ids before it commits: so many lines before a place may have appeared after it.
const LATE: i64 = 64;

/// The lines behind a place, at most `limit`, oldest first. On PostgreSQL some that were given before may come again.
///
/// # Errors
/// When the database refuses.
pub async fn since(conn: &mut Conn, place: Place, limit: i64) -> Result<Vec<Followed>> {
    let sql = conn.pick(
        "select id, ticket, actor from events where id > $1 + 0 * $3 order by id limit $2",
        "select id, ticket, actor from events where id > $1 - $3 order by id limit $2 + $3",
    );
    let rows: Vec<(i64, i64, Option<i64>)> = on!(conn, c => sqlx::query_as(sql).bind(place.0).bind(limit).bind(LATE).fetch_all(c).await)?;
    let line = |(id, ticket, actor): (i64, i64, Option<i64>)| Followed {
        place: Place(id),
        ticket: TicketNumber(ticket),
        actor: actor.map(PersonId),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Whether mail of a file opened a ticket.
///
/// # Errors
/// When the database refuses.
pub async fn is_of_an_import(tx: &mut Tx, ticket: TicketNumber) -> Result<bool> {
    let now =
        |it: &(NewEvent, Timestamp)| it.0.ticket == ticket && it.0.kind == EventKind::Opened && it.0.new.as_deref() == Some(BY_IMPORT);
    if tx.later.events.iter().any(now) {
        return Ok(true);
    }
    let sql = "select count(*) from events where ticket = $1 and kind = 'opened' and new = $2";
    let n: i64 = on!(tx, c => sqlx::query_scalar(sql).bind(ticket.0).bind(BY_IMPORT).fetch_one(c).await)?;
    Ok(n > 0)
}

/// When `who` last took a ticket out of this status; none: they never did.
///
/// # Errors
/// When the database refuses.
pub async fn took_out_of(conn: &mut Conn, ticket: TicketNumber, who: PersonId, status: Status) -> Result<Option<Timestamp>> {
    let sql = "select at from events where ticket = $1 and kind = 'status' and actor = $2 and old = $3 order by id desc limit 1";
    let since: Option<i64> =
        on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(who.0).bind(status.as_str()).fetch_optional(c).await)?;
    Ok(since.map(crate::store::at))
}

/// The status that a ticket had before `who` changed it at this moment, and that it has had since; none where it has changed again, or
/// was not changed then.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn set_then(conn: &mut Conn, ticket: TicketNumber, who: PersonId, then: Timestamp) -> Result<Option<(Status, Status)>> {
    let sql = "select actor, at, old, new from events where ticket = $1 and kind = 'status' order by id desc limit 2";
    type Row = (Option<i64>, i64, Option<String>, Option<String>);
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_all(c).await)?;
    let status = |column, it: &Option<String>| word("events", column, it.as_deref().unwrap_or_default(), Status::parse);
    let mut found = None;
    for (_, _, old, new) in rows.iter().take_while(|(actor, at, ..)| *actor == Some(who.0) && *at == ms(then)) {
        let (_, to) = found.unwrap_or((Status::Open, status("new", new)?));
        found = Some((status("old", old)?, to));
    }
    Ok(found)
}

/// The status that a ticket had before the first change of it from this moment on; none: it was not changed.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn status_before(conn: &mut Conn, ticket: TicketNumber, from: Timestamp) -> Result<Option<Status>> {
    let sql = "select old from events where ticket = $1 and kind = 'status' and at >= $2 order by id limit 1";
    let old: Option<Option<String>> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(ms(from)).fetch_optional(c).await)?;
    old.flatten().map(|it| word("events", "old", &it, Status::parse)).transpose()
}

/// The status that a ticket had when it was marked as spam; none: it is not marked, or no longer.
///
/// # Errors
/// When the database refuses.
pub async fn marked_as_spam(conn: &mut Conn, ticket: TicketNumber) -> Result<Option<String>> {
    let sql = "select kind, old from events where ticket = $1 and kind in ('spam', 'not-spam') order by id desc limit 1";
    let last: Option<(String, Option<String>)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_optional(c).await)?;
    Ok(last.filter(|(kind, _)| kind == "spam").and_then(|(_, old)| old))
}

/// The rule about its sender that was made when a ticket was last marked as spam.
///
/// # Errors
/// When the database refuses.
pub async fn rule_of_spam(conn: &mut Conn, ticket: TicketNumber) -> Result<Option<SenderRuleId>> {
    let sql = "select new from events where ticket = $1 and kind = 'spam' order by id desc limit 1";
    let rule: Option<Option<String>> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).fetch_optional(c).await)?;
    Ok(rule.flatten().and_then(|it| it.parse().ok()).map(SenderRuleId))
}
