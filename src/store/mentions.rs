//! Rows of `mentions`: whom a note names.

use std::collections::BTreeMap;

use crate::{
    desk::{
        id::{CommentId, TicketNumber},
        mention::Mention,
    },
    store::{Conn, Result, Tx, on},
};

/// Keeps whom a note names.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, comment: CommentId, mention: &Mention) -> Result<()> {
    let sql = "insert into mentions (comment, person, handle) values ($1, $2, $3)";
    on!(tx, c => sqlx::query(sql).bind(comment.0).bind(mention.person.0).bind(&mention.handle).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// What the notes of a ticket call those whom they name.
///
/// # Errors
/// When the database refuses.
pub async fn of_ticket(conn: &mut Conn, ticket: TicketNumber) -> Result<BTreeMap<CommentId, Vec<String>>> {
    let sql =
        "select m.comment, m.handle from comments c join mentions m on m.comment = c.id where c.ticket = $1 order by m.comment, m.person";
    let rows: Vec<(i64, String)> = on!(conn, c => sqlx::query_as(sql).bind(ticket.0).fetch_all(c).await)?;
    let mut named: BTreeMap<CommentId, Vec<String>> = BTreeMap::new();
    for (comment, handle) in rows {
        named.entry(CommentId(comment)).or_default().push(handle);
    }
    Ok(named)
}
