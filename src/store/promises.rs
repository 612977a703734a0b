//! Rows of `promises`, and what is due on the row of each ticket.

use jiff::Timestamp;

use crate::{
    desk::{
        id::TicketNumber,
        target::{Promise, Running},
    },
    store::{Conn, Result, Tx, at, ms, on, word},
};

/// On the row of a ticket on which nothing is due: the end of 9999, which every due time sorts before.
pub const NEVER: i64 = 253_402_300_799_999;

/// Rows in one statement.
const AT_ONCE: usize = 500;

/// Who is told of what is over already when a promise comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// Nobody of a promise that is new and was never to be kept; of one that stood before, whoever is to be.
    OfNewOnes,
    /// Nobody: what is promised changed, and not what somebody did.
    OfAll,
}

/// Writes what runs on each of these tickets, and what is due next on its row. What runs there no more stands still: who was told of it
/// is kept.
///
/// # Errors
/// When the database refuses.
pub async fn keep(tx: &mut Tx, tickets: &[(TicketNumber, Vec<Running>)], now: Timestamp, past: Past) -> Result<()> {
    for some in tickets.chunks(AT_ONCE) {
        let numbers: Vec<String> = some.iter().map(|(number, _)| number.to_string()).collect();
        let sql =
            format!("update promises set soon_at = null, due_at = null where ticket in ({}) and due_at is not null", numbers.join(", "));
        on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await.map(|_| ()))?;
        let rows: Vec<(TicketNumber, &Running)> = some.iter().flat_map(|(number, all)| all.iter().map(|it| (*number, it))).collect();
        if !rows.is_empty() {
            write(tx, &rows, now, past).await?;
        }
        due_next(tx, some).await?;
    }
    Ok(())
}

async fn write(tx: &mut Tx, rows: &[(TicketNumber, &Running)], now: Timestamp, past: Past) -> Result<()> {
    let told = |passed: bool| passed.then_some(ms(now));
    let before = match past {
        Past::OfNewOnes => "case when promises.since = excluded.since then promises.{} else excluded.{} end",
        Past::OfAll => "coalesce(case when promises.since = excluded.since then promises.{} end, excluded.{})",
    };
    on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("insert into promises (ticket, promise, since, soon_at, due_at, warned_at, missed_at) ");
        sql.push_values(rows, |mut row, (number, it)| {
            let missed = it.due_at <= now;
            let warned = match past { Past::OfNewOnes => missed, Past::OfAll => it.soon_at <= now };
            row.push_bind(number.0).push_bind(it.promise.as_str()).push_bind(ms(it.since)).push_bind(ms(it.soon_at)).push_bind(ms(it.due_at));
            row.push_bind(told(warned)).push_bind(told(missed));
        });
        sql.push(" on conflict (ticket, promise) do update set since = excluded.since, soon_at = excluded.soon_at, due_at = excluded.due_at, warned_at = ");
        sql.push(before.replace("{}", "warned_at")).push(", missed_at = ").push(before.replace("{}", "missed_at"));
        sql.build().execute(c).await.map(|_| ())
    })?;
    Ok(())
}

/// Our own integers and words: nothing to escape, and both databases take them as they are.
async fn due_next(tx: &mut Tx, tickets: &[(TicketNumber, Vec<Running>)]) -> Result<()> {
    let value = |(number, running): &(TicketNumber, Vec<Running>)| match running.first() {
        Some(next) => format!("({number}, {}, '{}')", ms(next.due_at), next.promise.as_str()),
        None => format!("({number}, {NEVER}, null)"),
    };
    let values = tickets.iter().map(value).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "with next (number, due_at, due) as (values {values}) update tickets set due_at = next.due_at, due = cast(next.due as text)
        from next where tickets.number = next.number and (tickets.due_at <> next.due_at or coalesce(tickets.due, '') <> coalesce(next.due, ''))"
    );
    on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Lets every clock stand still, and nothing be due anywhere.
///
/// # Errors
/// When the database refuses.
pub async fn forget(tx: &mut Tx) -> Result<()> {
    on!(tx, c => sqlx::query("update promises set soon_at = null, due_at = null").execute(c).await.map(|_| ()))?;
    on!(tx, c => sqlx::query("update tickets set due_at = $1, due = null where due is not null or due_at <> $1").bind(NEVER).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// A promise as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromiseRow {
    /// On which ticket.
    pub ticket: TicketNumber,
    /// Which.
    pub promise: Promise,
    /// When three quarters of its time are over.
    pub soon_at: Timestamp,
    /// When all of it is.
    pub due_at: Timestamp,
    /// Whether that it is soon due was told.
    pub warned: bool,
    /// Whether that it was missed was told.
    pub missed: bool,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select ticket, promise, soon_at, due_at, warned_at, missed_at from promises where due_at is not null and soon_at is not null and ", $rest)
    };
}

type Row = (i64, String, i64, i64, Option<i64>, Option<i64>);

fn row((ticket, promise, soon_at, due_at, warned_at, missed_at): Row) -> Result<PromiseRow> {
    Ok(PromiseRow {
        ticket: TicketNumber(ticket),
        promise: word("promises", "promise", &promise, Promise::parse)?,
        soon_at: at(soon_at),
        due_at: at(due_at),
        warned: warned_at.is_some(),
        missed: missed_at.is_some(),
    })
}

/// What runs on a ticket, what is due next first.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn of(conn: &mut Conn, ticket: TicketNumber) -> Result<Vec<PromiseRow>> {
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(select!("ticket = $1 order by due_at, promise")).bind(ticket.0).fetch_all(c).await)?;
    rows.into_iter().map(row).collect()
}

/// What is to be told now and was not: at most `limit`, by tickets.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn to_tell(conn: &mut Conn, now: Timestamp, limit: i64) -> Result<Vec<PromiseRow>> {
    let sql = select!("((soon_at <= $1 and warned_at is null) or (due_at <= $1 and missed_at is null)) order by ticket, promise limit $2");
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).bind(ms(now)).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(row).collect()
}

/// It was told, or need not be: once is enough.
///
/// # Errors
/// When the database refuses.
pub async fn told(tx: &mut Tx, row: &PromiseRow, now: Timestamp) -> Result<()> {
    let sql = "update promises set warned_at = coalesce(warned_at, $3), missed_at = case when due_at <= $3 then coalesce(missed_at, $3) else missed_at end
        where ticket = $1 and promise = $2";
    on!(tx, c => sqlx::query(sql).bind(row.ticket.0).bind(row.promise.as_str()).bind(ms(now)).execute(c).await.map(|_| ()))?;
    Ok(())
}
