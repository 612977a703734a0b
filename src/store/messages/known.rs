//! Which messages the ledger has already, by their content keys.

use std::collections::HashSet;

use crate::store::{Conn, Result, blobs, on};

/// Which of these content keys are of messages that were erased, or whose originals expired: their octets are not kept again.
///
/// # Errors
/// When the database refuses.
pub async fn erased_of(conn: &mut Conn, keys: &[String]) -> Result<HashSet<String>> {
    let found: Vec<String> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("select content_key from messages where sha256 in (");
        sql.push_bind(blobs::NO_OCTETS).push(", ").push_bind(blobs::EXPIRED_OCTETS).push(") and content_key in (");
        let mut listed = sql.separated(", ");
        for key in keys {
            listed.push_bind(key);
        }
        sql.push(")");
        sql.build_query_scalar().fetch_all(c).await
    })?;
    Ok(found.into_iter().collect())
}

/// Which of these content keys the ledger has already.
///
/// # Errors
/// When the database refuses.
pub async fn known_of(conn: &mut Conn, keys: &[&str]) -> Result<HashSet<String>> {
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let found: Vec<String> = on!(conn, c => {
        let mut sql = sqlx::QueryBuilder::new("select content_key from messages where content_key in (");
        let mut listed = sql.separated(", ");
        for key in keys {
            listed.push_bind(*key);
        }
        sql.push(")");
        sql.build_query_scalar().fetch_all(c).await
    })?;
    Ok(found.into_iter().collect())
}

/// The key under which each of these messages is kept, or will be; each is given with those that an older ledger may have it under.
///
/// # Errors
/// When the database refuses.
pub async fn kept_under(conn: &mut Conn, all: Vec<(String, Vec<String>)>) -> Result<Vec<String>> {
    let earlier: Vec<&str> = all.iter().flat_map(|(_, earlier)| earlier).map(String::as_str).collect();
    let known = known_of(conn, &earlier).await?;
    Ok(all.into_iter().map(|(key, earlier)| earlier.into_iter().find(|it| known.contains(it)).unwrap_or(key)).collect())
}
