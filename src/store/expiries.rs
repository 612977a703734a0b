//! Originals of messages that expire: which are due, and how their octets go. Everything else of a message stays.
//!
//! First the rows, in one transaction: the message names no octets any more, and a content that nothing else names is taken away.

use jiff::Timestamp;

use crate::{
    desk::id::LedgerId,
    store::{
        Conn, Result, Tx,
        blobs::{ContentHash, EXPIRED_OCTETS},
        ms, on,
        taken_away::take_away,
    },
};

/// What may expire of what came before `$1`: decided, filed, not held, and its ticket closed for as long. Not what was erased.
macro_rules! due {
    ($begin:literal, $end:literal) => {
        concat!(
            $begin,
            " from messages m where m.expired_at is null and m.stored_at < $1 and m.state = 'decided'
                and m.sha256 > '0000000000000000000000000000000000000000000000000000000000000001'
                and coalesce(m.held, '') <> 'waiting' and coalesce(m.held_done_at, 0) < $1
                and not exists (select 1 from sightings s where s.message = m.id and s.filing = 'due')
                and (m.ticket is null or exists (select 1 from tickets t where t.number = m.ticket and t.status = 'closed' and t.status_at < $1))
                and ",
            $end
        )
    };
}

/// What is due, the oldest first, at most `limit`.
///
/// # Errors
/// When the database refuses.
pub async fn due(conn: &mut Conn, before: Timestamp, limit: i64) -> Result<Vec<LedgerId>> {
    let sql = due!("select m.id", "true order by m.stored_at, m.id limit $2");
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ms(before)).bind(limit).fetch_all(c).await)?;
    Ok(rows.into_iter().map(LedgerId).collect())
}

/// Lets the originals of these messages expire, as far as they are still due; how many.
///
/// # Errors
/// When the database refuses.
pub async fn expire(tx: &mut Tx, ids: &[LedgerId], before: Timestamp, now: Timestamp) -> Result<usize> {
    let mut rows: Vec<(i64, String)> = Vec::new();
    for id in ids {
        let sql = tx.pick(due!("select m.id, m.sha256", "m.id = $2"), due!("select m.id, m.sha256", "m.id = $2 for update of m"));
        rows.extend::<Option<_>>(on!(tx, c => sqlx::query_as(sql).bind(ms(before)).bind(id.0).fetch_optional(c).await)?);
    }
    let sql = "update messages set sha256 = $2, expired_at = $3 where id = $1";
    for (id, _) in &rows {
        on!(tx, c => sqlx::query(sql).bind(id).bind(EXPIRED_OCTETS).bind(ms(now)).execute(c).await.map(|_| ()))?;
    }
    let mut hashes = Vec::new();
    for (_, sha256) in &rows {
        hashes.push(ContentHash::parse(sha256)?);
    }
    take_away(tx, &hashes, now).await?;
    Ok(rows.len())
}

/// When the newest message came that the desk has; none: it has none.
///
/// # Errors
/// When the database refuses.
pub async fn newest(conn: &mut Conn) -> Result<Option<Timestamp>> {
    let newest: Option<i64> =
        on!(conn, c => sqlx::query_scalar("select max(stored_at) from messages where expired_at is null").fetch_one(c).await)?;
    Ok(newest.map(super::at))
}
