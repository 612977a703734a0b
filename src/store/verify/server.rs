//! What the ledger says of a folder, for whoever holds it against what the server lists.

use jiff::Timestamp;

use crate::{
    desk::{id::MailboxId, message::MessageId},
    store::{Conn, Result, mailboxes::MailboxState, mailboxes::state, ms, on},
};

/// A mailbox by its name in the configuration, as far as it was ever watched.
///
/// # Errors
/// When the database refuses.
pub async fn watched(conn: &mut Conn, name: &str) -> Result<Option<(MailboxId, MailboxState)>> {
    let id: Option<i64> =
        on!(conn, c => sqlx::query_scalar("select id from mailboxes where name = $1").bind(name).fetch_optional(c).await)?;
    Ok(match id.map(MailboxId) {
        Some(id) => Some((id, state(conn, id).await?)),
        None => None,
    })
}

/// Whether a message of this content is in the ledger (`mail/content_key.rs`).
///
/// # Errors
/// When the database refuses.
pub async fn has_content(conn: &mut Conn, key: &str) -> Result<bool> {
    let n: i64 = on!(conn, c => sqlx::query_scalar("select count(*) from messages where content_key = $1").bind(key).fetch_one(c).await)?;
    Ok(n > 0)
}

/// Whether a message that says it is this one is in the ledger.
///
/// # Errors
/// When the database refuses.
pub async fn has_message_id(conn: &mut Conn, id: &MessageId) -> Result<bool> {
    let sql = "select count(*) from messages where message_id = $1";
    let n: i64 = on!(conn, c => sqlx::query_scalar(sql).bind(id.as_str()).fetch_one(c).await)?;
    Ok(n > 0)
}

/// The UIDs whose message was decided before a moment and which are still to be filed on the server, ascending.
///
/// # Errors
/// When the database refuses.
pub async fn not_filed(conn: &mut Conn, mailbox: MailboxId, uid_validity: u32, decided_before: Timestamp) -> Result<Vec<u32>> {
    let sql = "select s.uid from sightings s join messages m on m.id = s.message
        where s.mailbox = $1 and s.uid_validity = $2 and s.filing = 'due' and m.state = 'decided' and m.decided_at < $3 order by s.uid";
    let rows: Vec<i64> = on!(conn, c => sqlx::query_scalar(sql)
        .bind(mailbox.0).bind(i64::from(uid_validity)).bind(ms(decided_before)).fetch_all(c).await)?;
    Ok(rows.into_iter().filter_map(|it| u32::try_from(it).ok()).collect())
}
