//! What a desk still has to do because it came back from a backup, and when that was.

use jiff::Timestamp;

use crate::{
    desk::id::MailboxId,
    store::{Conn, Result, Tx, at, ms, on},
};

/// When the desk last came back from a backup.
///
/// # Errors
/// When the database refuses.
pub async fn last(conn: &mut Conn) -> Result<Option<Timestamp>> {
    last_before(conn, Timestamp::MAX).await
}

/// The same as it was at a moment.
///
/// # Errors
/// When the database refuses.
pub async fn last_before(conn: &mut Conn, moment: Timestamp) -> Result<Option<Timestamp>> {
    let sql = "select max(restored_at) from restores where restored_at <= $1";
    let last: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ms(moment)).fetch_one(c).await)?;
    Ok(last.map(at))
}

/// The last time: of when the backup was, and when it was brought back.
///
/// # Errors
/// When the database refuses.
pub async fn last_time(conn: &mut Conn) -> Result<Option<(Timestamp, Timestamp)>> {
    let sql = "select backup_at, restored_at from restores order by restored_at desc limit 1";
    let last: Option<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_optional(c).await)?;
    Ok(last.map(|(backup_at, restored_at)| (at(backup_at), at(restored_at))))
}

/// Since when mail of a mailbox is missing that was filed on the server; none: nothing is.
///
/// # Errors
/// When the database refuses.
pub async fn look_again_since(conn: &mut Conn, mailbox: MailboxId) -> Result<Option<Timestamp>> {
    let sql = "select look_again_since from mailboxes where id = $1";
    let since: Option<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).fetch_one(c).await)?;
    Ok(since.map(at))
}

/// Everything that was filed there is in the ledger again.
///
/// # Errors
/// When the database refuses.
pub async fn looked_again(tx: &mut Tx, mailbox: MailboxId) -> Result<()> {
    let sql = "update mailboxes set look_again_since = null where id = $1";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).execute(c).await.map(|_| ()))?;
    Ok(())
}
