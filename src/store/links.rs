//! Rows of `links`: invitations and the like, each of one use.

use jiff::Timestamp;

use crate::{
    desk::{address::EmailAddress, id::PersonId},
    store::{Conn, Result, StoreError, Tx, at, ms, on},
};

/// A link as it is kept: without its token.
#[derive(Clone, Debug)]
pub struct Link {
    /// `invitation`, `reset`, …: the words of `auth/link.rs`.
    pub purpose: String,
    /// For whom alone.
    pub person: PersonId,
    /// What it makes their address; none: it is for something else.
    pub address: Option<EmailAddress>,
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
    let sql = "select purpose, person, address, expires_at, used_at from links where token_hash = $1";
    type Row = (String, i64, Option<String>, i64, Option<i64>);
    let row: Option<Row> = on!(conn, c => sqlx::query_as(sql).bind(token_hash).fetch_optional(c).await)?;
    let Some((purpose, person, address, expires_at, used_at)) = row else { return Ok(None) };
    let unreadable = |value: String| StoreError::Unreadable { table: "links", column: "address", value };
    Ok(Some(Link {
        purpose,
        person: PersonId(person),
        address: address.map(|it| it.parse().map_err(|_| unreadable(it))).transpose()?,
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
    let sql = "insert into links (token_hash, purpose, person, expires_at, address) values ($1, $2, $3, $4, $5)";
    on!(tx, c => sqlx::query(sql)
        .bind(token_hash).bind(&link.purpose).bind(link.person.0).bind(ms(link.expires_at)).bind(link.address.as_ref().map(EmailAddress::folded))
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

/// Whatever was mailed to somebody opens nothing any more, but for the link with this hash.
///
/// # Errors
/// When the database refuses.
pub async fn forget_others(tx: &mut Tx, person: PersonId, but: &str) -> Result<()> {
    let sql = "delete from links where person = $1 and token_hash <> $2";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(but).execute(c).await.map(|_| ()))?;
    Ok(())
}
