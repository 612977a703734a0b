//! Rows of `rules`: what is done with mail by itself.

use crate::{
    desk::{id::RuleId, rule::Rule},
    store::{Conn, Result, StoreError, Tx, on},
};

/// One rule.
#[derive(Clone, Debug)]
pub struct RuleRow {
    /// Its row.
    pub id: RuleId,
    /// What it is called.
    pub name: String,
    /// Whether it is asked.
    pub on: Switch,
    /// What it says.
    pub rule: Rule,
}

/// Whether a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Switch {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

type Row = (i64, String, String, String);

fn rule((id, name, state, says): Row) -> Result<RuleRow> {
    let rule = serde_json::from_str(&says).map_err(|_| StoreError::Unreadable { table: "rules", column: "says", value: says })?;
    Ok(RuleRow { id: RuleId(id), name, on: if state == "on" { Switch::On } else { Switch::Off }, rule })
}

/// Every rule, in the order in which they are asked.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn all(conn: &mut Conn) -> Result<Vec<RuleRow>> {
    let sql = "select id, name, state, says from rules order by position, id";
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    rows.into_iter().map(rule).collect()
}

/// Those that are switched on.
///
/// # Errors
/// When the database refuses, or a row is unreadable.
pub async fn active(conn: &mut Conn) -> Result<Vec<RuleRow>> {
    let sql = "select id, name, state, says from rules where state = 'on' order by position, id";
    let rows: Vec<Row> = on!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    rows.into_iter().map(rule).collect()
}

/// Adds one behind all others.
///
/// # Errors
/// When the database refuses.
pub async fn insert(tx: &mut Tx, name: &str, rule: &Rule) -> Result<RuleId> {
    let says = serde_json::to_string(rule).unwrap_or_default();
    let sql = "insert into rules (position, name, state, says) select coalesce(max(position), 0) + 1, $1, 'on', $2 from rules returning id";
    Ok(RuleId(on!(tx, c => sqlx::query_scalar(sql).bind(name).bind(says).fetch_one(c).await)?))
}

/// Writes one anew.
///
/// # Errors
/// When the database refuses.
pub async fn update(tx: &mut Tx, id: RuleId, name: &str, rule: &Rule) -> Result<()> {
    let says = serde_json::to_string(rule).unwrap_or_default();
    let sql = "update rules set name = $2, says = $3 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(name).bind(says).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Switches one on or off.
///
/// # Errors
/// When the database refuses.
pub async fn switch(tx: &mut Tx, id: RuleId, to: Switch) -> Result<()> {
    let sql = "update rules set state = $2 where id = $1";
    on!(tx, c => sqlx::query(sql).bind(id.0).bind(to.as_str()).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Takes one away.
///
/// # Errors
/// When the database refuses.
pub async fn delete(tx: &mut Tx, id: RuleId) -> Result<()> {
    on!(tx, c => sqlx::query("delete from rules where id = $1").bind(id.0).execute(c).await.map(|_| ()))?;
    Ok(())
}

/// Has them asked in this order.
///
/// # Errors
/// When the database refuses.
pub async fn order(tx: &mut Tx, ids: &[RuleId]) -> Result<()> {
    for (at, id) in (1_i64..).zip(ids) {
        on!(tx, c => sqlx::query("update rules set position = $2 where id = $1").bind(id.0).bind(at).execute(c).await.map(|_| ()))?;
    }
    Ok(())
}

/// The last messages that opened a ticket or were joined to one, written by customers, whom alone rules are asked about: row, mailbox, content, and whether it opened one.
///
/// # Errors
/// When the database refuses.
pub async fn last_messages(conn: &mut Conn, limit: i64) -> Result<Vec<(i64, i64, String, String)>> {
    let sql =
        "select m.id, m.mailbox, m.sha256, m.decision from messages m where m.decision in ('open-ticket', 'add-comment') and m.size > 0
        and not exists (select 1 from comments c where c.message = m.id and c.origin <> 'customer') order by m.id desc limit $1";
    Ok(on!(conn, c => sqlx::query_as(sql).bind(limit).fetch_all(c).await)?)
}
