//! An export into an empty desk, in one transaction: all of it, or nothing.

use std::{collections::HashMap, io::BufRead};

use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    BEGINS, CONTENT, Counts, END, ExportError, FORMAT, Result, rebuild,
    schema::{self, Column, Holds},
    tables::{EXPORTED, Table},
    write::quoted,
};
use crate::store::{
    Store, Tx,
    backup::{Hashing, give_numbers_from},
    blobs::ContentHash,
    on, search,
};

/// So many values go into one statement: SQLite takes 32,766, PostgreSQL 65,535.
const MOST_VALUES: usize = 20_000;

/// So many octets of contents are held in memory before they are written.
const MOST_OCTETS: usize = 4_000_000;

/// Reads an export into an empty desk. Nothing of it is ever sent by itself: what had not left is held back for a person, with
/// `why_held_back` for whoever asks. `told` is given the number of lines now and then.
///
/// # Errors
/// [`ExportError`]; then nothing is kept.
pub async fn read(store: &Store, from: impl BufRead, why_held_back: &str, told: impl FnMut(u64)) -> Result<Counts> {
    let mut tx = store.begin().await?;
    must_be_empty(&mut tx).await?;
    let mut reader = Reader { store, batch: Batch::default(), columns: HashMap::new(), later: Vec::new(), counts: Counts::new() };
    let next_ticket = reader.lines(&mut tx, from, told).await?;
    reader.flush(&mut tx).await?;
    for (table, key, column, row, value) in std::mem::take(&mut reader.later) {
        let sql = format!("update {table} set \"{column}\" = $1 where {key} = $2");
        on!(tx, c => sqlx::query(sqlx::AssertSqlSafe(sql)).bind(value).bind(row).execute(c).await.map(|_| ()))?;
    }
    let sql = "update deliveries set held_back = $1 where state in ('waiting', 'delayed', 'unknown')";
    on!(tx, c => sqlx::query(sql).bind(why_held_back).execute(c).await.map(|_| ()))?;
    search::rebuild(&mut tx).await?;
    rebuild::turns(&mut tx).await?;
    rebuild::counters(&mut tx).await?;
    give_numbers_from(&mut tx, next_ticket).await?;
    tx.commit().await?;
    Ok(reader.counts)
}

/// Rows of mailboxes are made at each start; whatever else there is stands in the way.
async fn must_be_empty(tx: &mut Tx) -> Result<()> {
    let mut there = Vec::new();
    for (table, what) in [("people", "people"), ("messages", "messages"), ("tickets", "tickets")] {
        let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        let n: i64 = on!(tx, c => sqlx::query_scalar(sql).fetch_one(c).await)?;
        if n > 0 {
            there.push(format!("{n} {what}"));
        }
    }
    if !there.is_empty() {
        return Err(ExportError::NotEmpty(there.join(", ")));
    }
    on!(tx, c => sqlx::query("delete from mailboxes").execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Rows of one table with the same columns.
#[derive(Default)]
struct Batch {
    table: Option<&'static Table>,
    rows: Vec<Map<String, Value>>,
    contents: Vec<(Vec<u8>, Timestamp)>,
    octets: usize,
}

/// A column of a row that is written when the row that it names is there: table, key, column, the key's value, and its own.
type Later = (&'static str, &'static str, &'static str, i64, i64);

struct Reader<'a> {
    store: &'a Store,
    batch: Batch,
    columns: HashMap<&'static str, Vec<Column>>,
    later: Vec<Later>,
    counts: Counts,
}

impl Reader<'_> {
    /// Takes every line; the number that the next ticket gets.
    async fn lines(&mut self, tx: &mut Tx, mut from: impl BufRead, mut told: impl FnMut(u64)) -> Result<i64> {
        let (mut n, mut next_ticket) = (0_u64, 1);
        let mut passed = Hashing::new(std::io::sink());
        let mut line = Vec::new();
        loop {
            line.clear();
            if from.read_until(b'\n', &mut line)? == 0 {
                return Err(ExportError::CutOff(n));
            }
            n += 1;
            if n % 1000 == 0 {
                told(n);
            }
            let wrong = |why: String| ExportError::Line { line: n, why };
            if n == 1 {
                next_ticket = header(&line).map_err(wrong)?;
            } else {
                let (kind, row) = parse(&line).map_err(wrong)?;
                if kind == END {
                    end(&row, n - 2, &passed.sha256()).map_err(wrong)?;
                    let ended = from.fill_buf()?.is_empty();
                    return if ended {
                        Ok(next_ticket)
                    } else {
                        Err(ExportError::Line { line: n + 1, why: "there is more behind the end".to_owned() })
                    };
                }
                self.take(tx, kind, row)
                    .await
                    .map_err(|error| if let ExportError::Line { why, .. } = error { wrong(why) } else { error })?;
            }
            std::io::Write::write_all(&mut passed, &line)?;
        }
    }

    async fn take(&mut self, tx: &mut Tx, kind: String, row: Map<String, Value>) -> Result<()> {
        let wrong = |why: String| ExportError::Line { line: 0, why };
        if kind == CONTENT {
            if self.batch.table.is_some() {
                self.flush(tx).await?;
            }
            let (octets, at) = content(&row).map_err(wrong)?;
            self.batch.octets += octets.len();
            self.batch.contents.push((octets, at));
            if self.batch.octets > MOST_OCTETS || self.batch.contents.len() >= 500 {
                self.flush(tx).await?;
            }
        } else {
            let table = EXPORTED.iter().find(|it| it.line == kind);
            let table =
                table.ok_or_else(|| wrong(format!("`{kind}` is nothing that this maildesk knows; use the version that wrote it")))?;
            let row = self.fitting(tx, table, row).await?;
            let same = self.batch.table.is_some_and(|it| it.name == table.name)
                && self.batch.rows.first().is_none_or(|it| it.len() == row.len() && it.keys().eq(row.keys()));
            if !same || (self.batch.rows.len() + 1) * row.len() > MOST_VALUES {
                self.flush(tx).await?;
            }
            self.batch.table = Some(table);
            self.batch.rows.push(row);
        }
        *self.counts.entry(kind).or_default() += 1;
        Ok(())
    }

    /// The row with the columns that name later rows put off, every other one held against the table.
    async fn fitting(&mut self, tx: &mut Tx, table: &'static Table, mut row: Map<String, Value>) -> Result<Map<String, Value>> {
        let wrong = |why: String| ExportError::Line { line: 0, why };
        if !self.columns.contains_key(table.name) {
            self.columns.insert(table.name, schema::columns(tx, table.name).await?);
        }
        let columns = &self.columns[table.name];
        for (name, value) in &row {
            let column = columns.iter().find(|it| it.name == *name && !table.without.iter().any(|(without, _)| without == name));
            let fits = match column.map(|it| it.holds) {
                Some(Holds::Whole) => value.is_i64() || value.is_null(),
                Some(Holds::Text) => value.is_string() || value.is_null(),
                Some(Holds::Other) | None => false,
            };
            if !fits {
                return Err(wrong(format!(
                    "`{name}` of a {} is nothing that this maildesk knows; use the version that wrote it",
                    table.line
                )));
            }
        }
        for column in table.later {
            if let (Some(Value::Number(value)), Some(key)) = (row.get(*column), row.get(table.order).and_then(Value::as_i64)) {
                self.later.push((table.name, table.order, column, key, value.as_i64().unwrap_or_default()));
                row.insert((*column).to_owned(), Value::Null);
            }
        }
        Ok(row)
    }

    async fn flush(&mut self, tx: &mut Tx) -> Result<()> {
        let Batch { table, rows, contents, .. } = std::mem::take(&mut self.batch);
        if let Some(table) = table {
            insert(tx, table, &self.columns[table.name], &rows).await?;
        }
        for (octets, at) in contents {
            self.store.blobs().put(tx, &octets, at).await?;
        }
        Ok(())
    }
}

async fn insert(tx: &mut Tx, table: &Table, columns: &[Column], rows: &[Map<String, Value>]) -> Result<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let names: Vec<&str> = first.keys().map(String::as_str).collect();
    let holds: Vec<Holds> =
        names.iter().map(|name| columns.iter().find(|it| it.name == *name).map_or(Holds::Other, |it| it.holds)).collect();
    on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new(format!("insert into {} ({}) ", table.name, quoted(&names)));
        sql.push_values(rows, |mut bound, row| {
            for (name, holds) in names.iter().zip(&holds) {
                let value = row.get(*name);
                match holds {
                    Holds::Whole => bound.push_bind(value.and_then(Value::as_i64)),
                    Holds::Text | Holds::Other => bound.push_bind(value.and_then(Value::as_str)),
                };
            }
        });
        sql.build().execute(c).await.map(|_| ())
    })?;
    Ok(())
}

/// The first line: which format, and the number that the next ticket gets.
fn header(line: &[u8]) -> std::result::Result<i64, String> {
    let not_ours = || format!("this is no export of maildesk: its first line begins with {BEGINS}");
    if !line.starts_with(BEGINS.as_bytes()) {
        return Err(not_ours());
    }
    let header: Value = serde_json::from_slice(line).map_err(|_| not_ours())?;
    let by = header["maildesk"].as_str().unwrap_or_default();
    match (header["maildesk_export"].as_i64(), header["next_ticket"].as_i64()) {
        (Some(format), _) if format > FORMAT => {
            Err(format!("it was exported by maildesk {by}, which is newer than this one; use that version"))
        }
        (Some(_), Some(next_ticket)) if next_ticket > 0 => Ok(next_ticket),
        _ => Err(not_ours()),
    }
}

fn parse(line: &[u8]) -> std::result::Result<(String, Map<String, Value>), String> {
    if line.last() != Some(&b'\n') {
        return Err("it is cut off; nothing was kept".to_owned());
    }
    let value: Map<String, Value> = serde_json::from_slice(line).map_err(|why| format!("it is damaged: {why}"))?;
    match value.into_iter().next() {
        Some((kind, Value::Object(row))) => Ok((kind, row)),
        _ => Err("it is no object in an object".to_owned()),
    }
}

fn content(row: &Map<String, Value>) -> std::result::Result<(Vec<u8>, Timestamp), String> {
    let text = |name: &str| row.get(name).and_then(Value::as_str);
    let (Some(sha256), Some(base64)) = (text("sha256"), text("base64")) else {
        return Err("a content without sha256 or base64".to_owned());
    };
    let octets = BASE64.decode(base64.as_bytes()).map_err(|_| format!("the content {sha256} is damaged"))?;
    if ContentHash::of(&octets).as_str() != sha256 {
        return Err(format!("the content {sha256} is damaged"));
    }
    let stored_at = row.get("stored_at").and_then(Value::as_i64).ok_or_else(|| format!("the content {sha256} has no stored_at"))?;
    Ok((octets, crate::store::at(stored_at)))
}

fn end(row: &Map<String, Value>, lines: u64, sha256: &str) -> std::result::Result<(), String> {
    let fits = row.get("lines").and_then(Value::as_u64) == Some(lines) && row.get("sha256").and_then(Value::as_str) == Some(sha256);
    if fits { Ok(()) } else { Err("the export is not what was written: lines are missing or have changed; nothing was kept".to_owned()) }
}
