//! Rows of `links`: invitations and the like, each of one use.

use jiff::Timestamp;

use crate::{
    desk::id::PersonId,
    store::{Conn, Result, Tx, at, ms, on},
};

/// A link as it is kept: without its token.
#[derive(Clone, Debug)]
pub struct Link {
    /// `invitation` or `reset`: the words of `auth/link.rs`.
    pub purpose: String,
    /// For whom alone.
    pub person: PersonId,
    /// From then on it opens nothing.
    pub expires_at: Timestamp,
    /// When it was used; then it opens nothing.
    pub used_at: Option<Timestamp>,
}

/// By the hash of its token.
///
/// # Errors
/// When the database refuses.
pub async fn get(conn: &mut Conn, token_hash: &str) -> Result<Option<Link>> {
    let sql = "select purpose, person, expires_at, used_at from links where token_hash = $1";
    let row: Option<(String, i64, i64, Option<i64>)> = on!(conn, c => sqlx::query_as(sql).bind(token_hash).fetch_optional(c).await)?;
    Ok(row.map(|(purpose, person, expires_at, used_at)| Link {
        purpose,
        person: PersonId(person),
        expires_at: at(expires_at),
        used_at: used_at.map(at),
    }))
}

/// Keeps a new one; older ones for the same purpose and person open nothing from now on.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, token_hash: &str, link: &Link) -> Result<()> {
    let sql = "delete from links where person = $1 and purpose = $2";
    on!(tx, c => sqlx::query(sql).bind(link.person.0).bind(&link.purpose).execute(c).await.map(|_| ()))?;
    let sql = "insert into links (token_hash, purpose, person, expires_at) values ($1, $2, $3, $4)";
    on!(tx, c => sqlx::query(sql)
        .bind(token_hash).bind(&link.purpose).bind(link.person.0).bind(ms(link.expires_at))
        .execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Uses it up. False: somebody was first.
///
/// # Errors
/// When the database refuses.
pub async fn use_up(tx: &mut Tx, token_hash: &str, now: Timestamp) -> Result<bool> {
    let sql = "update links set used_at = $2 where token_hash = $1 and used_at is null";
    let changed = on!(tx, c => sqlx::query(sql).bind(token_hash).bind(ms(now)).execute(c).await.map(|it| it.rows_affected()))?;
    Ok(changed == 1)
}
