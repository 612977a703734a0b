//! Rows of `digest_lines`: what waits to be told once a day.

use jiff::Timestamp;

use crate::{
    desk::id::{PersonId, TicketNumber},
    store::{Conn, Result, Tx, at, ms, on},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestLine {
    /// On which ticket.
    pub ticket: TicketNumber,
    /// What, as a sentence without its end.
    pub says: String,
    /// When.
    pub at: Timestamp,
}

/// Keeps a line for somebody.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, person: PersonId, line: &DigestLine) -> Result<()> {
    let sql = "insert into digest_lines (person, ticket, says, at) values ($1, $2, $3, $4)";
    on!(tx, c => sqlx::query(sql).bind(person.0).bind(line.ticket.0).bind(&line.says).bind(ms(line.at)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// For whom something waits, and since when.
///
/// # Errors
/// When the database refuses.
pub async fn waiting(conn: &mut Conn) -> Result<Vec<(PersonId, Timestamp)>> {
    let sql = "select person, min(at) from digest_lines group by person order by person";
    let rows: Vec<(i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(rows.into_iter().map(|(person, since)| (PersonId(person), at(since))).collect())
}

/// Takes away what waits for somebody, and tells it as it happened.
///
/// # Errors
/// When the database refuses.
pub async fn take(tx: &mut Tx, person: PersonId) -> Result<Vec<DigestLine>> {
    let sql = "delete from digest_lines where person = $1 returning id, ticket, says, at";
    let mut rows: Vec<(i64, i64, String, i64)> = on!(tx, c => sqlx::query_as(sql).bind(person.0).fetch_all(c).await)?;
    rows.sort_unstable_by_key(|it| it.0);
    Ok(rows.into_iter().map(|(_, ticket, says, then)| DigestLine { ticket: TicketNumber(ticket), says, at: at(then) }).collect())
}

/// Takes back what somebody was to be told of a ticket, or everybody, that happened at one instant, or ever.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx, ticket: TicketNumber, person: Option<PersonId>, at: Option<Timestamp>) -> Result<()> {
    let sql = "delete from digest_lines where ticket = $1 and ($2 = 0 or person = $2) and ($3 = 0 or at = $3)";
    let (person, at) = (person.map_or(0, |it| it.0), at.map_or(0, ms));
    on!(tx, c => sqlx::query(sql).bind(ticket.0).bind(person).bind(at).execute(c).await.map(|_| ()))?;
    Ok(())
}
