//! Rows of `probes`: mail that a mailbox sends to itself. That it left, and when, its delivery says.

use jiff::Timestamp;

use crate::{
    desk::{
        delivery::DeliveryState,
        id::MailboxId,
        message::MessageId,
        round_trip::{Newest, Stage, Trip, took},
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// A mailbox writes to itself.
///
/// # Errors
/// When the database refuses.
pub async fn begin(tx: &mut Tx, mailbox: MailboxId, message_id: &str, now: Timestamp) -> Result<()> {
    let sql = "insert into probes (mailbox, message_id, sent_at) values ($1, $2, $3)";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(message_id).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Whether this is the Message-ID of a probe.
///
/// # Errors
/// When the database refuses.
pub async fn is_one(conn: &mut Conn, id: &MessageId) -> Result<bool> {
    let sql = "select count(*) from probes where message_id = $1";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(id.as_str()).fetch_one(c).await)?;
    Ok(n > 0)
}

/// It was met in the folder of its own mailbox; nothing where it was met before, or elsewhere.
///
/// # Errors
/// When the database refuses.
pub async fn back(tx: &mut Tx, mailbox: MailboxId, id: &MessageId, now: Timestamp) -> Result<()> {
    let sql = "update probes set back_at = $3 where message_id = $2 and mailbox = $1 and back_at is null";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(id.as_str()).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The newest probe of a mailbox.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn newest(conn: &mut Conn, mailbox: MailboxId) -> Result<Option<Newest>> {
    let sql = "select p.sent_at, p.back_at, d.state, d.settled_at, cast(case when d.held_back is null then 0 else 1 end as bigint)
        from probes p left join outbox o on o.message_id = p.message_id left join deliveries d on d.outbox = o.id
        where p.mailbox = $1 order by p.id desc limit 1";
    type Row = (i64, Option<i64>, Option<String>, Option<i64>, i64);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).fetch_optional(c).await)?;
    let Some((sent_at, back_at, state, settled_at, held_back)) = row else { return Ok(None) };
    let state = state.map(|it| word("deliveries", "state", &it, DeliveryState::parse)).transpose()?;
    let stage = match (back_at, state) {
        (Some(_), _) => Stage::Back,
        (None, Some(DeliveryState::Waiting | DeliveryState::Delayed | DeliveryState::Unknown)) if held_back == 0 => Stage::Waits,
        (None, Some(DeliveryState::Sent)) => Stage::HandedOver(at(settled_at.unwrap_or(sent_at))),
        (None, Some(_) | None) => Stage::Over,
    };
    Ok(Some(Newest { sent_at: at(sent_at), stage }))
}

/// The last probe of a mailbox that came back.
///
/// # Errors
/// When the database refuses.
pub async fn last_trip(conn: &mut Conn, mailbox: MailboxId) -> Result<Option<Trip>> {
    let sql = "select p.back_at, coalesce((select d.settled_at from deliveries d join outbox o on o.id = d.outbox
            where o.message_id = p.message_id and d.state = 'sent' limit 1), p.sent_at)
        from probes p where p.mailbox = $1 and p.back_at is not null order by p.id desc limit 1";
    let row: Option<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).fetch_optional(c).await)?;
    Ok(row.map(|(back_at, from)| Trip { back_at: at(back_at), took: took(at(from), at(back_at)) }))
}

/// When the first probe was decided on that is lost and behind which none came back: no server takes it, or one took it before
/// `handed_over_before` and it was not met since.
///
/// # Errors
/// When the database refuses.
pub async fn lost_since(conn: &mut Conn, mailbox: MailboxId, handed_over_before: Timestamp) -> Result<Option<Timestamp>> {
    let sql = "select min(p.sent_at) from probes p join outbox o on o.message_id = p.message_id join deliveries d on d.outbox = o.id
        where p.mailbox = $1 and p.id > coalesce((select max(b.id) from probes b where b.mailbox = $1 and b.back_at is not null), 0)
            and (d.state in ('refused', 'bounced') or (d.state = 'sent' and d.settled_at < $2))";
    let since: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).bind(ms(handed_over_before)).fetch_one(c).await)?;
    Ok(since.map(at))
}

/// Clears away those decided on before `until`, except the last one that came back of each mailbox and what came behind it.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx, until: Timestamp) -> Result<()> {
    let sql = "delete from probes where sent_at < $1
        and id < (select max(b.id) from probes b where b.mailbox = probes.mailbox and b.back_at is not null)";
    on!(tx, c => sqlx::query(sql).bind(ms(until)).execute(c).await.map(|_| ()))?;
    Ok(())
}
