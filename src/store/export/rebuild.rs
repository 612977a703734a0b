//! What is derived from rows that came by an export: since when it is whose turn, the counters that ids are given from.

use super::{Result, schema, tables::EXPORTED};
use crate::{
    desk::id::TicketNumber,
    store::{Tx, comments, ms, on},
};

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
