//! Rows of `ticket_links`: tickets that staff said have to do with each other. Both ends are alike.

use jiff::Timestamp;

use crate::{
    desk::id::{PersonId, TicketNumber},
    store::{Conn, Result, Tx, ms, on},
};

/// Links two tickets; whether they were not before.
///
/// # Errors
/// When the database refuses.
pub async fn put(tx: &mut Tx, (one, other): (TicketNumber, TicketNumber), by: PersonId, now: Timestamp) -> Result<bool> {
    let sql = "insert into ticket_links (lower, higher, made_by, made_at) values ($1, $2, $3, $4) on conflict (lower, higher) do nothing";
    let (lower, higher) = (one.min(other), one.max(other));
    let done = on!(tx, c => sqlx::query(sql).bind(lower.0).bind(higher.0).bind(by.0).bind(ms(now))
        .execute(c).await.map(|it| it.rows_affected()))?;
    Ok(done > 0)
}

/// Links them no more; whether they were.
///
/// # Errors
/// When the database refuses.
pub async fn take(tx: &mut Tx, (one, other): (TicketNumber, TicketNumber)) -> Result<bool> {
    let sql = "delete from ticket_links where lower = $1 and higher = $2";
    let done = on!(tx, c => sqlx::query(sql).bind(one.min(other).0).bind(one.max(other).0).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(done > 0)
}

/// What a ticket is linked to, the lowest number first.
///
/// # Errors
/// When the database refuses.
pub async fn of(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<TicketNumber>> {
    let sql = "select higher as number from ticket_links where lower = $1 union all select lower from ticket_links where higher = $1
        order by number";
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(TicketNumber).collect())
}

/// The tickets that came out of this one, the newest `limit` of them, the lowest number first.
///
/// # Errors
/// When the database refuses.
pub async fn came_out_of(conn: &mut Conn, ticket: TicketNumber, limit: i64) -> Result<Vec<TicketNumber>> {
    let sql = "select number from tickets where linked = $1 order by number desc limit $2";
    let mut rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ticket.0).bind(limit).fetch_all(c).await)?;
    rows.reverse();
    Ok(rows.into_iter().map(TicketNumber).collect())
}
