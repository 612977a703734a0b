//! What the ledger can say to the questions of `desk/triage.rs`.

use jiff::Timestamp;

use crate::{
    desk::{
        id::{OutboxId, TicketNumber},
        message::MessageId,
    },
    store::{Conn, Result, ms, on},
};

/// Of these Message-IDs, nearest first: the ticket of the first that we took in with a mail (MAIL.md, Deciding, 8c).
///
/// # Errors
/// When the database refuses.
pub async fn ticket_of_taken_in(conn: &mut Conn, ids: &[MessageId]) -> Result<Option<TicketNumber>> {
    let sql = "select ticket from messages where message_id = $1 and ticket is not null order by id limit 1";
    for id in ids {
        let found: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(id.as_str()).fetch_optional(c).await)?;
        if let Some(number) = found {
            return Ok(Some(TicketNumber(number)));
        }
    }
    Ok(None)
}

/// Whether a mail of ours bears this Message-ID as its own, and which.
///
/// # Errors
/// When the database refuses.
pub async fn our_mail(conn: &mut Conn, id: &MessageId) -> Result<Option<OutboxId>> {
    let found: Option<i64> =
        on!(conn, c => sqlx::query_scalar("select id from outbox where message_id = $1").bind(id.as_str()).fetch_optional(c).await)?;
    Ok(found.map(OutboxId))
}

/// How many tickets this sender's mail opened since `since`.
///
/// # Errors
/// When the database refuses.
pub async fn opened_by(conn: &mut Conn, sender: &str, since: Timestamp) -> Result<u32> {
    let sql = "select count(*) from messages where sender = $1 and decided_at > $2 and decision = 'open-ticket'";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(sender).bind(ms(since)).fetch_one(c).await)?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}
