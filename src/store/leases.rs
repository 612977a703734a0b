//! Rows of `fetch_leases`: which instance reads a mailbox. There is one at a time, and what an earlier one still writes fails.

use jiff::Timestamp;

use crate::{
    desk::id::{InstanceId, MailboxId},
    store::{Conn, Result, StoreError, Tx, ms, on},
};

/// The right to read one mailbox, as it was granted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// Which.
    pub mailbox: MailboxId,
    /// To whom.
    pub instance: InstanceId,
    /// Higher than at every grant before.
    pub number: i64,
}

/// Whether no other instance reads a mailbox.
///
/// # Errors
/// When the database refuses.
pub async fn is_free(conn: &mut Conn, mailbox: MailboxId, instance: InstanceId) -> Result<bool> {
    let sql = "select count(*) from fetch_leases where mailbox = $1 and instance is not null and instance <> $2";
    let held: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).bind(instance.0).fetch_one(c).await)?;
    Ok(held == 0)
}

/// The mailboxes whose server has not answered what is new since somebody began to read them, or that nobody reads. A lease that was
/// granted later than `now`, by a clock that went wrong, says nothing.
///
/// # Errors
/// When the database refuses.
pub async fn not_looked_into(conn: &mut Conn, now: Timestamp) -> Result<Vec<MailboxId>> {
    let sql = "select m.id from mailboxes m left join fetch_leases l on l.mailbox = m.id
        where l.instance is null or m.checked_at is null or (m.checked_at < l.granted_at and l.granted_at <= $1) order by m.id";
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(ms(now)).fetch_all(c).await)?;
    Ok(rows.into_iter().map(MailboxId).collect())
}

/// The mailboxes that an instance reads.
///
/// # Errors
/// When the database refuses.
pub async fn held_by(conn: &mut Conn, instance: InstanceId) -> Result<Vec<MailboxId>> {
    let sql = "select mailbox from fetch_leases where instance = $1 order by mailbox";
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql).bind(instance.0).fetch_all(c).await)?;
    Ok(rows.into_iter().map(MailboxId).collect())
}

/// Grants a mailbox that no other instance reads; none: somebody was quicker. What the same instance was granted before, and may not
/// have heard of or not have given back, is over.
///
/// # Errors
/// When the database refuses.
pub async fn grant(tx: &mut Tx, mailbox: MailboxId, instance: InstanceId, now: Timestamp) -> Result<Option<Fence>> {
    let sql = "insert into fetch_leases (mailbox, fence, instance, granted_at) values ($1, 1, $2, $3)
        on conflict (mailbox) do update set fence = fetch_leases.fence + 1, instance = excluded.instance, granted_at = excluded.granted_at
            where fetch_leases.instance is null or fetch_leases.instance = excluded.instance
        returning fence";
    let number: Option<i64> = on!(tx, c => sqlx::query_scalar(sql).bind(mailbox.0).bind(instance.0).bind(ms(now)).fetch_optional(c).await)?;
    Ok(number.map(|number| Fence { mailbox, instance, number }))
}

/// Keeps it from being granted to anybody else until the transaction ends.
///
/// # Errors
/// [`StoreError::LeaseLost`] when somebody else reads the mailbox, or may; when the database refuses.
pub async fn hold(tx: &mut Tx, fence: Fence) -> Result<()> {
    const HELD: &str = "select count(*) from fetch_leases where mailbox = $1 and instance = $2 and fence = $3";
    const LOCKED: &str =
        "select count(*) from (select 1 from fetch_leases where mailbox = $1 and instance = $2 and fence = $3 for share) held";
    held(tx, fence, HELD, LOCKED).await
}

/// Whether it is still ours, at this moment.
///
/// # Errors
/// As [`hold`].
pub async fn look(conn: &mut Conn, fence: Fence) -> Result<()> {
    const HELD: &str = "select count(*) from fetch_leases where mailbox = $1 and instance = $2 and fence = $3";
    held(conn, fence, HELD, HELD).await
}

async fn held(conn: &mut Conn, fence: Fence, sqlite: &'static str, postgres: &'static str) -> Result<()> {
    let sql = conn.pick(sqlite, postgres);
    let Fence { mailbox, instance, number } = fence;
    let held: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).bind(instance.0).bind(number).fetch_one(c).await)?;
    if held == 0 {
        return Err(StoreError::LeaseLost(mailbox));
    }
    Ok(())
}

/// Gives it back, for the next to take at once; nothing when it was lost before.
///
/// # Errors
/// When the database refuses.
pub async fn give_back(tx: &mut Tx, fence: Fence) -> Result<()> {
    let sql = "update fetch_leases set instance = null where mailbox = $1 and instance = $2 and fence = $3";
    let Fence { mailbox, instance, number } = fence;
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(instance.0).bind(number).execute(c).await.map(|_| ()))?;
    Ok(())
}
