//! The desk as it is at one moment, line by line.

use std::io::Write;

use data_encoding::BASE64;
use futures_util::TryStreamExt as _;
use serde_json::{Map, Value, json};
use sqlx::Row as _;

use super::{
    BEGINS, CONTENT, Counts, END, FORMAT, Result,
    schema::{self, Column, Holds},
    tables::{EXPORTED, Table},
};
use crate::store::{
    Conn, Store, StoreError,
    backup::Hashing,
    blobs::{ContentHash, EXPIRED_OCTETS},
    on,
};

/// So many contents are looked up at once; one is held in memory at a time.
const AT_ONCE: i64 = 200;

/// Whether people's passwords go along, as Argon2id hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passwords {
    /// They do: whoever reads the export into a new desk signs in as before.
    GoAlong,
    /// They stay: for an export that others are given.
    Stay,
}

/// Writes everything. The same desk gives the same octets, on whichever database.
///
/// # Errors
/// When the database refuses, a content is missing or damaged, or the lines cannot be written.
pub async fn write(store: &Store, passwords: Passwords, to: impl Write) -> Result<Counts> {
    let mut then = store.snapshot().await?;
    let mut lines = Lines { to: Hashing::new(to), counts: Counts::new(), n: 0 };
    let next_ticket = next_ticket(&mut then).await?;
    writeln!(lines.to, "{BEGINS}{FORMAT},\"maildesk\":{},\"next_ticket\":{next_ticket}}}", json!(env!("CARGO_PKG_VERSION")))?;
    contents(store, &mut then, &mut lines).await?;
    for table in EXPORTED {
        rows(&mut then, table, passwords, &mut lines).await?;
    }
    let (sha256, n) = (lines.to.sha256(), lines.n);
    writeln!(lines.to, "{}", json!({ END: { "lines": n, "sha256": sha256 } }))?;
    lines.to.flush()?;
    Ok(lines.counts)
}

struct Lines<W: Write> {
    to: Hashing<W>,
    counts: Counts,
    n: u64,
}

impl<W: Write> Lines<W> {
    fn line(&mut self, kind: &'static str, row: Map<String, Value>) -> Result<()> {
        let line = Value::Object(Map::from_iter([(kind.to_owned(), Value::Object(row))]));
        serde_json::to_writer(&mut self.to, &line).map_err(std::io::Error::from)?;
        self.to.write_all(b"\n")?;
        *self.counts.entry(kind.to_owned()).or_default() += 1;
        self.n += 1;
        Ok(())
    }
}

/// The number that the next ticket gets: beyond the highest, where tickets were given numbers that are on none.
async fn next_ticket(conn: &mut Conn) -> Result<i64> {
    let sql = conn.pick(
        "select coalesce((select seq from sqlite_sequence where name = 'tickets'), 0)",
        "select coalesce(pg_sequence_last_value(cast(pg_get_serial_sequence('tickets', 'number') as regclass)), 0)",
    );
    let last: i64 = on!(conn, c => sqlx::query_scalar(sql).fetch_one(c).await)?;
    Ok(last + 1)
}

async fn contents<W: Write>(store: &Store, conn: &mut Conn, lines: &mut Lines<W>) -> Result<()> {
    // The first two of all hashes are those of what was erased and of what expired: each desk has them.
    let mut last = EXPIRED_OCTETS.to_owned();
    loop {
        let sql = conn.pick(
            "select sha256, stored_at from blobs where sha256 > $1 and packing not in ('gone', 'leaving') order by sha256 limit $2",
            "select sha256, stored_at from blobs where sha256 collate \"C\" > $1 and packing not in ('gone', 'leaving') order by sha256 collate \"C\" limit $2",
        );
        let some: Vec<(String, i64)> = on!(conn, c => sqlx::query_as(sql).bind(&last).bind(AT_ONCE).fetch_all(c).await)?;
        let Some((end, _)) = some.last() else { return Ok(()) };
        last.clone_from(end);
        for (sha256, stored_at) in some {
            let missing = || StoreError::Content { sha256: sha256.clone(), what: "missing" };
            let octets = store.blobs().get(conn, &ContentHash::parse(&sha256)?).await?.ok_or_else(missing)?;
            let base64 = BASE64.encode(&octets);
            drop(octets);
            let row = [("base64", Value::String(base64)), ("sha256", Value::String(sha256)), ("stored_at", stored_at.into())];
            lines.line(CONTENT, row.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())?;
        }
    }
}

async fn rows<W: Write>(conn: &mut Conn, table: &Table, passwords: Passwords, lines: &mut Lines<W>) -> Result<()> {
    let stays = |name: &str| passwords == Passwords::Stay && table.name == "people" && name == "password_hash";
    let all = schema::columns(conn, table.name).await?;
    let goes = |it: &Column| !table.without.iter().any(|(name, _)| *name == it.name) && !stays(&it.name);
    let columns: Vec<Column> = all.into_iter().filter(goes).collect();
    let names: Vec<&str> = columns.iter().map(|it| it.name.as_str()).collect();
    let sql = format!("select {} from {} order by {}", quoted(&names), table.name, table.order);
    on!(conn, c => {
        let mut rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch(c);
        while let Some(row) = rows.try_next().await? {
            let mut line = Map::new();
            for (at, column) in columns.iter().enumerate() {
                let value = match column.holds {
                    Holds::Whole => row.try_get::<Option<i64>, _>(at)?.map_or(Value::Null, Value::from),
                    Holds::Text | Holds::Other => row.try_get::<Option<String>, _>(at)?.map_or(Value::Null, Value::from),
                };
                line.insert(column.name.clone(), value);
            }
            lines.line(table.line, line)?;
        }
    });
    Ok(())
}

/// Names of columns, none of which is taken for a word of SQL.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(", ")
}
