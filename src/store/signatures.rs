//! What stands below replies, and how somebody wrote last: columns of `people` and `mailboxes`.

use crate::{
    desk::{
        comment::Markup,
        id::{MailboxId, PersonId},
    },
    store::{Conn, Result, Tx, on, word},
};

/// How somebody writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// As they wrote last.
    pub markup: Markup,
    /// With placeholders; empty: what the mailbox says.
    pub signature: String,
}

/// How somebody writes.
///
/// # Errors
/// When the database refuses, or the row is unreadable.
pub async fn habits(conn: &mut Conn, person: PersonId) -> Result<Habits> {
    let sql = "select markup, signature from people where id = $1";
    let row: Option<(String, String)> = on!(conn, c => sqlx::query_as(sql).bind(person.0).fetch_optional(c).await)?;
    let Some((markup, signature)) = row else { return Ok(Habits::default()) };
    Ok(Habits { markup: word("people", "markup", &markup, Markup::parse)?, signature })
}

/// Remembers how somebody wrote.
///
/// # Errors
/// When the database refuses.
pub async fn remember(tx: &mut Tx, person: PersonId, markup: Markup) -> Result<()> {
    let sql = "update people set markup = $2 where id = $1 and markup <> $2";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(markup.as_str()).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What stands below somebody's replies; empty: what the mailbox says.
///
/// # Errors
/// When the database refuses.
pub async fn set_own(tx: &mut Tx, person: PersonId, signature: &str) -> Result<()> {
    let sql = "update people set signature = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(signature).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What stands below replies of a mailbox where whoever writes has nothing of their own.
///
/// # Errors
/// When the database refuses.
pub async fn of_mailbox(conn: &mut Conn, mailbox: MailboxId) -> Result<String> {
    let sql = "select signature from mailboxes where id = $1";
    let found: Option<String> = on!(conn, c => sqlx::query_scalar(sql).bind(mailbox.0).fetch_optional(c).await)?;
    Ok(found.unwrap_or_default())
}

/// Sets that.
///
/// # Errors
/// When the database refuses.
pub async fn set_of_mailbox(tx: &mut Tx, mailbox: MailboxId, signature: &str) -> Result<()> {
    let sql = "update mailboxes set signature = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(mailbox.0).bind(signature).execute(c).await.map(|_| ()))?;
    Ok(())
}
