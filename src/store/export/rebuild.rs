//! What is derived from rows that came by an export: the words that the search finds, the counters that ids are given from.

use super::{Result, schema, tables::EXPORTED};
use crate::{
    desk::id::TicketNumber,
    store::{Tx, comments, later::NewWords, ms, on, search},
};

/// So many at once.
const AT_ONCE: i64 = 200;

/// The index of everything that was said, and of every subject.
pub(super) async fn search(tx: &mut Tx) -> Result<()> {
    let mut last = 0_i64;
    loop {
        let sql = "select id, ticket, visibility, body from comments where id > $1 and withdrawn_at is null order by id limit $2";
        let some: Vec<(i64, i64, String, String)> = on!(tx, c => sqlx::query_as(sql).bind(last).bind(AT_ONCE).fetch_all(c).await)?;
        let Some((end, ..)) = some.last() else { break };
        last = *end;
        let row = |(id, ticket, visibility, body): (i64, i64, String, String)| NewWords {
            row: 2 * id,
            words: search::words(&body),
            ticket,
            audience: if visibility == "internal" { "internal" } else { "public" },
        };
        tx.write_words(&some.into_iter().map(row).collect::<Vec<_>>()).await?;
    }
    last = 0;
    loop {
        let sql = "select t.number, t.subject, p.name, p.email from tickets t join people p on p.id = t.requester where t.number > $1 order by t.number limit $2";
        let some: Vec<(i64, String, String, String)> = on!(tx, c => sqlx::query_as(sql).bind(last).bind(AT_ONCE).fetch_all(c).await)?;
        let Some((end, ..)) = some.last() else { return Ok(()) };
        last = *end;
        let row = |(number, subject, name, email): (i64, String, String, String)| NewWords {
            row: 2 * number + 1,
            words: search::words(&format!("{subject}\n{name}\n{email}")),
            ticket: number,
            audience: "public",
        };
        tx.write_words(&some.into_iter().map(row).collect::<Vec<_>>()).await?;
    }
}

/// Since when it is whose turn, of tickets in whose lines it was left out.
pub(super) async fn turns(tx: &mut Tx) -> Result<()> {
    let without: Vec<i64> = on!(tx, c => sqlx::query_scalar("select number from tickets where turn_at = 0").fetch_all(c).await)?;
    for number in without {
        let (_, since) = comments::turn(tx, TicketNumber(number), comments::Order::TakenIn).await?;
        let sql = "update tickets set turn_at = coalesce($2, opened_at) where number = $1";
        on!(tx, c => sqlx::query(sql).bind(number).bind(since.map(ms)).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// PostgreSQL’s counters go on from the highest id.
pub(super) async fn counters(tx: &mut Tx) -> Result<()> {
    for table in EXPORTED {
        let Some(column) = schema::counted(tx, table.name).await? else { continue };
        let (table, pair) = (table.name, format!("pg_get_serial_sequence('{}', '{column}')", table.name));
        let sql = format!("select setval({pair}, (select coalesce(max({column}), 0) + 1 from {table}), false)");
        on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}
