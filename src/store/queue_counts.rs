//! How many tickets each queue holds, and what else the navigation counts: never by counting tickets.

use crate::{
    desk::{
        id::PersonId,
        permission::Scope,
        ticket::{Status, Turn},
    },
    store::{Conn, Result, on, word},
};

/// How many tickets each queue of a person holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Active, and nobody has them.
    pub unassigned: i64,
    /// Active, and the person has them.
    pub mine: i64,
    /// Active.
    pub open: i64,
    /// Active, and the customer's turn.
    pub waiting: i64,
    /// Thought to be done.
    pub resolved: i64,
}

/// What is counted for `me` within their scope; a customer's scope counts nothing.
///
/// # Errors
/// When the database refuses.
pub async fn counts(conn: &mut Conn, scope: Scope, me: PersonId) -> Result<Counts> {
    let sql = "select status, turn, assignee, n from queue_counts where n > 0";
    let rows: Vec<(String, String, i64, i64)> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    let mut counts = Counts::default();
    for (status, turn, assignee, n) in rows {
        let in_scope = match scope {
            Scope::All => true,
            Scope::OwnAndUnassigned(who) => assignee == 0 || assignee == who.0,
            Scope::Own(who) => assignee == who.0,
            Scope::TakesPart(_) => false,
        };
        if !in_scope {
            continue;
        }
        match word("queue_counts", "status", &status, Status::parse)? {
            Status::Open | Status::InProgress => {
                counts.open += n;
                counts.unassigned += if assignee == 0 { n } else { 0 };
                counts.mine += if assignee == me.0 { n } else { 0 };
                counts.waiting += if turn == Turn::Customer.as_str() { n } else { 0 };
            }
            Status::Resolved => counts.resolved += n,
            // Those that were merged into another are among them, and in no list.
            Status::Closed => {}
        }
    }
    Ok(counts)
}

/// Messages that wait for a person, counted up to 1,000.
///
/// # Errors
/// When the database refuses.
pub async fn held_count(conn: &mut Conn) -> Result<i64> {
    let sql = "select count(*) from (select id from messages where held = 'waiting' limit 1000) held";
    Ok(on!(conn, c => sqlx::query_scalar(sql).fetch_one(c).await)?)
}
