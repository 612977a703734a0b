//! Originals of messages that expire: which are due, and how their octets go. Everything else of a message stays.
//!
//! First the rows, in one transaction: the message names no octets any more, and a content that nothing else names is emptied. A file is
//! removed after that commit, and until it is, its row says `leaving`: whatever ends us in between, the next round goes on there.

use jiff::Timestamp;

use crate::{
    desk::id::LedgerId,
    store::{
        Conn, Driver, Result, Store, Tx,
        blobs::{ContentHash, EXPIRED_OCTETS, Keeping, keep_file},
        ms, on,
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
        // Digits and small letters: nothing to escape.
        hashes.push(format!("'{}'", ContentHash::parse(sha256)?.as_str()));
    }
    if !hashes.is_empty() {
        take_away(tx, &hashes.join(", ")).await?;
    }
    Ok(rows.len())
}

/// Empties those of these contents that no row names: an attachment may be the same to the last octet.
async fn take_away(tx: &mut Tx, hashes: &str) -> Result<()> {
    // Whoever is about to name one of them is waited for, and is seen by what follows.
    if let Driver::Pg(c) = tx.driver() {
        let sql = format!("select sha256 from blobs where sha256 in ({hashes}) order by sha256 for update");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await?;
    }
    let nothing = tx.pick("x''", "''::bytea");
    let sql = format!(
        "update blobs set packing = case when bytes is null then 'leaving' else 'gone' end, size = 0, bytes = {nothing}
        where sha256 in ({hashes}) and sha256 not in (select sha256 from messages where sha256 in ({hashes})
            union all select sha256 from outbox where sha256 in ({hashes}) union all select sha256 from attachments where sha256 in ({hashes}))"
    );
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await.map(|_| ()))?;
    Ok(())
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

impl Store {
    /// Removes the files of contents that were taken away; how many. Whatever ends it, it is begun again by the next.
    ///
    /// # Errors
    /// When the database or the disk refuses.
    pub async fn remove_what_left(&self) -> Result<usize> {
        let mut conn = self.read().await?;
        let sql = "select sha256 from blobs where packing = 'leaving' order by sha256 limit 500";
        let leaving: Vec<String> = on!(conn, c => sqlx::query_scalar(sql).fetch_all(c).await)?;
        drop(conn);
        if leaving.is_empty() {
            return Ok(0);
        }
        // Under the lock of a writer: nobody keeps the same content between the look and the removal.
        let mut tx = self.begin().await?;
        let mut n = 0;
        for sha256 in leaving {
            let hash = ContentHash::parse(&sha256)?;
            keep_file(&mut tx, &hash, Keeping::Removed).await?;
            let sql = "update blobs set packing = 'gone' where sha256 = $1 and packing = 'leaving'";
            let left = on!(tx, c => sqlx::query(sql).bind(&sha256).execute(c).await.map(|it| it.rows_affected()))?;
            if left > 0 {
                self.blobs().remove_file(&hash)?;
                fail_point!("expired-file");
                n += 1;
            }
        }
        fail_point!("expired-files-commit");
        tx.commit().await?;
        Ok(n)
    }
}
