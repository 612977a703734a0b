//! What an erasure leaves behind below the rows: contents that nobody names, their files, free pages, the write-ahead log.

use sqlx::Executor as _;

use crate::store::{
    Db, Driver, Result, Store, StoreError, Tx,
    blobs::{ContentHash, EXPIRED_OCTETS, Keeping, NO_OCTETS, keep_file},
    on,
};

/// SQLite overwrites what this transaction frees. The search’s index is merged into one piece when it ends, without what was deleted.
pub(super) async fn overwrite_what_is_freed(tx: &mut Tx) -> Result<()> {
    match tx.driver() {
        Driver::Sqlite(c) => c.execute("pragma secure_delete = on").await.map(|_| ())?,
        Driver::Pg(_) => {}
    }
    Ok(())
}

/// Takes every content out of the database that no row names: also the octets of a mail that was delivered twice. Those that lie in
/// files, to be removed after the commit.
pub(super) async fn forget_contents(tx: &mut Tx) -> Result<Vec<String>> {
    let sql = tx.pick(
        "delete from blobs where sha256 not in ($1, $2) and packing <> 'leaving' and sha256 not in (
            select sha256 from messages union all select sha256 from outbox union all select sha256 from attachments
            union all select sha256 from draft_files) returning sha256, bytes is null",
        "delete from blobs b where b.sha256 not in ($1, $2) and b.packing <> 'leaving' and not exists (select 1 from messages m where m.sha256 = b.sha256)
            and not exists (select 1 from outbox o where o.sha256 = b.sha256)
            and not exists (select 1 from attachments a where a.sha256 = b.sha256)
            and not exists (select 1 from draft_files d where d.sha256 = b.sha256) returning b.sha256, b.bytes is null",
    );
    let gone: Vec<(String, bool)> = on!(tx, c => sqlx::query_as(sql).bind(NO_OCTETS).bind(EXPIRED_OCTETS).fetch_all(c).await)?;
    Ok(gone.into_iter().filter(|(_, in_file)| *in_file).map(|(sha256, _)| sha256).collect())
}

impl Store {
    /// Removes what erasures left to be removed, if there is any: files of contents, free pages, the search’s memory of words, the
    /// write-ahead log. Whatever ends it, it is begun again by the next.
    ///
    /// # Errors
    /// When the database or the disk refuses; the data is out of every row all the same.
    pub async fn sweep(&self) -> Result<()> {
        let mut conn = self.read().await?;
        let sql = "select id, unswept from erasures where unswept is not null order by id";
        let left: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
        drop(conn);
        if left.is_empty() {
            return Ok(());
        }
        // Under the lock of a writer: nobody keeps the same content between the look and the removal.
        let mut tx = self.begin().await?;
        for (_, files) in &left {
            let files: Vec<String> = serde_json::from_str(files).unwrap_or_default();
            for sha256 in files {
                keep_file(&mut tx, &ContentHash::parse(&sha256)?, Keeping::Removed).await?;
                let sql = "select count(*) from blobs where sha256 = $1";
                let named: i64 = on!(tx, c => sqlx::query_scalar(sql).bind(&sha256).fetch_one(c).await)?;
                if named == 0 {
                    self.blobs().remove_file(&ContentHash::parse(&sha256)?)?;
                }
            }
        }
        match tx.driver() {
            Driver::Sqlite(c) => c.execute("insert into search (search) values ('optimize')").await.map(|_| ())?,
            Driver::Pg(_) => {}
        }
        tx.commit().await?;
        self.rewrite().await?;
        let mut tx = self.begin().await?;
        for (id, _) in left {
            on!(tx, c => sqlx::query("update erasures set unswept = null where id = $1").bind(id).execute(c).await.map(|_| ()))?;
        }
        tx.commit().await
    }

    /// SQLite writes its file anew, without free pages, and empties the write-ahead log. PostgreSQL gives dead rows free by itself.
    async fn rewrite(&self) -> Result<()> {
        let Db::Sqlite { rw, .. } = &self.db else { return Ok(()) };
        let mut conn = rw.acquire().await?;
        conn.execute("pragma secure_delete = off").await?;
        conn.execute("vacuum").await?;
        let (busy, _, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(&mut *conn).await?;
        if busy == 0 {
            return Ok(());
        }
        let reading = std::io::Error::new(std::io::ErrorKind::ResourceBusy, "somebody still reads the database as it was before");
        Err(StoreError::File { path: self.folder.clone(), why: reading })
    }
}
