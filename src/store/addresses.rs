//! Changing somebody's address. Rows of `former_addresses` say which they had before: mail of then is found by these.

use jiff::Timestamp;

use crate::{
    desk::{address::EmailAddress, id::PersonId, person::Person},
    store::{Conn, Result, Tx, ms, on, search},
};

/// From now on `who` has another address; the one they have is a former one.
///
/// # Errors
/// When the database refuses; a unique rule is hit when somebody has it.
pub async fn change(tx: &mut Tx, who: &Person, to: &EmailAddress, now: Timestamp) -> Result<()> {
    let sql = "update people set email = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(who.id.0).bind(to.folded()).execute(c).await.map(|_| ()))?;
    let sql = "delete from former_addresses where person = $1 and address in ($2, $3)";
    on!(tx, c => sqlx::query(sql).bind(who.id.0).bind(to.folded()).bind(who.email.folded()).execute(c).await.map(|_| ()))?;
    let sql = "insert into former_addresses (person, address, until) values ($1, $2, $3)";
    on!(tx, c => sqlx::query(sql).bind(who.id.0).bind(who.email.folded()).bind(ms(now)).execute(c).await.map(|_| ()))?;
    tx.people_changed();
    search::person_changed(tx, who.id).await
}

/// Which addresses somebody had before, the oldest first; folded.
///
/// # Errors
/// When the database refuses.
pub async fn former(conn: &mut Conn, who: PersonId) -> Result<Vec<String>> {
    let sql = "select address from former_addresses where person = $1 order by id";
    Ok(on!(conn, c => sqlx::query_scalar(sql).bind(who.0).fetch_all(c).await)?)
}
