//! What was known at the moment of an earlier decision, as far as the history tells it.
//!
//! Corrections that maildesk made itself when it read mail again (nobody's `made_by`) count as if they had always been so, and those
//! that were undone since as if they had never been: what came in meanwhile because of them has gone back with them.

use jiff::Timestamp;

use crate::{
    desk::{
        address::EmailAddress,
        id::{CommentId, LedgerId, PersonId, TicketNumber},
        message::MessageId,
        ticket::Status,
    },
    store::{
        Conn, Result, at,
        corrections::{self, How},
        ms, on, tickets, word,
    },
};

/// An earlier decision: of which row, and when.
#[derive(Clone, Copy, Debug)]
pub struct Then {
    /// What came later had not come yet.
    pub row: LedgerId,
    /// When it was decided.
    pub at: Timestamp,
}

/// Of these Message-IDs, those that earlier mails bear, each with the ticket that its mail was on: to which the last correction before
/// led it, of those that stand.
///
/// # Errors
/// When the database refuses.
pub async fn taken_in(conn: &mut Conn, ids: &[MessageId], then: Then) -> Result<Vec<(String, TicketNumber)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, i64)> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("select m.message_id, coalesce((select v.target from comments c join moves v on v.comment = c.id
            join corrections k on k.id = v.correction where c.message = m.id and c.ticket = m.ticket and c.withdrawn_at is null
            and v.how <> 'returned' and k.undone_at is null and (k.made_by is null or v.moved_at <= ");
        sql.push_bind(ms(then.at));
        sql.push(") order by v.id desc limit 1), (select v.origin from comments c join moves v on v.comment = c.id
            where c.message = m.id and c.ticket = m.ticket and c.withdrawn_at is null order by v.id limit 1), m.ticket)
            from messages m where m.ticket is not null and m.id < ").push_bind(then.row.0);
        sql.push(" and (m.held is null or m.held_done_at <= ").push_bind(ms(then.at)).push(") and m.message_id in (");
        let mut list = sql.separated(", ");
        for id in ids {
            list.push_bind(id.as_str());
        }
        sql.push(") order by m.id");
        sql.build_query_as().fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|(id, ticket)| (id, TicketNumber(ticket))).collect())
}

/// A ticket as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stood {
    /// Itself, or where it had been merged into.
    pub number: TicketNumber,
    /// Whose it is.
    pub requester: PersonId,
    /// Its status.
    pub status: Status,
    /// Since when.
    pub status_at: Timestamp,
}

/// The ticket that stood for this number; none when it was yet to be opened.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn stood(conn: &mut Conn, number: TicketNumber, then: Then) -> Result<Option<Stood>> {
    let mut number = number;
    // As many merges as store/tickets.rs follows; the rules let no circle come to be.
    for _ in 0..50 {
        let Some(ticket) = tickets::get(conn, number).await?.filter(|it| it.opened_at <= then.at) else { return Ok(None) };
        if opened_by(conn, number).await?.is_some_and(|it| it >= then.row) {
            return Ok(None);
        }
        let merge = corrections::merge_of(conn, number).await?;
        match merge.filter(|it| it.made_by.is_none() || it.made_at <= then.at) {
            Some(merge) => number = merge.target,
            None => {
                let (status, status_at) = status(conn, &ticket, then.at).await?;
                return Ok(Some(Stood { number, requester: ticket.requester, status, status_at }));
            }
        }
    }
    Ok(None)
}

/// The mail that opened a ticket.
async fn opened_by(conn: &mut Conn, number: TicketNumber) -> Result<Option<LedgerId>> {
    let sql = "select c.message from events e join comments c on c.id = e.comment where e.ticket = $1 and e.kind = 'opened' order by e.id limit 1";
    let id: Option<Option<i64>> = on!(conn, c => sqlx::query_scalar(sql).bind(number.0).fetch_optional(c).await)?;
    Ok(id.flatten().map(LedgerId))
}

/// The first change since says what it was; the last before says since when.
async fn status(conn: &mut Conn, ticket: &crate::desk::ticket::Ticket, then: Timestamp) -> Result<(Status, Timestamp)> {
    let sql = "select old from events where ticket = $1 and kind = 'status' and at >= $2 order by id limit 1";
    let since: Option<Option<String>> =
        on!(conn, c => sqlx::query_scalar(sql).bind(ticket.number.0).bind(ms(then)).fetch_optional(c).await)?;
    let status = match since.flatten() {
        Some(old) => word("events", "old", &old, Status::parse)?,
        None => ticket.status,
    };
    let sql = "select max(at) from events where ticket = $1 and kind = 'status' and at < $2";
    let before: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.number.0).bind(ms(then)).fetch_one(c).await)?;
    Ok((status, before.map_or(ticket.opened_at, at)))
}

/// Whether a ticket stood marked as spam.
///
/// # Errors
/// When the database refuses.
pub async fn marked_as_spam(conn: &mut Conn, ticket: TicketNumber, then: Timestamp) -> Result<bool> {
    let sql = "select kind from events where ticket = $1 and kind in ('spam', 'not-spam') and at < $2 order by id desc limit 1";
    let last: Option<String> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(ms(then)).fetch_optional(c).await)?;
    Ok(last.is_some_and(|kind| kind == "spam"))
}

/// Whether somebody took an active part in a ticket: the first change since tells, and where there is none, the row.
///
/// # Errors
/// When the database refuses.
pub async fn took_part(conn: &mut Conn, ticket: TicketNumber, who: PersonId, email: &EmailAddress, then: Timestamp) -> Result<bool> {
    let sql = "select kind from events where ticket = $1 and at >= $2 and ((kind = 'participant-added' and new = $3)
        or (kind = 'participant-removed' and old = $3)) order by id limit 1";
    let since: Option<String> =
        on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(ms(then)).bind(email.as_str()).fetch_optional(c).await)?;
    if let Some(kind) = since {
        return Ok(kind == "participant-removed");
    }
    let sql = "select count(*) from participants where ticket = $1 and person = $2 and state = 'active' and added_at <= $3";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(who.0).bind(ms(then)).fetch_one(c).await)?;
    Ok(n > 0)
}

/// Whether the desk knew this person.
///
/// # Errors
/// When the database refuses.
pub async fn knew(conn: &mut Conn, who: PersonId, then: Timestamp) -> Result<bool> {
    let sql = "select count(*) from people where id = $1 and created_at <= $2";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(who.0).bind(ms(then)).fetch_one(c).await)?;
    Ok(n > 0)
}

/// Where maildesk put the mail of a ticket, and who has moved it since.
#[derive(Clone, Debug)]
pub struct Put {
    /// On which ticket.
    pub ticket: TicketNumber,
    /// Whether it opened that.
    pub opened: Opened,
    /// The first person who moved it, merged that ticket, or took back what maildesk had moved.
    pub moved_by: Option<String>,
}

/// Whether a message opened the ticket it was put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// It did.
    Yes,
    /// It was joined to it.
    No,
}

/// Of the comment of a mail; `now`: the ticket it is on. Where it had followed what was moved before, the corrections that stand count.
///
/// # Errors
/// When the database refuses.
pub async fn put(conn: &mut Conn, comment: CommentId, now: TicketNumber) -> Result<Put> {
    let sql = "select v.origin, v.target, v.how, k.undone_at, p.name from moves v join corrections k on k.id = v.correction
        join people p on p.id = coalesce(v.moved_by, k.made_by) where v.comment = $1 order by v.id";
    let ways: Vec<WayRow> = on!(conn, c => sqlx::query_as(sql).bind(comment.0).fetch_all(c).await)?;
    let ticket = TicketNumber(home(&ways).unwrap_or(now.0));
    let moved_by = ways.into_iter().next().map(|(.., by)| by);
    let sql = "select count(*) from events where kind = 'opened' and comment = $1 and ticket = $2";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(comment.0).bind(ticket.0).fetch_one(c).await)?;
    Ok(Put { ticket, opened: if n > 0 { Opened::Yes } else { Opened::No }, moved_by })
}

/// Origin, target, how, when the correction was undone, and who made it or sent it back.
type WayRow = (i64, i64, String, Option<i64>, String);

/// The ticket on which maildesk had put what went these ways since. None: nobody sent it on, it is there still.
fn home(ways: &[WayRow]) -> Option<i64> {
    let stands = |(_, _, _, undone, _): &&WayRow| undone.is_none();
    let followed = ways.iter().take_while(|(_, _, how, ..)| how == How::Followed.as_str()).count();
    let (followed, sent_on) = ways.split_at(followed);
    if followed.iter().all(|it| stands(&it)) {
        return sent_on.first().map(|(origin, ..)| *origin);
    }
    let led = followed.iter().rfind(stands).map(|(_, target, ..)| *target);
    led.or(followed.first().map(|(origin, ..)| *origin))
}

/// Who of staff has done something on a ticket: answered, noted, set a status or an assignee, moved a message; the first.
///
/// # Errors
/// When the database refuses.
pub async fn worked_on_by(conn: &mut Conn, ticket: TicketNumber) -> Result<Option<String>> {
    let sql = "select p.name from events e join people p on p.id = e.actor where e.ticket = $1 and p.role <> 'customer'
        and e.kind not in ('opened', 'commented', 'automatic') order by e.id limit 1";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).fetch_optional(c).await)?)
}
