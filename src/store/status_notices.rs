//! Rows of the outbox that tell customers of a ticket's status, while they wait and once they are called off.

use jiff::Timestamp;

use crate::{
    desk::id::{DeliveryId, TicketNumber},
    store::{Result, Tx, at, ms, on},
};

/// When the first notice of a ticket's status that has not left was written; none: there is none.
///
/// # Errors
/// When the database refuses.
pub async fn waits_since(tx: &mut Tx, ticket: TicketNumber) -> Result<Option<Timestamp>> {
    let sql = "select min(o.created_at) from outbox o join deliveries d on d.outbox = o.id
        where o.ticket = $1 and o.kind = 'status' and d.state in ('waiting', 'delayed')";
    let first: Option<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(ticket.0).fetch_one(c).await)?;
    Ok(first.map(at))
}

/// The notices of a ticket's status from before this moment that were called off then or since, with these words, and when they were to
/// leave; those to people who take part still.
///
/// # Errors
/// When the database refuses.
pub async fn called_off(tx: &mut Tx, ticket: TicketNumber, then: Timestamp, words: &str) -> Result<Vec<(DeliveryId, Timestamp)>> {
    let sql = "select d.id, d.next_at from outbox o join deliveries d on d.outbox = o.id
        join participants p on p.ticket = o.ticket and p.person = d.person and p.state = 'active'
        where o.ticket = $1 and o.kind = 'status' and d.state = 'cancelled' and d.words = $2 and d.settled_at >= $3 and o.created_at < $3
        order by d.id";
    let rows: Vec<(i64, i64)> = on!(tx, c => sqlx::query_as(sql).bind(ticket.0).bind(words).bind(ms(then)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(id, due)| (DeliveryId(id), at(due))).collect())
}

/// When the first notice from before this moment was written that was called off then or since, with these words.
///
/// # Errors
/// When the database refuses.
pub async fn called_off_since(tx: &mut Tx, ticket: TicketNumber, then: Timestamp, words: &str) -> Result<Option<Timestamp>> {
    let sql = "select min(o.created_at) from outbox o join deliveries d on d.outbox = o.id
        where o.ticket = $1 and o.kind = 'status' and d.state = 'cancelled' and d.words = $2 and d.settled_at >= $3 and o.created_at < $3";
    let first: Option<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(ticket.0).bind(words).bind(ms(then)).fetch_one(c).await)?;
    Ok(first.map(at))
}
