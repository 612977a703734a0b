//! Rows of `left_alone`: what lay in a folder before the desk first met it, and is not taken in.
//!
//! Its numbers say so only until the folder is numbered anew; then it is known by size and date, and whatever is not known came since.

use crate::{
    desk::id::MailboxId,
    store::{Conn, Result, Tx, at, ms, on, sightings::Marks},
};

/// Rows of one statement: SQLite takes 32,766 values.
const AT_ONCE: usize = 5000;

/// Notes what was there, instead of what was noted before.
///
/// # Errors
/// When the database refuses.
pub async fn note(tx: &mut Tx, mailbox: MailboxId, uid_validity: u32, all: &[(u32, Marks)]) -> Result<()> {
    on!(tx, c => sqlx::query("delete from left_alone where mailbox = $1").bind(mailbox.0).execute(c).await.map(|_| ()))?;
    for some in all.chunks(AT_ONCE) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into left_alone (mailbox, uid_validity, uid, size, at) ");
            sql.push_values(some, |mut row, (uid, marks)| {
                row.push_bind(mailbox.0).push_bind(i64::from(uid_validity)).push_bind(i64::from(*uid));
                row.push_bind(i64::from(marks.size)).push_bind(marks.at.map(ms));
            });
            sql.build().execute(c).await.map(|_| ())
        })?;
    }
    let sql = "update mailboxes set left_alone_noted = 1 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// The numbers of what was there, ascending, each with how it is listed.
///
/// # Errors
/// When the database refuses.
pub async fn there(conn: &mut Conn, mailbox: MailboxId, uid_validity: u32) -> Result<Vec<(u32, Marks)>> {
    let sql = "select uid, size, at from left_alone where mailbox = $1 and uid_validity = $2 order by uid";
    let rows: Vec<(i64, i64, Option<i64>)> =
        on!(conn, c => sqlx::query_as(sql).bind(mailbox.0).bind(i64::from(uid_validity)).fetch_all(c).await)?;
    let marks = |size: i64, date: Option<i64>| Some(Marks { size: u32::try_from(size).ok()?, at: date.map(at) });
    Ok(rows.into_iter().filter_map(|(uid, size, date)| Some((u32::try_from(uid).ok()?, marks(size, date)?))).collect())
}

/// What was there; none: that was not noted.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn, mailbox: MailboxId) -> Result<Option<Vec<Marks>>> {
    if !is_noted(conn, mailbox).await? {
        return Ok(None);
    }
    let rows: Vec<(i64, Option<i64>)> =
        on!(conn, c => sqlx::query_as("select size, at from left_alone where mailbox = $1").bind(mailbox.0).fetch_all(c).await)?;
    Ok(Some(rows.into_iter().filter_map(|(size, date)| Some(Marks { size: u32::try_from(size).ok()?, at: date.map(at) })).collect()))
}

/// Whether it was noted.
///
/// # Errors
/// When the database refuses.
pub async fn is_noted(conn: &mut Conn, mailbox: MailboxId) -> Result<bool> {
    let sql = "select left_alone_noted from mailboxes where id = $1";
    let noted: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).fetch_one(c).await)?;
    Ok(noted == 1)
}
