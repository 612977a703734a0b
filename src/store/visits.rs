//! Rows of `visits`: how far each of the staff has read a ticket.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    desk::id::{CommentId, PersonId, TicketNumber},
    store::{Conn, Result, Tx, at, ms, on},
};

/// How far somebody has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The last comment that was there when they last looked.
    pub seen: CommentId,
    /// And at the visit before.
    pub earlier: CommentId,
    /// When `seen` last grew.
    pub at: Timestamp,
}

/// How far `who` has read a ticket; none: they never looked.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, who: PersonId, ticket: TicketNumber) -> Result<Option<Visit>> {
    let sql = "select seen, earlier, at from visits where person = $1 and ticket = $2";
    let row: Option<(i64, i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(who.0).bind(ticket.0).fetch_optional(c).await)?;
    Ok(row.map(|(seen, earlier, since)| Visit { seen: CommentId(seen), earlier: CommentId(earlier), at: at(since) }))
}

/// Keeps how far `who` has read a ticket.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, who: PersonId, ticket: TicketNumber, visit: Visit) -> Result<()> {
    let sql = "insert into visits (person, ticket, seen, earlier, at) values ($1, $2, $3, $4, $5)
        on conflict (person, ticket) do update set seen = excluded.seen, earlier = excluded.earlier, at = excluded.at";
    on!(tx, c => sqlx::query(sql)
        .bind(who.0).bind(ticket.0).bind(visit.seen.0).bind(visit.earlier.0).bind(ms(visit.at)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Which of these tickets somebody else wrote on since `who` last looked; of those they never looked at, the new requests that wait
/// for a first answer.
///
/// # Errors
/// When the database refuses.
pub async fn unread(conn: &mut Conn, who: PersonId, tickets: &[TicketNumber]) -> Result<BTreeSet<TicketNumber>> {
    if tickets.is_empty() {
        return Ok(BTreeSet::new());
    }
    // Our own integers: nothing to escape.
    let numbers = tickets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select t.number from tickets t left join visits v on v.person = $1 and v.ticket = t.number
        where t.number in ({numbers}) and t.active = 1 and case
            when v.seen is null then t.status = 'open' and t.turn = 'staff'
            else exists (select 1 from comments c where c.ticket = t.number and c.id > v.seen and c.withdrawn_at is null
                and (c.author is null or c.author <> $1)) end"
    );
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(who.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TicketNumber).collect())
}
