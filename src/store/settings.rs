//! Rows of `settings` and `mailbox_settings`: what was chosen on the web, written as the configuration file writes it.

use crate::{
    desk::id::MailboxId,
    store::{Conn, Result, Tx, on},
};

/// Everything that was chosen for the desk: name and value.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Conn) -> Result<Vec<(String, String)>> {
    Ok(on!(conn, c => sqlx::query_as("select name, value from settings order by id").fetch_all(c).await)?)
}

/// Chooses a value; none: what the configuration file says, or the default.
///
/// # Errors
/// When the database refuses.
pub async fn choose(tx: &mut Tx, name: &str, value: Option<&str>) -> Result<()> {
    on!(tx, c => match value {
        Some(value) => {
            let sql = "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value";
            sqlx::query(sql).bind(name).bind(value).execute(c).await.map(|_| ())
        }
        None => sqlx::query("delete from settings where name = $1").bind(name).execute(c).await.map(|_| ()),
    })?;
    Ok(())
}

/// Everything that was chosen for mailboxes: which, name and value.
///
/// # Errors
/// When the database refuses.
pub async fn of_mailboxes(conn: &mut Conn) -> Result<Vec<(MailboxId, String, String)>> {
    let sql = "select mailbox, name, value from mailbox_settings order by id";
    let rows: Vec<(i64, String, String)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(mailbox, name, value)| (MailboxId(mailbox), name, value)).collect())
}

/// Chooses a value for a mailbox; none: what the configuration file says, or the default.
///
/// # Errors
/// When the database refuses.
pub async fn choose_for(tx: &mut Tx, mailbox: MailboxId, name: &str, value: Option<&str>) -> Result<()> {
    on!(tx, c => match value {
        Some(value) => {
            let sql = "insert into mailbox_settings (mailbox, name, value) values ($1, $2, $3)
                on conflict (mailbox, name) do update set value = excluded.value";
            sqlx::query(sql).bind(mailbox.0).bind(name).bind(value).execute(c).await.map(|_| ())
        }
        None => {
            let sql = "delete from mailbox_settings where mailbox = $1 and name = $2";
            sqlx::query(sql).bind(mailbox.0).bind(name).execute(c).await.map(|_| ())
        }
    })?;
    Ok(())
}

/// Changes with each change of what is set, on whichever instance: each leaves a line in the audit log. PostgreSQL gives ids before it
/// commits, so the newest line alone would not tell of one that was slow.
///
/// # Errors
/// When the database refuses.
pub async fn version(conn: &mut Conn) -> Result<(i64, i64)> {
    let sql =
        "select coalesce(max(id), 0), (select count(*) from audit where id > coalesce((select max(id) from audit), 0) - 64) from audit";
    Ok(on!(conn, c => sqlx::query_as(sql).fetch_one(c).await)?)
}
