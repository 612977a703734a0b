//! Contents that no row names any more: of expired originals, and of files that were taken off a draft.
//!
//! First the rows, in the transaction that stops naming them: the content is empty, and one that lies in a file says `leaving`. The file is
//! removed a day after that commit: a backup or an export that began before names it still. Whatever ends us in between, the next round
//! goes on there.

use jiff::{SignedDuration, Timestamp};

use crate::store::{
    Driver, Result, Store, Tx,
    blobs::{ContentHash, EXPIRED_OCTETS, Keeping, NO_OCTETS, keep_file},
    ms, on,
};

/// A file stays so long when nothing names it any more.
const STAYS: SignedDuration = SignedDuration::from_hours(24);

/// Empties those of these contents that no row names, when `tx` is committed: another may name the same to the last octet. Who calls it
/// has done with naming and unnaming them.
///
/// # Errors
/// When the database refuses.
pub async fn take_away(tx: &mut Tx, contents: &[ContentHash], now: Timestamp) -> Result<()> {
    if contents.is_empty() {
        return Ok(());
    }
    // Digits and small letters: nothing to escape.
    let hashes = contents.iter().map(|it| format!("'{}'", it.as_str())).collect::<Vec<_>>().join(", ");
    // Whoever is about to name one of them is waited for, and is seen by what follows.
    if let Driver::Pg(c) = tx.driver() {
        let sql = format!("select sha256 from blobs where sha256 in ({hashes}) order by sha256 for update");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await?;
    }
    let nothing = tx.pick("x''", "''::bytea");
    let named = ["messages", "outbox", "attachments", "draft_files"]
        .map(|table| format!("select sha256 from {table} where sha256 in ({hashes})"))
        .join(" union all ");
    let sql = format!(
        "update blobs set packing = case when bytes is null then 'leaving' else 'gone' end, size = 0, bytes = {nothing}, stored_at = $1
        where sha256 in ({hashes}) and sha256 not in ('{NO_OCTETS}', '{EXPIRED_OCTETS}') and packing not in ('gone', 'leaving')
            and sha256 not in ({named})"
    );
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}

impl Store {
    /// Removes the files of contents that were taken away; how many. Whatever ends it, it is begun again by the next.
    ///
    /// # Errors
    /// When the database or the disk refuses.
    pub async fn remove_what_left(&self, now: Timestamp) -> Result<usize> {
        let mut conn = self.read().await?;
        let sql = "select sha256 from blobs where packing = 'leaving' and stored_at < $1 order by sha256 limit 500";
        let leaving: Vec<String> = on!(conn, c => sqlx::query_scalar(sql).bind(ms(now - STAYS)).fetch_all(c).await)?;
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
